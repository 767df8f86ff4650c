#include <hawser/interconnect/channel_guard.hpp>

#include <hawser/base/mutant.hpp>

#include <algorithm>
#include <utility>

namespace hawser {
namespace {

BreakerConfig with_slow_limit(BreakerConfig config, Duration slow_limit) {
  config.slow_limit = slow_limit;
  config.call_lease = std::max(config.call_lease, slow_limit + Duration{1'000'000});
  return config;
}

bool turns_away(const CircuitBreaker& breaker, Instant now) {
  switch (breaker.state(now)) {
    case BreakerState::open:
    case BreakerState::forced_open:
      return !mutant(Mutant::breaker_open_admits);
    case BreakerState::half_open:
      return !breaker.admits(now);
    default:
      return false;
  }
}

bool watches(const CircuitBreaker& breaker, Instant now) {
  const BreakerState state = breaker.state(now);
  return state != BreakerState::closed && state != BreakerState::disabled;
}

void give_back(CircuitBreaker& breaker, const Permit& permit, Verdict verdict, Instant now, Duration took) {
  if (permit.probe) {
    breaker.record(permit, now, verdict, took);
  } else if (verdict != Verdict::neutral) {
    breaker.record_batch(now, verdict == Verdict::success ? 1 : 0, verdict == Verdict::failure ? 1 : 0, 0,
                         permit.generation);
  }
}

// A caller that gave up, a peer that went in order, a view without one of the two: nobody has failed.
bool says_nothing(Cause cause) noexcept {
  return cause == Cause::cancelled || cause == Cause::peer_stopped || cause == Cause::self_isolated ||
         cause == Cause::peer_isolated;
}

}  // namespace

ChannelGuard::ChannelGuard(const BreakerConfig& config, std::uint64_t seed, CircuitBreaker& peer, Duration slow_limit,
                           bool refused_is_failure)
    : breaker_(with_slow_limit(config, slow_limit), seed),
      peer_(peer),
      slow_limit_(slow_limit),
      refused_is_failure_(refused_is_failure) {}

std::optional<Outcome> ChannelGuard::refusal(Instant now) const {
  if (turns_away(peer_, now)) return Outcome{OutcomeKind::circuit_open, Cause::peer_breaker, peer_.retry_at()};
  if (turns_away(breaker_, now)) return Outcome{OutcomeKind::circuit_open, Cause::channel_breaker, breaker_.retry_at()};
  return std::nullopt;
}

bool ChannelGuard::watches(Instant now) const { return hawser::watches(peer_, now) || hawser::watches(breaker_, now); }

std::optional<Outcome> ChannelGuard::acquire(PermitsPtr& permits, Instant now) {
  const bool peer = hawser::watches(peer_, now);
  const bool own = hawser::watches(breaker_, now);
  if (permits != nullptr || (!peer && !own)) return std::nullopt;
  Permits taken;
  if (peer) {
    taken.peer = peer_.try_acquire_one_way(now);
    if (!taken.peer) return Outcome{OutcomeKind::circuit_open, Cause::peer_breaker, peer_.retry_at()};
  }
  if (own) {
    taken.channel = breaker_.try_acquire_one_way(now);
    if (!taken.channel) {
      if (taken.peer) give_back(peer_, *taken.peer, Verdict::neutral, now, Duration::zero());
      return Outcome{OutcomeKind::circuit_open, Cause::channel_breaker, breaker_.retry_at()};
    }
  }
  permits = std::make_unique<Permits>(taken);
  return std::nullopt;
}

Verdict ChannelGuard::verdict(const Outcome& outcome) const noexcept {
  switch (outcome.kind) {
    case OutcomeKind::delivered:
      return Verdict::success;
    case OutcomeKind::unknown:
      return says_nothing(outcome.cause) ? Verdict::neutral : Verdict::failure;
    case OutcomeKind::refused:
      return refused_is_failure_ ? Verdict::failure : Verdict::neutral;
    default:
      return Verdict::neutral;
  }
}

void ChannelGuard::ended(PermitsPtr& permits, const Outcome& outcome, Instant now, Duration took, bool slow) {
  const Verdict own = verdict(outcome);
  const bool answered = outcome.kind == OutcomeKind::refused && own == Verdict::neutral;
  const PermitsPtr held = std::move(permits);
  if (held != nullptr && held->peer) give_back(peer_, *held->peer, answered ? Verdict::success : own, now, took);
  if (held != nullptr && held->channel) {
    give_back(breaker_, *held->channel, own, now, took);
    return;
  }
  if (own == Verdict::success) ++successes_;
  if (own == Verdict::failure) ++failures_;
  if (own != Verdict::neutral && !slow && is_slow(took)) ++slow_;
}

void ChannelGuard::round(Instant now) {
  if (successes_ == 0 && failures_ == 0 && slow_ == 0) return;
  const std::uint32_t successes = std::exchange(successes_, 0);
  const std::uint32_t failures = std::exchange(failures_, 0);
  breaker_.record_batch(now, successes, failures, std::exchange(slow_, 0));
}

bool ChannelGuard::tick(Instant now) {
  breaker_.tick(now);
  const BreakerState state = breaker_.state(now);
  return std::exchange(seen_, state) != state;
}

}  // namespace hawser
