// A mutex for sections of a few dozen nanoseconds: it is tried for a moment before its caller goes to sleep.
//
// Putting a thread to sleep and waking it costs a hundred times what such a section takes. The moment is about a
// microsecond, so that one processor alone, where the holder cannot run meanwhile, loses little.
#pragma once

#include <mutex>

namespace hawser {

class ShortLock {
 public:
  void lock() {
    for (int i = 0; i < tries; ++i) {
      if (mutex_.try_lock()) return;
      for (int j = 0; j < pauses; ++j) pause();
    }
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }

 private:
  static constexpr int tries = 32;
  static constexpr int pauses = 3;

  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  std::mutex mutex_;
};

}  // namespace hawser
