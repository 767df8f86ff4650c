// ChannelGuard: the two breakers that a message passes, its channel's and its peer's, and what they learn of its end.
//
// While both are closed nothing is asked and nothing is leased: ends are counted per acknowledgement round. Otherwise
// each message takes a permit of every breaker that is not closed, and its end goes back to the breaker that gave it.
// What an end says: to the channel's breaker, delivered is success and unknown is failure, a failing handler is neutral
// unless the type says otherwise; to the peer's, any verdict of the peer is success. What surely was not handled is
// neutral to both. Belongs to the loop.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/outcome.hpp>
#include <hawser/resilience/circuit_breaker.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace hawser {

// What a message carries while a breaker is not closed.
struct Permits {
  std::optional<Permit> channel;
  std::optional<Permit> peer;
};
using PermitsPtr = std::unique_ptr<Permits>;

class ChannelGuard {
 public:
  ChannelGuard(const BreakerConfig& config, std::uint64_t seed, CircuitBreaker& peer, Duration slow_limit,
               bool refused_is_failure);

  // The reason for which new messages are turned away now, if any.
  std::optional<Outcome> refusal(Instant now) const;
  // Whether messages need permits now. While they do not, acquire() gives none.
  bool watches(Instant now) const;
  // Lets one message pass, or says why not.
  std::optional<Outcome> acquire(PermitsPtr& permits, Instant now);
  // The message has ended, `took` after its last transmission. `slow` when it was counted as slow while it hung.
  void ended(PermitsPtr& permits, const Outcome& outcome, Instant now, Duration took, bool slow);
  // Plain messages without permits were delivered, so many of them slow.
  void delivered(std::uint32_t messages, std::uint32_t slow) noexcept {
    successes_ += messages;
    slow_ += slow;
  }
  // It hangs: no need to wait for its end to know that it is slow.
  void hangs() noexcept { ++slow_; }
  // The end of an acknowledgement round.
  void round(Instant now);

  bool is_slow(Duration took) const noexcept { return took > slow_limit_; }
  Duration slow_limit() const noexcept { return slow_limit_; }
  // Does what is due; true when the channel's breaker has changed its state since the last call.
  bool tick(Instant now);
  // An operator knows better: as CircuitBreaker's.
  bool reset(Instant now) {
    successes_ = failures_ = slow_ = 0;
    return breaker_.reset(now);
  }
  const CircuitBreaker& breaker() const noexcept { return breaker_; }

 private:
  Verdict verdict(const Outcome& outcome) const noexcept;

  CircuitBreaker breaker_;
  CircuitBreaker& peer_;
  const Duration slow_limit_;
  const bool refused_is_failure_;
  BreakerState seen_ = BreakerState::closed;
  std::uint32_t successes_ = 0;
  std::uint32_t failures_ = 0;
  std::uint32_t slow_ = 0;
};

}  // namespace hawser
