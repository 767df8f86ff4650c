#include <hawser/base/buffer.hpp>

#include <hawser/base/assert.hpp>

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

// Free buffers of one class, linked. On a shelf the first one says how many they are, and which chain is the next.
struct Chain {
  Buffer* first = nullptr;
  std::uint32_t count = 0;
};

}  // namespace

// Process wide and never destroyed: buffers outlive nodes, and handlers of other threads may drop the last reference.
//
// Small buffers are taken on one thread and come back on another, by the million: each thread keeps a few at hand, and
// hands them on in chains. Larger ones are rare enough to be taken one by one.
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
  static constexpr std::uint32_t chain_max = 32;
  static constexpr std::uint32_t at_hand_classes = 6;  // 64 B … 2 KiB

  struct alignas(64) Class {
    SpinLock lock;
    Buffer* free = nullptr;  // at hand: of chains; else of buffers
    std::size_t kept = 0;
    std::int64_t held = 0;
  };
  // What one thread keeps.
  struct AtHand {
    struct Stock {
      Chain active;
      Chain spare;  // full or empty
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
      shelve(std::exchange(gone->stocks[i].active, {}), i, 0);
      shelve(std::exchange(gone->stocks[i].spare, {}), i, 0);
    }
    const std::lock_guard lock{threads_lock_};
    retired_held_ += gone->held.load(std::memory_order_relaxed);
    (gone->previous != nullptr ? gone->previous->next : threads_) = gone->next;
    if (gone->next != nullptr) gone->next->previous = gone->previous;
    delete gone;
  }

  Buffer* take_at_hand(std::uint32_t index) noexcept {
    AtHand* const own = at_hand();
    if (own == nullptr) return from_chain(index);
    count(*own, 1);
    AtHand::Stock& stock = own->stocks[index];
    if (stock.active.first == nullptr) {
      stock.active = stock.spare.first != nullptr ? std::exchange(stock.spare, {}) : unshelve(index, 0);
      if (stock.active.first == nullptr) return nullptr;
    }
    return pop(stock.active);
  }

  void give_at_hand(Buffer* buffer, std::uint32_t index) noexcept {
    AtHand* const own = at_hand();
    if (own == nullptr) {
      Chain one;
      push(one, buffer);
      shelve(one, index, -1);
      return;
    }
    count(*own, -1);
    AtHand::Stock& stock = own->stocks[index];
    if (stock.active.count == chain_max) {
      if (stock.spare.first != nullptr) shelve(stock.spare, index, 0);
      stock.spare = std::exchange(stock.active, {});
    }
    push(stock.active, buffer);
  }

  static void count(AtHand& own, std::int64_t change) noexcept {
    own.held.store(own.held.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
  }
  static void push(Chain& chain, Buffer* buffer) noexcept {
    buffer->next_free_ = chain.first;
    chain.first = buffer;
    ++chain.count;
  }
  static Buffer* pop(Chain& chain) noexcept {
    Buffer* const buffer = chain.first;
    chain.first = buffer->next_free_;
    --chain.count;
    __builtin_prefetch(chain.first, 1);  // it was given back on another processor, most likely
    return buffer;
  }

  Buffer* from_chain(std::uint32_t index) noexcept {
    Chain chain = unshelve(index, 1);
    if (chain.first == nullptr) return nullptr;
    Buffer* const buffer = pop(chain);
    shelve(chain, index, 0);
    return buffer;
  }

  Chain unshelve(std::uint32_t index, std::int64_t held) noexcept {
    Class& shelf = classes_[index];
    const std::lock_guard lock{shelf.lock};
    shelf.held += held;
    Chain chain;
    if (shelf.free == nullptr) return chain;
    chain.first = shelf.free;
    chain.count = chain.first->references_.load(std::memory_order_relaxed);
    std::memcpy(&shelf.free, chain.first->data(), sizeof shelf.free);
    shelf.kept -= chain.count;
    return chain;
  }

  void shelve(Chain chain, std::uint32_t index, std::int64_t held) noexcept {
    if (chain.first == nullptr) return;
    Class& shelf = classes_[index];
    {
      const std::lock_guard lock{shelf.lock};
      shelf.held += held;
      const std::size_t kept = shelf.kept + chain.count;
      if (kept <= kept_buffers_max && kept * chain.first->capacity_ <= kept_bytes_max) {
        chain.first->references_.store(chain.count, std::memory_order_relaxed);
        std::memcpy(chain.first->data(), &shelf.free, sizeof shelf.free);
        shelf.free = chain.first;
        shelf.kept = kept;
        return;
      }
    }
    while (chain.first != nullptr) destroy(pop(chain));
  }

  Buffer* take_shelved(std::uint32_t index) noexcept {
    Class& shelf = classes_[index];
    const std::lock_guard lock{shelf.lock};
    ++shelf.held;
    Buffer* const buffer = shelf.free;
    if (buffer == nullptr) return nullptr;
    shelf.free = buffer->next_free_;
    --shelf.kept;
    return buffer;
  }

  void give_shelved(Buffer* buffer, std::uint32_t index) noexcept {
    Class& shelf = classes_[index];
    {
      const std::lock_guard lock{shelf.lock};
      --shelf.held;
      if (shelf.kept < kept_buffers_max && shelf.kept * buffer->capacity_ < kept_bytes_max) {
        buffer->next_free_ = shelf.free;
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
