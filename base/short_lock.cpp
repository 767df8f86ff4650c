#include <hawser/base/short_lock.hpp>

#include <chrono>
#include <thread>

namespace hawser {
namespace {

constexpr int tries = 32;
constexpr int pauses = 3;
constexpr std::chrono::microseconds nap{20};  // the kernel makes it about 70

void relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void ShortLock::wait() noexcept {
  for (int i = 0;; i = (i + 1) % tries) {
    for (int j = 0; j < pauses; ++j) relax();
    if (!taken_.load(std::memory_order_relaxed) && try_lock()) return;
    if (i + 1 == tries) std::this_thread::sleep_for(nap);
  }
}

}  // namespace hawser
