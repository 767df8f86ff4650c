// A mutex for sections of a few dozen nanoseconds: it is tried for a moment before its caller naps.
//
// Putting a thread to sleep and waking it costs a hundred times what such a section takes. The moment is about a
// microsecond, so that one processor alone, where the holder cannot run meanwhile, loses little. Whoever still finds it
// taken naps and looks again, and is not woken: so giving it back is a plain store. Asking whether somebody sleeps
// would take an atomic exchange, which on the path of a message cost as much as taking the lock.
#pragma once

#include <atomic>
#include <time.h>

namespace hawser {

class ShortLock {
 public:
  void lock() noexcept {
    if (!try_lock()) [[unlikely]]
      wait();
  }
  bool try_lock() noexcept { return !taken_.exchange(true, std::memory_order_acquire); }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  static constexpr int tries = 32;
  static constexpr int pauses = 3;
  static constexpr long nap_ns = 20'000;  // the kernel makes it about 70 us

  void wait() noexcept {
    for (int i = 0;; i = (i + 1) % tries) {
      for (int j = 0; j < pauses; ++j) pause();
      if (!taken_.load(std::memory_order_relaxed) && try_lock()) return;
      if (i + 1 < tries) continue;
      const timespec nap{0, nap_ns};
      ::nanosleep(&nap, nullptr);
    }
  }

  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  std::atomic<bool> taken_{false};
};

}  // namespace hawser
