// The last intervals between heartbeat replies, with their exact mean and deviation.
//
// Invariants: sums are integers of microseconds, so the answer does not depend on the order of additions and never
// drifts; adding is O(1); between 1 and `capacity` intervals are held. The window starts with a few made-up intervals
// around the configured one, so that the first heartbeats count; they age out like all others.
#pragma once

#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>
#include <hawser/base/wide.hpp>

#include <cstddef>
#include <cstdint>

namespace hawser {

class HeartbeatWindow {
 public:
  // Intervals above this are recorded as this; 71 minutes.
  static constexpr Duration interval_max{UINT32_MAX};

  // Starts with `bootstrap_count` intervals, alternately expected - deviation and expected + deviation.
  // REQUIRES: capacity >= bootstrap_count, 0 <= deviation <= expected.
  HeartbeatWindow(std::size_t capacity, Duration expected, Duration deviation);
  static constexpr std::size_t bootstrap_count = 8;

  void add(Duration interval);

  Duration mean() const noexcept;
  // Of the population, rounded down.
  Duration deviation() const noexcept { return deviation_; }
  std::size_t size() const noexcept { return intervals_.size(); }
  std::size_t capacity() const noexcept { return capacity_; }

  // How many held intervals are longer. O(size).
  std::size_t count_above(Duration interval) const noexcept;
  // The held intervals from the longest down: 0 gives the longest, 1 the next, ties counted one by one. O(size).
  // REQUIRES: rank < size().
  Duration longest(std::size_t rank) const;

 private:
  Ring<std::uint32_t> intervals_;
  std::size_t capacity_;
  std::uint64_t sum_ = 0;
  Uint128 sum_of_squares_ = 0;
  Duration deviation_{0};  // asked for many times between two intervals
};

}  // namespace hawser
