#include <hawser/base/buffer.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/prefetch.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

namespace hawser {
namespace {

// Classes of 64 B, 128 B … 256 KiB, which takes a full batch; larger buffers go straight to the allocator.
constexpr std::size_t smallest_shift = 6;
constexpr std::uint32_t class_count = 13;
constexpr std::uint32_t unpooled = class_count;
// What one class may keep in reserve, in bytes and in buffers.
constexpr std::size_t kept_bytes_max = 8u << 20;
constexpr std::size_t kept_buffers_max = 32'768;

std::uint32_t class_of(std::size_t bytes) noexcept {
  if (bytes <= (std::size_t{1} << smallest_shift)) return 0;
  const auto index = static_cast<std::uint32_t>(std::bit_width(bytes - 1)) - smallest_shift;
  return index < class_count ? static_cast<std::uint32_t>(index) : unpooled;
}

class SpinLock {
 public:
  void lock() noexcept {
    while (flag_.test_and_set(std::memory_order_acquire)) {
      while (flag_.test(std::memory_order_relaxed)) {
      }
    }
  }
  void unlock() noexcept { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag flag_;
};

// Free buffers of one class, as a thread hands them on.
struct Magazine {
  static constexpr std::uint32_t rounds_max = 62;

  bool empty() const noexcept { return count == 0; }
  bool full() const noexcept { return count == rounds_max; }

  Magazine* next = nullptr;  // on the shelf
  std::uint32_t count = 0;
  std::array<Buffer*, rounds_max> rounds;
};

}  // namespace

// Process wide and never destroyed: buffers outlive nodes, and handlers of other threads may drop the last reference.
//
// Small buffers are taken on one thread and come back on another, by the million: each thread keeps a few at hand, and
// hands them on in magazines (Bonwick and Adams, 2001), so that nobody has to read a buffer to find the next, which was
// last touched by another processor. Larger ones are rare enough to be taken one by one.
class BufferPool {
 public:
  static BufferPool& instance() {
    static auto* pool = new BufferPool;
    return *pool;
  }

  Buffer* take(std::size_t bytes) {
    const std::uint32_t index = class_of(bytes);
    if (index == unpooled) {
      unpooled_held_.fetch_add(1, std::memory_order_relaxed);
      return fresh(bytes, bytes, unpooled);
    }
    Buffer* buffer = index < at_hand_classes ? take_at_hand(index) : take_shelved(index);
    if (buffer == nullptr) return fresh(bytes, std::size_t{1} << (smallest_shift + index), index);
    buffer->references_.store(1, std::memory_order_relaxed);
    buffer->size_ = bytes;
    return buffer;
  }

  void give_back(Buffer* buffer) noexcept {
    const std::uint32_t index = buffer->size_class_;
    if (index == unpooled) {
      unpooled_held_.fetch_sub(1, std::memory_order_relaxed);
      destroy(buffer);
    } else if (index < at_hand_classes) {
      give_at_hand(buffer, index);
    } else {
      give_shelved(buffer, index);
    }
  }

  std::size_t held() noexcept {
    std::int64_t sum = static_cast<std::int64_t>(unpooled_held_.load(std::memory_order_relaxed));
    for (Class& shelf : classes_) {
      const std::lock_guard lock{shelf.lock};
      sum += shelf.held;
    }
    const std::lock_guard lock{threads_lock_};
    for (const AtHand* each = threads_; each != nullptr; each = each->next) {
      sum += each->held.load(std::memory_order_relaxed);
    }
    return static_cast<std::size_t>(sum + retired_held_);
  }

 private:
  // So many buffers before its turn, one is asked for from the processor that gave it back.
  static constexpr std::uint32_t fetched_ahead = 4;
  static constexpr std::uint32_t at_hand_classes = 6;  // 64 B … 2 KiB

  struct alignas(64) Class {
    SpinLock lock;
    Magazine* loaded = nullptr;
    Magazine* spent = nullptr;
    Buffer* free = nullptr;  // of the larger ones; linked through their bytes
    std::size_t kept = 0;
    std::int64_t held = 0;
  };
  // What one thread keeps.
  struct AtHand {
    struct Stock {
      Magazine* active = nullptr;
      Magazine* spare = nullptr;
    };
    std::array<Stock, at_hand_classes> stocks;
    // Taken here less given back here; the sum over all threads is what is held. Written by the thread alone.
    std::atomic<std::int64_t> held{0};
    AtHand* next = nullptr;
    AtHand* previous = nullptr;
  };
  // Ends what a thread keeps with the thread.
  struct Leave {
    ~Leave() {
      instance().retire(std::exchange(at_hand_, nullptr));
      left_ = true;
    }
  };

