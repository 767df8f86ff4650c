// How old is what arrives: time spent on the way, by the sender's session clock and ours, without comparing wall
// clocks.
//
// A sample is arrival (our clock) minus sent_at (the sender's session clock): the unknown offset of the two clocks plus
// the time on the way, so the smallest one belongs to the fastest trip. Only samples that answered something of ours
// within a known round trip are believed: a jammed first message cannot pose as a fast one. What arrives later than the
// smallest confirmed sample allows has been under way for longer by just that much, and is charged it. Error: one base
// one-way delay, plus what both clocks drift from one prompt trip to the next; a silence counts as `trusted` at most,
// so that it forgives nothing. Where every trip waits in a queue, that wait and the drift since the last prompt one
// cannot be told apart: the error grows to the lesser of the two. A clock that jumped is noticed by the next confirmed
// trip. Pure.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>

namespace hawser {

class SessionClock {
 public:
  // `drift_ppm`: bound on the rate error of one clock, millionths. `trusted`: how long after a confirmed trip the next
  // one is due at the latest while the peer answers.
  explicit SessionClock(std::uint32_t drift_ppm, Duration trusted = Duration{2'000'000}) noexcept
      : drift_ppm_(drift_ppm), trusted_(trusted) {}

  // A frame that answers ours has arrived: `round_trip` since we sent what it answers.
  void confirm(std::int64_t sent_at, Instant arrival, Duration round_trip) noexcept;
  // A trip was confirmed lately: ages can be told.
  bool confirmed(Instant now) const noexcept { return confirmed_ && now <= later(confirmed_at_, trusted_); }

  // How long a frame was under way beyond the base delay. Zero before any sample is confirmed.
  Duration charge(std::int64_t sent_at, Instant arrival) const noexcept;

  Duration round_trip_min() const noexcept { return round_trip_min_; }
  // Smoothed as in RFC 6298 (one eighth of each new sample).
  Duration round_trip() const noexcept { return round_trip_smoothed_; }

 private:
  std::int64_t drift(Duration age) const noexcept;
  std::int64_t base_offset(Instant now) const noexcept;

  std::uint32_t drift_ppm_;
  Duration trusted_;
  bool confirmed_ = false;
  std::int64_t best_offset_ = 0;  // the smallest sample, each aged by the drift since
  Instant best_at_{};
  Instant confirmed_at_{};  // the last confirmed trip, the fastest or not
  Duration round_trip_min_{forever};
  Duration round_trip_smoothed_{0};
};

}  // namespace hawser
