// How old is what arrives: time spent on the way, by the sender's session clock and ours, without comparing wall
// clocks.
//
// A sample is arrival (our clock) minus sent_at (the sender's session clock). It is the unknown offset of the two
// clocks plus the time on the way, so the smallest one belongs to the fastest trip. Only samples that answered
// something of ours within a known round trip are believed: a jammed first message cannot pose as a fast one. What
// arrives later than the smallest confirmed sample allows has been under way for longer by just that much, and is
// charged it. Error: one base one-way delay, plus the drift of the two clocks since the sample. Pure.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>

namespace hawser {

class SessionClock {
 public:
  // `drift_ppm`: bound on the rate error of one clock, millionths.
  explicit SessionClock(std::uint32_t drift_ppm) noexcept : drift_ppm_(drift_ppm) {}

  // A frame that answers ours has arrived: `round_trip` since we sent what it answers.
  void confirm(std::int64_t sent_at, Instant arrival, Duration round_trip) noexcept;
  bool confirmed() const noexcept { return confirmed_; }

  // How long a frame was under way beyond the base delay. Zero before any sample is confirmed.
  Duration charge(std::int64_t sent_at, Instant arrival) const noexcept;

  Duration round_trip_min() const noexcept { return round_trip_min_; }
  // Smoothed as in RFC 6298 (one eighth of each new sample).
  Duration round_trip() const noexcept { return round_trip_smoothed_; }

 private:
  std::int64_t base_offset(Instant now) const noexcept;

  std::uint32_t drift_ppm_;
  bool confirmed_ = false;
  std::int64_t best_offset_ = 0;  // the smallest sample, each aged by the drift since
  Instant best_at_{};
  Duration round_trip_min_{forever};
  Duration round_trip_smoothed_{0};
};

}  // namespace hawser
