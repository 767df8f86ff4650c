// Counts of durations in log-linear buckets (the idea of HdrHistogram): exact below 128 us, above that within 1/64.
//
// Invariants: integers only, so equal inputs give equal answers everywhere; memory grows to the largest value seen and
// never past 30 kB; recording is O(1); two histograms merge without loss. Not thread safe.
#pragma once

#include <hawser/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hawser {

class Histogram {
 public:
  // A negative duration counts as zero.
  void record(Duration value) { record(value, 1); }
  void record(Duration value, std::uint64_t times);
  void merge(const Histogram& other);
  // Forgets the values and keeps the memory.
  void clear() noexcept;

  std::uint64_t count() const noexcept { return count_; }
  bool empty() const noexcept { return count_ == 0; }

  // The smallest recorded value such that `ppm` millionths of all are at or below it, rounded up by at most 1/64 and
  // never past max(). 0 gives min(), 1'000'000 and above max(). Zero when nothing was recorded.
  Duration quantile(std::uint64_t ppm) const noexcept;
  Duration quantile_permille(std::uint64_t permille) const noexcept { return quantile(permille * 1000); }

  // Exact. Zero when nothing was recorded.
  Duration min() const noexcept { return count_ == 0 ? Duration::zero() : Duration{min_}; }
  Duration max() const noexcept { return Duration{max_}; }
  // Exact up to a sum of 580 000 years.
  Duration mean() const noexcept;
  Duration sum() const noexcept { return Duration{static_cast<std::int64_t>(sum_)}; }
  // How many values were at or below `limit`, counted in whole buckets: at most 1/64 above it are included.
  std::uint64_t count_at_most(Duration limit) const noexcept;

  friend bool operator==(const Histogram&, const Histogram&);

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;  // saturates at the largest Duration
  std::int64_t min_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace hawser
