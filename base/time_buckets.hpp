// Counts of durations in twenty fixed buckets, each twice as wide as the one before: what a scrape reads as a
// histogram.
//
// Bounds are 64 us, 128 us .. 33.6 s, and all above. Invariants: no memory beyond the object, recording is one
// increment and one addition, counts and sum never go down, two of them add up without loss. Integers only. Not thread
// safe. For exact quantiles there is Histogram, which allocates.
#pragma once

#include <hawser/base/time.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace hawser {

class TimeBuckets {
 public:
  static constexpr std::size_t bounded = 20;  // buckets with an upper bound; one more has none

  // The largest duration that bucket `at` takes. REQUIRES: at < bounded.
  static constexpr Duration bound(std::size_t at) noexcept { return Duration{std::int64_t{64} << at}; }

  // A negative duration counts as zero.
  void record(Duration value) noexcept {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
    ++counts_[bucket_of(us)];
    sum_ += us;
  }
  TimeBuckets& operator+=(const TimeBuckets& other) noexcept {
    for (std::size_t at = 0; at < counts_.size(); ++at) counts_[at] += other.counts_[at];
    sum_ += other.sum_;
    return *this;
  }

  // How many fell into bucket `at` alone. REQUIRES: at <= bounded.
  std::uint64_t in_bucket(std::size_t at) const noexcept { return counts_[at]; }
  std::uint64_t count() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t each : counts_) all += each;
    return all;
  }
  // Modulo 2^64 microseconds: 580 000 years.
  Duration sum() const noexcept { return Duration{static_cast<std::int64_t>(sum_)}; }

  friend bool operator==(const TimeBuckets&, const TimeBuckets&) = default;

 private:
  static constexpr std::size_t bucket_of(std::uint64_t us) noexcept {
    constexpr std::size_t first_bits = 6;  // 64 us
    const auto bits = static_cast<std::size_t>(std::bit_width(us == 0 ? us : us - 1));
    return bits <= first_bits ? 0 : std::min(bits - first_bits, bounded);
  }

  std::array<std::uint64_t, bounded + 1> counts_{};
  std::uint64_t sum_ = 0;
};

}  // namespace hawser
