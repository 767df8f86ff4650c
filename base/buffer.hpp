// Bytes with a shared owner: what a message is while it is queued, in a batch, or held by a handler.
//
// A Buffer is 8-byte aligned (Cap'n Proto demands it), counted atomically, and comes from a pool of size classes, so
// that steady traffic allocates nothing. A BufferRef may be copied and dropped on any thread. The bytes may be written
// only while one reference exists.
#pragma once

#include <hawser/base/prefetch.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace hawser {

class BufferRef;

// Header of an allocation; the bytes follow it.
class Buffer {
 public:
  // Capacity at least `bytes`; size starts at `bytes`. Throws std::bad_alloc as new does.
  static BufferRef make(std::size_t bytes);
  static BufferRef copy(std::span<const std::byte> bytes);
  // Two threads that count references to one buffer wait for each other longer than a copy of so few bytes takes.
  static constexpr std::size_t worth_sharing = 256;
  // How many buffers of this process somebody holds now. For tests: it takes every lock of the pool in turn.
  static std::size_t held() noexcept;

  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
  const std::byte* data() const noexcept { return reinterpret_cast<const std::byte*>(this + 1); }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  // REQUIRES: bytes <= capacity().
  void resize(std::size_t bytes) noexcept;

 private:
  friend class BufferRef;
  friend class BufferPool;
  Buffer() = default;

  std::atomic<std::uint32_t> references_{1};
  std::uint32_t size_class_ = 0;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};
static_assert(sizeof(Buffer) % 8 == 0);

class BufferRef {
 public:
  BufferRef() = default;
  BufferRef(std::nullptr_t) {}  // NOLINT
  BufferRef(const BufferRef& other) noexcept : buffer_(other.buffer_) {
    if (buffer_ != nullptr) buffer_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  BufferRef(BufferRef&& other) noexcept : buffer_(std::exchange(other.buffer_, nullptr)) {}
  BufferRef& operator=(BufferRef other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~BufferRef() {
    if (buffer_ == nullptr) return;
    // Nobody else can add a reference to the last one, and finding it so is cheaper than counting down.
    if (buffer_->references_.load(std::memory_order_acquire) == 1 ||
        buffer_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      recycle(buffer_);
    }
  }

  explicit operator bool() const noexcept { return buffer_ != nullptr; }
  Buffer* operator->() const noexcept { return buffer_; }
  Buffer& operator*() const noexcept { return *buffer_; }
  Buffer* get() const noexcept { return buffer_; }
  std::span<std::byte> bytes() const noexcept { return {buffer_->data(), buffer_->size()}; }
  std::size_t size() const noexcept { return buffer_ == nullptr ? 0 : buffer_->size(); }
  // Whether somebody else may hold it too.
  bool shared() const noexcept {
    return buffer_ != nullptr && buffer_->references_.load(std::memory_order_relaxed) > 1;
  }

  // Asks for the first bytes and the counter of a small one to be brought near, since they will be wanted soon.
  void fetch() const noexcept {
    if (buffer_ == nullptr) return;
    prefetch_write(buffer_);
    __builtin_prefetch(buffer_->data() + 32, 0);
  }

  // For C callbacks that carry one pointer: gives up this reference without dropping it, and takes it back.
  Buffer* release() noexcept { return std::exchange(buffer_, nullptr); }
  static BufferRef adopt(Buffer* buffer) noexcept { return BufferRef{buffer}; }

 private:
  friend class Buffer;
  explicit BufferRef(Buffer* owned) noexcept : buffer_(owned) {}
  static void recycle(Buffer* buffer) noexcept;

  Buffer* buffer_ = nullptr;
};

}  // namespace hawser
