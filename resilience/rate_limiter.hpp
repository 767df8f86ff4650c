// How many calls a second may begin: a token bucket with a fixed rate, and one whose rate follows what is behind it.
//
// Invariants: over any span of t seconds at most burst + rate x t tokens are taken; integers only, a token is a million
// parts and time adds `rate` of them per microsecond, so nothing is lost to rounding. A clock that stands still or runs
// backwards adds nothing. The adaptive one adds a constant while its callers want more and multiplies down when calls
// come back overloaded (additive increase, multiplicative decrease; Chiu and Jain, 1989). Pure; not thread safe.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>

namespace hawser {

struct RateLimiterConfig {
  std::int64_t rate_per_second = 100;  // 1 .. 1 000 000 000
  std::int64_t burst = 20;             // tokens saved up at most, and at the start; 1 .. 1 000 000
  bool observe_only = false;           // counts what it would refuse, and lets everything pass
};

class RateLimiter {
 public:
  // REQUIRES: problems_of(config).empty() (coherence.hpp).
  RateLimiter(const RateLimiterConfig& config, Instant now);

  // Takes `tokens` when there are at least so many. REQUIRES: tokens >= 1.
  bool try_take(Instant now, std::int64_t tokens = 1) noexcept;
  // How long until so many are there: zero when they are, `forever` when the burst can never hold them.
  Duration wait(Instant now, std::int64_t tokens = 1) const noexcept;
  // What was saved is kept. REQUIRES: in range.
  void set_rate(Instant now, std::int64_t per_second);

  std::int64_t rate() const noexcept { return config_.rate_per_second; }
  std::uint64_t taken() const noexcept { return taken_; }        // calls, not tokens
  std::uint64_t refusals() const noexcept { return refusals_; }  // in observe_only: those that would have been

 private:
  std::int64_t parts_at(Instant now) const noexcept;

  RateLimiterConfig config_;
  std::int64_t parts_;  // millionths of a token, as of since_
  Instant since_;
  std::uint64_t taken_ = 0;
  std::uint64_t refusals_ = 0;
};

struct AdaptiveRateConfig {
  std::int64_t rate_min = 10;             // calls per second; 1 .. rate_max
  std::int64_t rate_max = 10'000;         // .. 1 000 000 000
  std::int64_t rate_initial = 100;        // rate_min .. rate_max
  std::int64_t burst = 20;                // as above
  std::int64_t increase = 10;             // calls per second, per step; 1 ..
  std::uint32_t decrease_permille = 700;  // what is left of the rate after a bad step; 1 .. 999
  std::uint32_t overload_permille = 50;   // a step is bad when this share of its calls, or more, came back overloaded
  std::uint64_t samples_min = 5;          // ended calls below which a step says nothing; 1 ..
  Duration step{1'000'000};               // above 0, not `forever`
  bool observe_only = false;
};

class AdaptiveRateLimiter {
 public:
  // REQUIRES: problems_of(config).empty().
  AdaptiveRateLimiter(const AdaptiveRateConfig& config, Instant now);

  bool try_take(Instant now);
  Duration wait(Instant now) const noexcept { return bucket_.wait(now); }
  // A call that had been let through ended; `overloaded`: what is behind said that it is, or timed out.
  void record(Instant now, bool overloaded);

  std::int64_t rate() const noexcept { return bucket_.rate(); }
  std::uint64_t refusals() const noexcept { return bucket_.refusals(); }
  std::uint64_t decreases() const noexcept { return decreases_; }

 private:
  void advance(Instant now);

  AdaptiveRateConfig config_;
  RateLimiter bucket_;
  Instant step_began_;
  std::uint64_t ended_ = 0;       // in this step
  std::uint64_t overloaded_ = 0;  // of them
  std::uint64_t refused_ = 0;     // in this step: somebody wants more
  std::uint64_t decreases_ = 0;
};

}  // namespace hawser