  static Buffer* fresh(std::size_t bytes, std::size_t capacity, std::uint32_t index) {
    auto* buffer = ::new (::operator new(sizeof(Buffer) + capacity)) Buffer;
    buffer->size_class_ = index;
    buffer->size_ = bytes;
    buffer->capacity_ = capacity;
    return buffer;
  }
  static void destroy(Buffer* buffer) noexcept {
    buffer->~Buffer();
    ::operator delete(static_cast<void*>(buffer));
  }

  // Null once the thread is about to end: the destructors of its other variables may still drop buffers.
  AtHand* at_hand() noexcept {
    if (at_hand_ == nullptr && !left_) [[unlikely]]
      enter();
    return at_hand_;
  }
  void enter() noexcept {
    static thread_local const Leave leave;
    (void)leave;
    at_hand_ = new (std::nothrow) AtHand;
    if (at_hand_ == nullptr) return;
    const std::lock_guard lock{threads_lock_};
    at_hand_->next = threads_;
    if (threads_ != nullptr) threads_->previous = at_hand_;
    threads_ = at_hand_;
  }
  void retire(AtHand* gone) noexcept {
    if (gone == nullptr) return;
    for (std::uint32_t i = 0; i < at_hand_classes; ++i) {
      shelve(gone->stocks[i].active, i);
      shelve(gone->stocks[i].spare, i);
    }
    const std::lock_guard lock{threads_lock_};
    retired_held_ += gone->held.load(std::memory_order_relaxed);
    (gone->previous != nullptr ? gone->previous->next : threads_) = gone->next;
    if (gone->next != nullptr) gone->next->previous = gone->previous;
    delete gone;
  }

  Buffer* take_at_hand(std::uint32_t index) noexcept {
    AtHand* const own = at_hand();
    if (own == nullptr) return take_loose(index);
    count(*own, 1);
    AtHand::Stock& stock = own->stocks[index];
    if (stock.active == nullptr || stock.active->empty()) [[unlikely]] {
      if (!reload(stock, index)) return nullptr;
    }
    Magazine& from = *stock.active;
    if (--from.count >= fetched_ahead) fetch(from.rounds[from.count - fetched_ahead]);
    return from.rounds[from.count];
  }

  void give_at_hand(Buffer* buffer, std::uint32_t index) noexcept {
    AtHand* const own = at_hand();
    if (own == nullptr) {
      give_loose(buffer, index);
      return;
    }
    count(*own, -1);
    AtHand::Stock& stock = own->stocks[index];
    if (stock.active == nullptr || stock.active->full()) [[unlikely]] {
      if (!make_place(stock, index)) {
        destroy(buffer);
        return;
      }
    }
    stock.active->rounds[stock.active->count++] = buffer;
  }

