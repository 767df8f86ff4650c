#include <hawser/detector/heartbeat_window.hpp>

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace hawser {
namespace {

// The square root, rounded down. IEEE demands a correctly rounded sqrt, so this is the same everywhere.
std::uint64_t integer_root(std::uint64_t value) noexcept {
  auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(value)));
  root = std::min<std::uint64_t>(root, UINT32_MAX);
  while (root > 0 && root * root > value) --root;
  while (root < UINT32_MAX && (root + 1) * (root + 1) <= value) ++root;
  return root;
}

}  // namespace

HeartbeatWindow::HeartbeatWindow(std::size_t capacity, Duration expected, Duration deviation) : capacity_(capacity) {
  HAWSER_ASSERT(capacity >= bootstrap_count, "a heartbeat window has room for its bootstrap");
  HAWSER_ASSERT(deviation >= Duration::zero() && deviation <= expected, "a bootstrap deviation is within its interval");
  intervals_.reserve(capacity);
  for (std::size_t i = 0; i < bootstrap_count; ++i) add(i % 2 == 0 ? expected - deviation : expected + deviation);
}

void HeartbeatWindow::add(Duration interval) {
  if (intervals_.size() == capacity_) {
    const std::uint64_t oldest = intervals_.take_front();
    sum_ -= oldest;
    sum_of_squares_ -= Uint128{oldest} * oldest;
  }
  const auto newest = static_cast<std::uint64_t>(std::clamp(interval, Duration::zero(), interval_max).count());
  intervals_.push_back(static_cast<std::uint32_t>(newest));
  sum_ += newest;
  sum_of_squares_ += Uint128{newest} * newest;
  // n x sum of squares - square of the sum is n^2 times the variance, and never negative (Cauchy and Schwarz).
  const Uint128 n = intervals_.size();
  const Uint128 variance = (n * sum_of_squares_ - Uint128{sum_} * sum_) / (n * n);
  deviation_ = Duration{static_cast<std::int64_t>(integer_root(static_cast<std::uint64_t>(variance)))};
}

Duration HeartbeatWindow::mean() const noexcept {
  return Duration{static_cast<std::int64_t>((sum_ + intervals_.size() / 2) / intervals_.size())};
}

std::size_t HeartbeatWindow::count_above(Duration interval) const noexcept {
  std::size_t above = 0;
  for (std::size_t i = 0; i < intervals_.size(); ++i) above += intervals_[i] > interval.count() ? 1u : 0u;
  return above;
}

Duration HeartbeatWindow::longest(std::size_t rank) const {
  HAWSER_ASSERT(rank < intervals_.size(), "a rank within the window");
  std::vector<std::uint32_t> sorted(intervals_.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i] = intervals_[i];
  const auto place = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(sorted.begin(), place, sorted.end(), std::greater<>{});
  return Duration{*place};
}

}  // namespace hawser
