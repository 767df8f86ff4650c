// A growable first-in first-out queue with index access, in one power-of-two block.
//
// Invariants: capacity is zero or a power of two and never shrinks, so steady traffic allocates nothing; element i is
// the i-th oldest. Move-only elements are fine. Growing moves the elements, so references do not survive push_back.
// Not thread safe.
#pragma once

#include <hawser/base/assert.hpp>
#include <hawser/base/prefetch.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace hawser {

template <typename T>
class Ring {
  static_assert(std::is_nothrow_move_constructible_v<T>, "growing must not fail half way");

 public:
  Ring() = default;
  Ring(Ring&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)),
        head_(std::exchange(other.head_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  Ring& operator=(Ring&& other) noexcept {
    if (this != &other) {
      release();
      block_ = std::exchange(other.block_, nullptr);
      capacity_ = std::exchange(other.capacity_, 0);
      head_ = std::exchange(other.head_, 0);
      size_ = std::exchange(other.size_, 0);
    }
    return *this;
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { release(); }

  // Room for at least `elements` before the next allocation.
  void reserve(std::size_t elements) {
    if (elements > capacity_) grow(std::bit_ceil(elements));
  }

  template <typename... Args>
  T& emplace_back(Args&&... args) {
    if (size_ < capacity_) return *construct(std::forward<Args>(args)...);
    // The argument may live in this very ring: it is made into a value before the elements move.
    T value(std::forward<Args>(args)...);
    grow(capacity_ == 0 ? smallest : capacity_ * 2);
    return *construct(std::move(value));
  }
  void push_back(T&& value) { emplace_back(std::move(value)); }
  void push_back(const T& value) requires std::is_copy_constructible_v<T> { emplace_back(value); }

  // REQUIRES: not empty.
  void pop_front() noexcept {
    HAWSER_ASSERT(size_ > 0, "an empty ring has no front");
    std::destroy_at(slot(0));
    // A ring that runs empty begins anew, so that short queues stay within a few cache lines.
    head_ = --size_ == 0 ? 0 : (head_ + 1) & (capacity_ - 1);
  }
  // REQUIRES: not empty.
  void pop_back() noexcept {
    HAWSER_ASSERT(size_ > 0, "an empty ring has no back");
    std::destroy_at(slot(size_ - 1));
    --size_;
  }
  // The oldest element, removed. REQUIRES: not empty.
  T take_front() noexcept {
    T value = std::move(front());
    pop_front();
    return value;
  }

  // REQUIRES: index < size().
  T& operator[](std::size_t index) noexcept {
    HAWSER_ASSERT(index < size_, "index within the ring");
    return *slot(index);
  }
  const T& operator[](std::size_t index) const noexcept {
    HAWSER_ASSERT(index < size_, "index within the ring");
    return *slot(index);
  }
  T& front() noexcept { return (*this)[0]; }
  const T& front() const noexcept { return (*this)[0]; }
  T& back() noexcept { return (*this)[size_ - 1]; }
  const T& back() const noexcept { return (*this)[size_ - 1]; }

  // Asks for the place that will be filled so many elements from now, most likely last touched by another thread.
  void fetch_back(std::size_t ahead) const noexcept {
    if (capacity_ != 0) prefetch_write(slot(size_ + ahead));
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t capacity() const noexcept { return capacity_; }

  // Destroys the elements and keeps the block.
  void clear() noexcept {
    while (size_ > 0) pop_front();
    head_ = 0;
  }

 private:
  static constexpr std::size_t smallest = 8;
  // What fills whole cache lines lies on them.
  static constexpr std::align_val_t alignment{sizeof(T) % 64 == 0 ? std::max<std::size_t>(alignof(T), 64) : alignof(T)};

  T* slot(std::size_t index) const noexcept { return block_ + ((head_ + index) & (capacity_ - 1)); }

  template <typename... Args>
  T* construct(Args&&... args) {
    T* made = std::construct_at(slot(size_), std::forward<Args>(args)...);
    ++size_;
    return made;
  }

  static T* allocate(std::size_t capacity) { return static_cast<T*>(::operator new(capacity * sizeof(T), alignment)); }
  static void deallocate(T* block) noexcept { ::operator delete(static_cast<void*>(block), alignment); }

  void grow(std::size_t capacity) {
    T* block = allocate(capacity);
    for (std::size_t i = 0; i < size_; ++i) {
      std::construct_at(block + i, std::move(*slot(i)));
      std::destroy_at(slot(i));
    }
    if (block_ != nullptr) deallocate(block_);
    block_ = block;
    capacity_ = capacity;
    head_ = 0;
  }

  void release() noexcept {
    clear();
    if (block_ != nullptr) deallocate(block_);
    block_ = nullptr;
    capacity_ = 0;
  }

  T* block_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace hawser
