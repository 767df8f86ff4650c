#include <hawser/interconnect/session_clock.hpp>

#include <algorithm>

namespace hawser {

void SessionClock::confirm(std::int64_t sent_at, Instant arrival, Duration round_trip) noexcept {
  const Sample sample{to_us(arrival) - sent_at, arrival};
  round_trip_min_ = std::min(round_trip_min_, round_trip);
  round_trip_smoothed_ =
      samples_used_ == 0 ? round_trip : round_trip_smoothed_ + (round_trip - round_trip_smoothed_) / 8;
  if (samples_used_ == 0) {
    samples_[0] = sample;
    samples_used_ = 1;
    newest_ = 0;
    period_began_ = arrival;
    return;
  }
  if (arrival - period_began_ >= period) {
    newest_ = (newest_ + 1) % period_count;
    samples_used_ = std::min(samples_used_ + 1, period_count);
    samples_[newest_] = sample;
    period_began_ = arrival;
    return;
  }
  if (sample.offset < samples_[newest_].offset) samples_[newest_] = sample;
}

std::int64_t SessionClock::base_offset(Instant now) const noexcept {
  // An old sample may have become too small or too large by the drift of both clocks; the larger reading is the one that
  // never accuses a punctual frame.
  const auto aged = [&](const Sample& sample) {
    return sample.offset + (to_us(now) - to_us(sample.at)) * 2 * static_cast<std::int64_t>(drift_ppm_) / 1'000'000;
  };
  std::int64_t best = aged(samples_[0]);
  for (std::size_t i = 1; i < samples_used_; ++i) best = std::min(best, aged(samples_[i]));
  return best;
}

Duration SessionClock::charge(std::int64_t sent_at, Instant arrival) const noexcept {
  if (!confirmed()) return Duration::zero();
  const std::int64_t late = to_us(arrival) - sent_at - base_offset(arrival);
  return Duration{std::max<std::int64_t>(late, 0)};
}

}  // namespace hawser
