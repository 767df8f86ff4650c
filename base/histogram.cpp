#include <hawser/base/histogram.hpp>

#include <hawser/base/wide.hpp>

#include <algorithm>
#include <bit>

namespace hawser {
namespace {

// Every power of two from 128 us up is cut into 64 buckets; below, a bucket holds one value.
constexpr unsigned precision_bits = 6;
constexpr std::uint64_t per_octave = std::uint64_t{1} << precision_bits;
constexpr auto sum_max = static_cast<std::uint64_t>(INT64_MAX);

std::size_t bucket_of(std::uint64_t value) noexcept {
  if (value < 2 * per_octave) return static_cast<std::size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - precision_bits - 1;
  return static_cast<std::size_t>(shift * per_octave + (value >> shift));
}

// The largest value that falls into the bucket.
std::uint64_t upper_edge(std::size_t bucket) noexcept {
  if (bucket < 2 * per_octave) return bucket;
  const std::uint64_t shift = bucket / per_octave - 1;
  const std::uint64_t mantissa = bucket - shift * per_octave;
  return ((mantissa + 1) << shift) - 1;
}

std::uint64_t add_saturating(std::uint64_t a, std::uint64_t b) noexcept { return b > sum_max - a ? sum_max : a + b; }

}  // namespace

void Histogram::record(Duration value, std::uint64_t times) {
  if (times == 0) return;
  const std::int64_t us = std::max<std::int64_t>(value.count(), 0);
  const std::size_t bucket = bucket_of(static_cast<std::uint64_t>(us));
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  buckets_[bucket] += times;
  min_ = count_ == 0 ? us : std::min(min_, us);
  max_ = std::max(max_, us);
  count_ += times;
  sum_ = add_saturating(sum_, std::min(sum_max, multiply_divide(static_cast<std::uint64_t>(us), times, 1)));
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
  for (std::size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  sum_ = add_saturating(sum_, other.sum_);
}

void Histogram::clear() noexcept {
  std::fill(buckets_.begin(), buckets_.end(), std::uint64_t{0});
  count_ = sum_ = 0;
  min_ = max_ = 0;
}

Duration Histogram::quantile(std::uint64_t ppm) const noexcept {
  if (count_ == 0) return Duration::zero();
  if (ppm == 0) return min();
  if (ppm >= 1'000'000) return max();
  // Rounded up: the median of three values is the second.
  const Uint128 scaled = Uint128{count_} * ppm + 999'999;
  const auto rank = static_cast<std::uint64_t>(scaled / 1'000'000);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return Duration{std::clamp(static_cast<std::int64_t>(upper_edge(i)), min_, max_)};
  }
  return max();
}

Duration Histogram::mean() const noexcept {
  return count_ == 0 ? Duration::zero() : Duration{static_cast<std::int64_t>(sum_ / count_)};
}

std::uint64_t Histogram::count_at_most(Duration limit) const noexcept {
  if (limit < Duration::zero()) return 0;
  const std::size_t last = bucket_of(static_cast<std::uint64_t>(limit.count()));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size() && i <= last; ++i) seen += buckets_[i];
  return seen;
}

bool operator==(const Histogram& a, const Histogram& b) {
  if (a.count_ != b.count_ || a.sum_ != b.sum_ || a.min_ != b.min_ || a.max_ != b.max_) return false;
  // Trailing zeros are memory kept from before, not a difference.
  const auto at = [](const Histogram& h, std::size_t i) { return i < h.buckets_.size() ? h.buckets_[i] : 0; };
  for (std::size_t i = 0; i < std::max(a.buckets_.size(), b.buckets_.size()); ++i) {
    if (at(a, i) != at(b, i)) return false;
  }
  return true;
}

}  // namespace hawser
