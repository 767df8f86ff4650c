// A mutex for sections of a few dozen nanoseconds: it is tried for a moment before its caller goes to sleep.
//
// Putting a thread to sleep and waking it costs a hundred times what such a section takes. The moment is about a
// microsecond, so that one processor alone, where the holder cannot run meanwhile, loses little. Taking it and giving
// it back are one atomic operation each (Drepper, Futexes Are Tricky, 2011: his third mutex), in line: a std::mutex
// costs twice that, in calls.
#pragma once

#include <atomic>
#include <cstdint>

namespace hawser {

class ShortLock {
 public:
  void lock() noexcept {
    if (!try_lock()) [[unlikely]]
      wait();
  }
  bool try_lock() noexcept {
    std::uint32_t expected = free;
    return state_.compare_exchange_strong(expected, taken, std::memory_order_acquire, std::memory_order_relaxed);
  }
  void unlock() noexcept {
    if (state_.exchange(free, std::memory_order_release) == awaited) [[unlikely]]
      state_.notify_one();
  }

 private:
  static constexpr std::uint32_t free = 0;
  static constexpr std::uint32_t taken = 1;
  static constexpr std::uint32_t awaited = 2;  // taken, and somebody may sleep

  static constexpr int tries = 32;
  static constexpr int pauses = 3;

  void wait() noexcept {
    for (int i = 0; i < tries; ++i) {
      for (int j = 0; j < pauses; ++j) pause();
      if (state_.load(std::memory_order_relaxed) == free && try_lock()) return;
    }
    while (state_.exchange(awaited, std::memory_order_acquire) != free) state_.wait(awaited, std::memory_order_relaxed);
  }

  static void pause() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  std::atomic<std::uint32_t> state_{free};
};

}  // namespace hawser
