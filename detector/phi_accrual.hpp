// Suspicion of one peer as a number: phi = -log10 of the chance that a live peer is silent for as long as this one.
//
// After "The phi accrual failure detector" (Hayashibara et al., 2004), with the tail computed exactly. Fed with the
// arrival of heartbeat *replies*: mere arrivals of late requests are no evidence. Suspicion is the larger of two
// numbers: the Gaussian phi of the window's mean and deviation, and the empirical phi, counted in the window itself,
// which keeps low thresholds honest when a few long gaps have blown up the deviation. The empirical one ends at
// log10(window + 1).
//
// Invariants: phi is finite, never negative, and never falls in silence. suspect_at is its inverse, in whole
// microseconds and the same on every compiler; decide by suspect_at, show phi. Intervals seen while the peer is
// suspected are recorded like all others (leaving them out would censor the window: 59 % of mistakes where 10 % were
// promised); the gap of an outage is not (it would poison it), see outage_over. Not thread safe.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/detector/heartbeat_window.hpp>
#include <hawser/detector/normal_tail.hpp>

#include <cstddef>
#include <cstdint>

namespace hawser {

struct PhiConfig {
  Duration interval{200'000};          // between heartbeats; above 0
  Duration acceptable_pause{400'000};  // silence on top of the mean that counts nothing: two intervals, so that one
                                       // lost reply and its successor's delay are no news; 0 ..
  Duration deviation_min{0};           // floor of the deviation; 0 means max(10 % of the interval, 5 ms)
  std::size_t window = 500;            // intervals remembered; 8 .., sensibly 200 .. 1000; 4 bytes each
};

class PhiAccrualDetector {
 public:
  // Silence counts from `started`. REQUIRES: interval > 0, acceptable_pause >= 0, window >= 8.
  PhiAccrualDetector(const PhiConfig& config, Instant started);

  // A reply has arrived. Time standing still or running backwards counts as an interval of zero.
  void heartbeat(Instant now);
  // An outage ends here (a connection is back, a conviction is lifted, we ourselves were asleep): silence counts from
  // now, and the gap up to the next heartbeat is not recorded.
  void outage_over(Instant now);
  // Our own clockwork stood still for so long: that much silence is nobody's fault. The running gap is not recorded.
  void excuse(Duration stall);

  // For eyes: 0 while the pause is not used up, then rising without bound; six decimals, rounded down.
  double phi(Instant now) const noexcept;
  double phi_gaussian(Instant now) const noexcept;
  double phi_empirical(Instant now) const noexcept;

  // The first microsecond in which phi is at least the threshold, if nothing is heard; `never` past the end of time.
  // O(1) for thresholds above log10(window + 1), O(window) for lower ones.
  Instant suspect_at(const PhiThreshold& threshold) const;
  // The silence after which that happens: mean + pause + z(threshold) x deviation, or less by the empirical tail.
  Duration silence_until(const PhiThreshold& threshold) const;

  Instant last_heard() const noexcept { return last_; }
  Duration mean() const noexcept { return window_.mean(); }
  // With its floor applied.
  Duration deviation() const noexcept;
  std::uint64_t heartbeats() const noexcept { return heartbeats_; }
  std::uint64_t outages() const noexcept { return outages_; }
  // Of all intervals that were ever counted.
  Duration longest() const noexcept { return longest_; }
  const PhiConfig& config() const noexcept { return config_; }
  const HeartbeatWindow& window() const noexcept { return window_; }

 private:
  std::int64_t silence_us(Instant now) const noexcept;

  PhiConfig config_;
  HeartbeatWindow window_;
  Instant last_;
  Duration longest_{0};
  bool skip_next_ = false;
  std::uint64_t heartbeats_ = 0;
  std::uint64_t outages_ = 0;
};

}  // namespace hawser