  static void count(AtHand& own, std::int64_t change) noexcept {
    own.held.store(own.held.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
  // Its head and the first of its bytes.
  static void fetch(const Buffer* buffer) noexcept {
    prefetch_write(buffer);
    prefetch_write(reinterpret_cast<const std::byte*>(buffer) + 64);
  }

  // The active magazine is spent: another one, if there is any.
  bool reload(AtHand::Stock& stock, std::uint32_t index) noexcept {
    std::swap(stock.active, stock.spare);
    if (stock.active == nullptr || stock.active->empty()) {
      Magazine* const loaded = unshelve(index);
      if (loaded == nullptr) return false;
      shelve(std::exchange(stock.active, loaded), index);
    }
    const std::uint32_t last = stock.active->count;
    for (std::uint32_t i = 1; i <= std::min(last, fetched_ahead); ++i) fetch(stock.active->rounds[last - i]);
    return true;
  }

  // The active magazine is full: one with a place. False when there is no memory for any.
  bool make_place(AtHand::Stock& stock, std::uint32_t index) noexcept {
    std::swap(stock.active, stock.spare);
    if (stock.active != nullptr && !stock.active->full()) return true;
    shelve(std::exchange(stock.active, nullptr), index);
    stock.active = take_spent(index);
    return stock.active != nullptr;
  }

  // On a thread that is about to end.
  Buffer* take_loose(std::uint32_t index) noexcept {
    Class& shelf = classes_[index];
    const std::lock_guard lock{shelf.lock};
    ++shelf.held;
    if (shelf.loaded == nullptr) return nullptr;
    Magazine& from = *shelf.loaded;
    --shelf.kept;
    Buffer* const buffer = from.rounds[--from.count];
    if (from.empty()) push(shelf.spent, *pop(shelf.loaded));
    return buffer;
  }
  void give_loose(Buffer* buffer, std::uint32_t index) noexcept {
    Class& shelf = classes_[index];
    {
      const std::lock_guard lock{shelf.lock};
      --shelf.held;
    }
    destroy(buffer);
  }

  static void push(Magazine*& list, Magazine& magazine) noexcept { magazine.next = std::exchange(list, &magazine); }
  // REQUIRES: there is one.
  static Magazine* pop(Magazine*& list) noexcept { return std::exchange(list, list->next); }

  Magazine* unshelve(std::uint32_t index) noexcept {
    Class& shelf = classes_[index];
    const std::lock_guard lock{shelf.lock};
    if (shelf.loaded == nullptr) return nullptr;
    shelf.kept -= shelf.loaded->count;
    return pop(shelf.loaded);
  }

  Magazine* take_spent(std::uint32_t index) noexcept {
    Class& shelf = classes_[index];
    {
      const std::lock_guard lock{shelf.lock};
      if (shelf.spent != nullptr) return pop(shelf.spent);
    }
    return new (std::nothrow) Magazine;
  }

  // With all that is in it, unless more would be kept than may be.
  void shelve(Magazine* magazine, std::uint32_t index) noexcept {
    if (magazine == nullptr) return;
    Class& shelf = classes_[index];
    const std::size_t capacity = std::size_t{1} << (smallest_shift + index);
    {
      const std::lock_guard lock{shelf.lock};
      const std::size_t kept = shelf.kept + magazine->count;
      if (kept <= kept_buffers_max && kept * capacity <= kept_bytes_max) {
        shelf.kept = kept;
        push(magazine->empty() ? shelf.spent : shelf.loaded, *magazine);
        return;
      }
    }
    for (std::uint32_t i = 0; i < magazine->count; ++i) destroy(magazine->rounds[i]);
    delete magazine;
  }

  Buffer* take_shelved(std::uint32_t index) noexcept {
    Class& shelf = classes_[index];
    const std::lock_guard lock{shelf.lock};
    ++shelf.held;
    Buffer* const buffer = shelf.free;
    if (buffer == nullptr) return nullptr;
    std::memcpy(&shelf.free, buffer->data(), sizeof shelf.free);
    --shelf.kept;
    return buffer;
  }

  void give_shelved(Buffer* buffer, std::uint32_t index) noexcept {
    Class& shelf = classes_[index];
    {
      const std::lock_guard lock{shelf.lock};
      --shelf.held;
      if (shelf.kept < kept_buffers_max && shelf.kept * buffer->capacity_ < kept_bytes_max) {
        std::memcpy(buffer->data(), &shelf.free, sizeof shelf.free);
        shelf.free = buffer;
        ++shelf.kept;
        return;
      }
    }
    destroy(buffer);
  }

  static inline constinit thread_local AtHand* at_hand_ = nullptr;
  static inline constinit thread_local bool left_ = false;

  std::array<Class, class_count> classes_;
  std::atomic<std::size_t> unpooled_held_{0};
  SpinLock threads_lock_;
  AtHand* threads_ = nullptr;
  std::int64_t retired_held_ = 0;
};

BufferRef Buffer::make(std::size_t bytes) { return BufferRef{BufferPool::instance().take(bytes)}; }

std::size_t Buffer::held() noexcept { return BufferPool::instance().held(); }

BufferRef Buffer::copy(std::span<const std::byte> bytes) {
  BufferRef buffer = make(bytes.size());
  if (!bytes.empty()) std::memcpy(buffer->data(), bytes.data(), bytes.size());
  return buffer;
}

void Buffer::resize(std::size_t bytes) noexcept {
  HAWSER_ASSERT(bytes <= capacity_, "a buffer grows only within its capacity");
  size_ = bytes;
}

void BufferRef::recycle(Buffer* buffer) noexcept { BufferPool::instance().give_back(buffer); }

}  // namespace hawser
