// Whether and when a failed call is tried again: at one layer, on a budget, never past its deadline.
//
// A retry needs all of: an error worth repeating, a call that may be repeated (idempotent, or provably never left),
// attempts and budget left, a breaker that will admit it, and time for it before the deadline. The delay is a jittered
// exponential backoff counted from the start of the attempt that failed; a server's push-back may only lengthen it. A
// shed reply without push-back means "do not retry" (gRPC's rule A6 turned the safe way round). The budget is one per
// policy: share it per destination, not per call. Invariant: with a budget, sends <= calls x (1 + share) + floor and
// savings, over any span. Pure; not thread safe.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/time.hpp>
#include <hawser/resilience/backoff.hpp>
#include <hawser/resilience/retry_budget.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace hawser {

enum class AttemptEnd : std::uint8_t {
  success,
  failure,     // it answered wrongly, threw, was lost
  timeout,     // no answer within the attempt's time
  overloaded,  // what was called said that it has too much to do; not the breaker's business
  ignored,     // cancelled, refused locally, the caller's own mistake: says nothing about what was called
};
std::string_view to_string(AttemptEnd end) noexcept;

struct AttemptResult {
  AttemptEnd end = AttemptEnd::success;
  bool repeatable = true;             // false: it may have taken effect and is not idempotent
  std::optional<Duration> push_back;  // "not before"; negative: "not at all"
};

struct RetryConfig {
  std::uint32_t attempts_max = 3;  // all of a call's attempts, the first one included; 1 (no retries) .. 100
  BackoffConfig backoff{Duration{20'000}, 2000, Duration{2'000'000}, Jitter::full};
  RetryBudgetConfig budget;
  bool budgeted = true;
  Duration attempt_min{1'000};         // a retry needs at least this long before the deadline; 0 ..
  Duration push_back_max{30'000'000};  // a longer push-back means "not at all"; above 0
  bool observe_only = false;           // decides and counts, and never retries
};

enum class RetryStop : std::uint8_t {
  none,  // retry
  succeeded,
  not_retriable,  // the error is not of that kind, or the predicate says so
  not_repeatable,
  attempts_spent,
  pushed_back,   // the server said not to
  breaker_open,  // it would not be admitted at that time
  deadline,      // it could not end in time
  budget_empty,
  observe_only,  // would have retried
};
inline constexpr std::size_t retry_stops = 10;
std::string_view to_string(RetryStop stop) noexcept;

struct RetryDecision {
  RetryStop stop = RetryStop::none;
  Instant at = never;  // of the next attempt

  bool retries() const noexcept { return stop == RetryStop::none; }
  friend bool operator==(const RetryDecision&, const RetryDecision&) = default;
};

class RetryPolicy {
 public:
  using Predicate = std::function<bool(const AttemptResult&)>;

  // What belongs to one call. A value; made by begin().
  struct Call {
    Backoff backoff;
    std::uint32_t attempts = 0;
  };

  // REQUIRES: problems_of(config).empty() (coherence.hpp). The predicate is asked after the built-in rules (failure and
  // timeout are worth repeating, success and ignored never, overloaded only with push-back) and can only say no.
  RetryPolicy(const RetryConfig& config, std::uint64_t seed, Instant now, Predicate retriable = {});

  // A first attempt leaves: deposits into the budget.
  Call begin() noexcept;
  // After an attempt that began at `began`. `breaker_retry_at`: when the breaker will next admit a call, in the past
  // when it admits now. Boundary: at + attempt_min <= deadline is in time. Takes from the budget only when it says
  // retry.
  RetryDecision after(Call& call, const AttemptResult& result, Instant began, Instant now, Instant deadline = never,
                      Instant breaker_retry_at = Instant{});
  // The retry was refused locally and never left.
  void refund() noexcept { budget_.refund(); }

  const RetryConfig& config() const noexcept { return config_; }
  const RetryBudget& budget() const noexcept { return budget_; }
  std::uint64_t retries() const noexcept { return retries_; }
  std::uint64_t stops(RetryStop stop) const noexcept { return stops_[static_cast<std::size_t>(stop)]; }

 private:
  RetryStop refuses(const Call& call, const AttemptResult& result) const;

  RetryConfig config_;
  Random random_;
  RetryBudget budget_;
  Predicate retriable_;
  std::uint64_t retries_ = 0;
  std::array<std::uint64_t, retry_stops> stops_{};
};

}  // namespace hawser
