#include <hawser/interconnect/session_clock.hpp>

#include <hawser/base/mutant.hpp>

#include <algorithm>

namespace hawser {
namespace {

// `sent_at` comes from the peer and may be anything; half the range leaves room to reckon with.
std::int64_t offset_of(std::int64_t sent_at, Instant arrival) noexcept {
  constexpr std::int64_t largest = std::int64_t{1} << 61;
  return to_us(arrival) - std::clamp(sent_at, -largest, largest);
}

}  // namespace

void SessionClock::confirm(std::int64_t sent_at, Instant arrival, Duration round_trip) noexcept {
  round_trip_min_ = std::min(round_trip_min_, round_trip);
  round_trip_smoothed_ = confirmed_ ? round_trip_smoothed_ + (round_trip - round_trip_smoothed_) / 8 : round_trip;
  const std::int64_t offset = offset_of(sent_at, arrival);
  const bool older_is_smaller = confirmed_ && offset > best_offset_ + drift(arrival - best_at_);
  // The way here took no longer than the round trip. If even that much earlier is later than the old sample allows, no
  // jam explains it: a clock has jumped, and the old sample is of the time before.
  const bool jumped = older_is_smaller && offset - to_us(round_trip) > best_offset_ + drift(arrival - best_at_);
  confirmed_ = true;
  confirmed_at_ = arrival;
  if (older_is_smaller && !jumped) return;
  best_offset_ = offset;
  best_at_ = arrival;
}

// What two clocks may have drifted apart in so long.
std::int64_t SessionClock::drift(Duration age) const noexcept {
  if (mutant(Mutant::drift_ignored)) return 0;
  const std::int64_t age_ms = std::max<std::int64_t>(to_us(age), 0) / 1000 + 1;
  return age_ms * 2 * static_cast<std::int64_t>(drift_ppm_) / 1000;
}

// With age the sample may have become too small or too large by the drift of both clocks. While trips are confirmed the
// larger reading is taken, the one that never accuses a punctual frame. Once none has been confirmed for longer than an
// answer may take, what arrives has been held up somewhere itself, and no more is forgiven it for that.
std::int64_t SessionClock::base_offset(Instant now) const noexcept {
  const Instant forgiven_until = later(confirmed_at_, trusted_);
  return best_offset_ + drift(std::min(now, forgiven_until) - best_at_);
}

Duration SessionClock::charge(std::int64_t sent_at, Instant arrival) const noexcept {
  if (!confirmed_ || mutant(Mutant::ttl_not_charged)) return Duration::zero();
  const std::int64_t late = offset_of(sent_at, arrival) - base_offset(arrival);
  return Duration{std::max<std::int64_t>(late, 0)};
}

}  // namespace hawser
