#include "counted_new.hpp"

#include "sanitized.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#if defined(HAWSER_SANITIZED)

bool hawser::test::counts_allocations() noexcept { return false; }
std::uint64_t hawser::test::allocations() noexcept { return 0; }

#else

namespace {

std::atomic<std::uint64_t> count{0};

void* counted(std::size_t bytes) noexcept {
  count.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(bytes == 0 ? 1 : bytes);
}

}  // namespace

bool hawser::test::counts_allocations() noexcept { return true; }

std::uint64_t hawser::test::allocations() noexcept { return count.load(std::memory_order_relaxed); }

void* operator new(std::size_t bytes) {
  if (void* at = counted(bytes)) return at;
  throw std::bad_alloc{};
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return counted(bytes); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return counted(bytes); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete[](void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete[](void* at, std::size_t) noexcept { std::free(at); }
void operator delete(void* at, const std::nothrow_t&) noexcept { std::free(at); }
void operator delete[](void* at, const std::nothrow_t&) noexcept { std::free(at); }

#endif
