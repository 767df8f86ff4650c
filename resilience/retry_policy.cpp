#include <hawser/resilience/retry_policy.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/resilience/coherence.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

std::string_view to_string(AttemptEnd end) noexcept {
  constexpr std::array<std::string_view, 5> names{"success", "failure", "timeout", "overloaded", "ignored"};
  const auto index = static_cast<std::size_t>(end);
  return index < names.size() ? names[index] : "unknown";
}

std::string_view to_string(RetryStop stop) noexcept {
  constexpr std::array<std::string_view, retry_stops> names{
      "none",        "succeeded",    "not_retriable", "not_repeatable", "attempts_spent",
      "pushed_back", "breaker_open", "deadline",      "budget_empty",   "observe_only"};
  const auto index = static_cast<std::size_t>(stop);
  return index < names.size() ? names[index] : "unknown";
}

RetryPolicy::RetryPolicy(const RetryConfig& config, std::uint64_t seed, Instant now, Predicate retriable)
    : config_(config), random_(seed), budget_(config.budget, now), retriable_(std::move(retriable)) {
  HAWSER_ASSERT(problems_of(config).empty(), "a retry policy's configuration is coherent");
}

RetryPolicy::Call RetryPolicy::begin() noexcept {
  budget_.deposit();
  return {Backoff{config_.backoff}, 1};
}

RetryStop RetryPolicy::refuses(const Call& call, const AttemptResult& result) const {
  if (result.end == AttemptEnd::success) return RetryStop::succeeded;
  if (result.end == AttemptEnd::ignored) return RetryStop::not_retriable;
  if (result.push_back && (*result.push_back < Duration::zero() || *result.push_back > config_.push_back_max)) {
    return RetryStop::pushed_back;
  }
  if (result.end == AttemptEnd::overloaded && !result.push_back) return RetryStop::pushed_back;
  if (!result.repeatable) return RetryStop::not_repeatable;
  if (retriable_ && !retriable_(result)) return RetryStop::not_retriable;
  if (call.attempts >= config_.attempts_max) return RetryStop::attempts_spent;
  return RetryStop::none;
}

RetryDecision RetryPolicy::after(Call& call, const AttemptResult& result, Instant began, Instant now, Instant deadline,
                                 Instant breaker_retry_at) {
  RetryDecision decision{refuses(call, result), never};
  if (decision.retries()) {
    decision.at = std::max(now, later(began, call.backoff.next(random_)));
    const bool pushed_back = result.push_back && !mutant(Mutant::push_back_ignored);
    if (pushed_back) decision.at = std::max(decision.at, later(now, *result.push_back));
    if (breaker_retry_at > decision.at) {
      decision.stop = RetryStop::breaker_open;
    } else if (later(decision.at, config_.attempt_min) > deadline && !mutant(Mutant::deadline_overrun)) {
      decision.stop = RetryStop::deadline;
    } else if (config_.observe_only) {
      decision.stop = RetryStop::observe_only;
    } else if (config_.budgeted && !budget_.withdraw(now) && !mutant(Mutant::retry_ignores_budget)) {
      decision.stop = RetryStop::budget_empty;
    } else {
      ++call.attempts;
      ++retries_;
    }
  }
  if (!decision.retries()) decision.at = never;
  ++stops_[static_cast<std::size_t>(decision.stop)];
  return decision;
}

}  // namespace hawser
