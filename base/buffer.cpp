#include <hawser/base/buffer.hpp>

#include <hawser/base/assert.hpp>

#include <array>
#include <bit>
#include <mutex>
#include <new>

namespace hawser {
namespace {

// Classes of 64 B, 128 B … 256 KiB, which takes a full batch; larger buffers go straight to the allocator.
constexpr std::size_t smallest_shift = 6;
constexpr std::uint32_t class_count = 13;
constexpr std::uint32_t unpooled = class_count;
// What one class may keep in reserve, in bytes and in buffers.
constexpr std::size_t kept_bytes_max = 8u << 20;
constexpr std::size_t kept_buffers_max = 8192;

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

}  // namespace

// Process wide and never destroyed: buffers outlive nodes, and handlers of other threads may drop the last reference.
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
    Class& shelf = classes_[index];
    {
      const std::lock_guard lock{shelf.lock};
      if (shelf.free != nullptr) {
        Buffer* buffer = shelf.free;
        shelf.free = buffer->next_free_;
        --shelf.kept;
        ++shelf.held;
        buffer->references_.store(1, std::memory_order_relaxed);
        buffer->size_ = bytes;
        return buffer;
      }
      ++shelf.held;
    }
    return fresh(bytes, std::size_t{1} << (smallest_shift + index), index);
  }

  void give_back(Buffer* buffer) noexcept {
    if (buffer->size_class_ != unpooled) {
      Class& shelf = classes_[buffer->size_class_];
      const std::lock_guard lock{shelf.lock};
      --shelf.held;
      if (shelf.kept < kept_buffers_max && shelf.kept * buffer->capacity_ < kept_bytes_max) {
        buffer->next_free_ = shelf.free;
        shelf.free = buffer;
        ++shelf.kept;
        return;
      }
    } else {
      unpooled_held_.fetch_sub(1, std::memory_order_relaxed);
    }
    buffer->~Buffer();
    ::operator delete(static_cast<void*>(buffer));
  }

  std::size_t held() noexcept {
    std::size_t sum = unpooled_held_.load(std::memory_order_relaxed);
    for (Class& shelf : classes_) {
      const std::lock_guard lock{shelf.lock};
      sum += shelf.held;
    }
    return sum;
  }

 private:
  struct alignas(64) Class {
    SpinLock lock;
    Buffer* free = nullptr;
    std::size_t kept = 0;
    std::size_t held = 0;
  };

  static Buffer* fresh(std::size_t bytes, std::size_t capacity, std::uint32_t index) {
    auto* buffer = ::new (::operator new(sizeof(Buffer) + capacity)) Buffer;
    buffer->size_class_ = index;
    buffer->size_ = bytes;
    buffer->capacity_ = capacity;
    return buffer;
  }

  std::array<Class, class_count> classes_;
  std::atomic<std::size_t> unpooled_held_{0};
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
