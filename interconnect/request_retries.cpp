#include <hawser/interconnect/request_retries.hpp>

#include <hawser/base/mutant.hpp>
#include <hawser/resilience/coherence.hpp>

#include <stdexcept>
#include <string>

namespace hawser {
namespace {

const RetryConfig& checked(const RetryConfig& retry, const std::optional<TimeoutConfig>& timeout) {
  std::string all;
  const auto add = [&all](const Problems& problems) {
    for (const std::string& sentence : problems) all += (all.empty() ? "" : "; ") + sentence;
  };
  add(problems_of(retry));
  if (timeout) add(problems_of(*timeout));
  if (!all.empty()) throw std::invalid_argument("these retries cannot be made: " + all);
  return retry;
}

}  // namespace

RequestRetries::RequestRetries(const RetryConfig& retry, std::optional<TimeoutConfig> timeout, std::uint64_t seed)
    : policy_(checked(retry, timeout), seed, Instant{}) {
  if (timeout) timeouts_.emplace(*timeout);
}

std::uint64_t RequestRetries::retries() const {
  const std::lock_guard lock{mutex_};
  return policy_.retries();
}

std::uint64_t RequestRetries::stops(RetryStop stop) const {
  const std::lock_guard lock{mutex_};
  return policy_.stops(stop);
}

RetryPolicy::Call RequestRetries::begin() {
  const std::lock_guard lock{mutex_};
  return policy_.begin();
}

Duration RequestRetries::attempt_time(std::uint64_t type, Instant now) {
  const std::lock_guard lock{mutex_};
  return timeouts_ ? timeouts_->timeout(type, now) : forever;
}

RetryDecision RequestRetries::after(RetryPolicy::Call& call, const Outcome& outcome, std::uint64_t type,
                                    bool idempotent, Instant began, Instant now, Instant deadline) {
  const std::lock_guard lock{mutex_};
  AttemptResult result = attempt_result(outcome, idempotent);
  // Turned away at the peer's door, with a time at which to ask again.
  if (outcome == OutcomeKind::overloaded && outcome.next_at) result.push_back = until(now, *outcome.next_at);
  const Duration took = now > began ? now - began : Duration::zero();
  if (timeouts_ && outcome.delivered()) timeouts_->answered(type, now, took, call.attempts > 1);
  if (timeouts_ && result.end == AttemptEnd::timeout) timeouts_->timed_out(type, now, took);
  return policy_.after(call, result, began, now, deadline, outcome.next_at.value_or(Instant{}));
}

AttemptResult attempt_result(const Outcome& outcome, bool idempotent) noexcept {
  const bool repeatable = outcome.handled() == Handled::no || idempotent || mutant(Mutant::retry_unsafe);
  switch (outcome.kind) {
    case OutcomeKind::delivered:
      return {AttemptEnd::success, true, std::nullopt};
    case OutcomeKind::unreachable:
    case OutcomeKind::circuit_open:
    case OutcomeKind::isolated:
      // Nobody to ask while the peer, or this node, may not act for long: what is known of the end of that is in
      // next_at, and the deadline is the limit.
      return {outcome.cause == Cause::unknown_peer || outcome.cause == Cause::peer_removed ? AttemptEnd::ignored
                                                                                           : AttemptEnd::failure,
              repeatable, std::nullopt};
    case OutcomeKind::unknown:
      if (outcome.cause == Cause::cancelled) return {AttemptEnd::ignored, repeatable, std::nullopt};
      return {outcome.cause == Cause::deadline || outcome.cause == Cause::verdict_lost ? AttemptEnd::timeout
                                                                                       : AttemptEnd::failure,
              repeatable, std::nullopt};
    case OutcomeKind::refused:
      // A handler that fails may do better the next time; what it cannot read or answer it never will.
      return {outcome.cause == Cause::handler_threw ? AttemptEnd::failure : AttemptEnd::ignored, repeatable,
              std::nullopt};
    case OutcomeKind::expired:
      // An attempt's time, or the caller's: the deadline tells.
      return {outcome.cause == Cause::cancelled ? AttemptEnd::ignored : AttemptEnd::timeout, repeatable, std::nullopt};
    case OutcomeKind::overloaded:
    case OutcomeKind::queue_full:
      return {AttemptEnd::overloaded, repeatable, std::nullopt};
    case OutcomeKind::too_large:
    case OutcomeKind::unhandled:
    case OutcomeKind::closed:
      break;
  }
  return {AttemptEnd::ignored, repeatable, std::nullopt};
}

}  // namespace hawser
