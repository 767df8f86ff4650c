// A mutex for sections of a few dozen nanoseconds: it is tried for a moment before its caller naps.
//
// Putting a thread to sleep and waking it costs a hundred times what such a section takes. The moment is about a
// microsecond, so that one processor alone, where the holder cannot run meanwhile, loses little. Whoever still finds it
// taken naps and looks again, and is not woken: so giving it back is a plain store. Asking whether somebody sleeps
// would take an atomic exchange, which on the path of a message cost as much as taking the lock.
#pragma once

#include <atomic>

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
  void wait() noexcept;

  std::atomic<bool> taken_{false};
};

}  // namespace hawser
