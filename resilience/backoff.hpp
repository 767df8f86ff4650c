// How long to wait before the next attempt: exponential, capped, with jitter.
//
// Invariant: delay n (counted from zero) lies in [0, min(cap, base x factor^n)], whatever n is; nothing overflows.
// The caller decides what the delay counts from (the start of the attempt, so that slow failures are not punished
// twice) and when to reset (after proven stability, never on a bare connect). Jitter after "Exponential Backoff And
// Jitter" (AWS Architecture Blog, 2015). A value; not thread safe.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/time.hpp>

#include <cstdint>

namespace hawser {

enum class Jitter : std::uint8_t {
  none,          // the ceiling itself: herds stay herds
  full,          // uniform in [0, ceiling]; the best spread, and the default
  equal,         // uniform in [ceiling / 2, ceiling]: never at once
  decorrelated,  // uniform in [base, 3 x the last delay], within the ceiling
};

struct BackoffConfig {
  Duration base{100'000};                // ceiling of the first delay; 0 means: always at once
  std::uint32_t factor_permille = 2000;  // growth per attempt; 1000 .. 100 000
  Duration cap{60'000'000};              // ceiling of all delays; a cap below base wins over base
  Jitter jitter = Jitter::full;
};

class Backoff {
 public:
  // REQUIRES: base >= 0, cap >= 0, factor_permille >= 1000.
  explicit Backoff(const BackoffConfig& config);

  // The delay before the next attempt; the ceiling of the one after it has grown.
  Duration next(Random& random);
  // Forgets all attempts.
  void reset() noexcept;

  // How many delays were drawn since the start or the last reset; stops at the largest number.
  unsigned attempts() const noexcept { return attempts_; }
  // The largest delay that next() can return now.
  Duration ceiling() const noexcept;
  // Takes effect at once. Growth stops at the cap of its time and goes on from there when the cap is raised: a long
  // silence under a low cap does not make the first wait under a high one the longest.
  void set_cap(Duration cap);
  const BackoffConfig& config() const noexcept { return config_; }

 private:
  BackoffConfig config_;
  Duration grown_;  // min(cap of the time, base x factor^attempts)
  Duration last_;
  unsigned attempts_ = 0;
};

}  // namespace hawser
