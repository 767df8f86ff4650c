// CycleClock: time between two readings of a clock, by the processor's cycle counter: a quarter of the price.
//
// The clock itself is read anew every few milliseconds, so a counter that runs at a wrong rate, jumps, or stands still
// while the machine sleeps misleads for no longer than that. Where a processor has no counter of a constant rate, every
// reading is one of the clock. One object a thread.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace hawser {

class CycleClock {
 public:
  // How far it goes by the counter alone.
  static constexpr Duration reach{4'000};

  // `read`: the clock that it stands for, of which it is never ahead.
  template <typename Read>
  Instant now(const Read& read) noexcept {
    const std::uint64_t passed = count() - counted_after_;
    if (passed < trusted_) [[likely]]
      return later(at_, Duration{static_cast<std::int64_t>((passed * rate_) >> rate_bits)});
    const std::uint64_t before = count();
    const Instant now = read();
    follow(before, now, count());
    return now;
  }

 private:
  static constexpr unsigned rate_bits = 40;  // of microseconds per cycle, as a fixed-point number
  // Spans of which a rate is taken: shorter ones are too coarse for it, in longer ones the machine may have slept.
  static constexpr Duration measured_min{1'000};
  static constexpr Duration measured_max{100'000};

  // The rate is rounded down in every respect: the thread may have been put aside between two readings.
  void follow(std::uint64_t before, Instant now, std::uint64_t after) noexcept {
    const Duration took = at_ == Instant{} ? measured_max : now - at_;
    if (rate_ == 0 && took < measured_min) return;
    if (took >= measured_min && took < measured_max && constant_rate()) {
      const auto whole = static_cast<std::uint64_t>(took.count() - 1);
      rate_ = (whole << rate_bits) / (after - counted_before_);
      trusted_ = rate_ == 0 ? 0 : (static_cast<std::uint64_t>(reach.count()) << rate_bits) / rate_;
    }
    at_ = now;
    counted_before_ = before;
    counted_after_ = after;
  }

#if defined(__x86_64__)
  static std::uint64_t count() noexcept { return __rdtsc(); }
  static bool constant_rate() noexcept {
    static const bool answer = [] {
      unsigned a = 0;
      unsigned b = 0;
      unsigned c = 0;
      unsigned d = 0;
      return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1u << 8)) != 0;
    }();
    return answer;
  }
#else
  static std::uint64_t count() noexcept { return 0; }
  static bool constant_rate() noexcept { return false; }
#endif

  Instant at_{};
  std::uint64_t counted_before_ = 0;
  std::uint64_t counted_after_ = 0;
  std::uint64_t rate_ = 0;
  std::uint64_t trusted_ = 0;  // cycles
};

}  // namespace hawser
