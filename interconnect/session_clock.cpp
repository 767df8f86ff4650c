#include <hawser/interconnect/session_clock.hpp>

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
  if (confirmed_ && offset > base_offset(arrival)) return;
  confirmed_ = true;
  best_offset_ = offset;
  best_at_ = arrival;
}

// With age the sample may have become too small or too large by the drift of both clocks; the larger reading is the one
// that never accuses a punctual frame.
std::int64_t SessionClock::base_offset(Instant now) const noexcept {
  const std::int64_t age_ms = std::max<std::int64_t>(to_us(now - best_at_), 0) / 1000 + 1;
  return best_offset_ + age_ms * 2 * static_cast<std::int64_t>(drift_ppm_) / 1000;
}

Duration SessionClock::charge(std::int64_t sent_at, Instant arrival) const noexcept {
  if (!confirmed()) return Duration::zero();
  const std::int64_t late = offset_of(sent_at, arrival) - base_offset(arrival);
  return Duration{std::max<std::int64_t>(late, 0)};
}

}  // namespace hawser
