// Objects that come and go with every message, in memory of the buffer pool, so that steady traffic allocates nothing.
//
// Pooled is a base class whose `new` and `delete` use the pool; PoolAllocator does the same for the nodes of standard
// containers and for std::allocate_shared. Any thread may allocate, and any other may free.
#pragma once

#include <hawser/base/buffer.hpp>

#include <cstddef>

namespace hawser {

inline void* take_pooled(std::size_t bytes) { return Buffer::make(bytes).release()->data(); }
// REQUIRES: it came from take_pooled.
inline void give_back_pooled(void* at) noexcept {
  if (at != nullptr) BufferRef::adopt(static_cast<Buffer*>(at) - 1);
}

class Pooled {
 public:
  static void* operator new(std::size_t bytes) { return take_pooled(bytes); }
  static void operator delete(void* at) noexcept { give_back_pooled(at); }

 protected:
  Pooled() = default;
  ~Pooled() = default;
};

template <typename T>
class PoolAllocator {
  static_assert(alignof(T) <= 8, "a buffer is aligned to 8 bytes");

 public:
  using value_type = T;

  PoolAllocator() = default;
  template <typename U>
  PoolAllocator(const PoolAllocator<U>&) noexcept {}  // NOLINT: allocators convert

  T* allocate(std::size_t count) { return static_cast<T*>(take_pooled(count * sizeof(T))); }
  void deallocate(T* at, std::size_t) noexcept { give_back_pooled(at); }

  friend bool operator==(const PoolAllocator&, const PoolAllocator&) noexcept { return true; }
};

}  // namespace hawser
