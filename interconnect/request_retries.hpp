// Retries of requests: `peer.request<Reply>(message, {.retries = &retries})`.
//
// One object per destination, or per kind of work at one: the budget is its, so that retries stay a share of the
// requests whatever their number. A request is tried again when that may help (the peer was not reached, refused for
// the moment, or did not answer in an attempt's time), when it may be repeated (the peer says that no handler saw it,
// or its type's policy is `idempotent`), while attempts, budget and deadline last, and not before a breaker or a dial
// that is known to be due. A shed request is not tried again, unless the peer said when it may be. Each attempt is a
// message of its own in the books; the caller gets the end of the last one. Cancelling the request ends its wait for
// the next attempt, too. Thread safe. Outlives every request that was made with it.
#pragma once

#include <hawser/interconnect/outcome.hpp>
#include <hawser/resilience/retry_policy.hpp>
#include <hawser/resilience/timeout_manager.hpp>

#include <cstdint>
#include <mutex>
#include <optional>

namespace hawser {

class RequestRetries {
 public:
  // `timeout` cuts the time of a request into attempts: without it an attempt may take all that is left, and only what
  // ends earlier is tried again. Throws std::invalid_argument with every sentence that problems_of() finds.
  explicit RequestRetries(const RetryConfig& retry = {}, std::optional<TimeoutConfig> timeout = TimeoutConfig{},
                          std::uint64_t seed = 1);

  // Requests that were tried again, each time counted.
  std::uint64_t retries() const;
  // Decisions not to, by reason; of `succeeded`, the requests that were answered.
  std::uint64_t stops(RetryStop stop) const;

  // --- for the node
  RetryPolicy::Call begin();
  // How long the next attempt may take; `forever` without a timeout.
  Duration attempt_time(std::uint64_t type, Instant now);
  RetryDecision after(RetryPolicy::Call& call, const Outcome& outcome, std::uint64_t type, bool idempotent,
                      Instant began, Instant now, Instant deadline);

 private:
  mutable std::mutex mutex_;
  RetryPolicy policy_;
  std::optional<TimeoutManager> timeouts_;
};

// What an outcome says to a retry policy.
AttemptResult attempt_result(const Outcome& outcome, bool idempotent) noexcept;

}  // namespace hawser
