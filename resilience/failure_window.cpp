#include <hawser/resilience/failure_window.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>

#include <algorithm>

namespace hawser {
namespace {

constexpr std::uint8_t failed_mark = 1;
constexpr std::uint8_t slow_mark = 2;

// Towards minus infinity, so that buckets around zero are as long as all others.
std::int64_t floor_divide(std::int64_t a, std::int64_t b) noexcept {
  const std::int64_t quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}

}  // namespace

CountWindow::CountWindow(std::size_t size) {
  HAWSER_ASSERT(size > 0, "a count window holds at least one call");
  marks_.resize(size);
}

void CountWindow::add(bool failed, bool slow) {
  std::uint8_t& mark = marks_[next_];
  if (counts_.calls == marks_.size()) {
    counts_.failures -= (mark & failed_mark) != 0 ? 1 : 0;
    counts_.slow -= (mark & slow_mark) != 0 ? 1 : 0;
  } else {
    ++counts_.calls;
  }
  mark = static_cast<std::uint8_t>((failed ? failed_mark : 0) | (slow ? slow_mark : 0));
  counts_.failures += failed ? 1 : 0;
  counts_.slow += slow ? 1 : 0;
  next_ = (next_ + 1) % marks_.size();
}

void CountWindow::clear() noexcept {
  counts_ = {};
  next_ = 0;
}

TimeWindow::TimeWindow(Duration length, std::size_t buckets) : bucket_us_(1) {
  HAWSER_ASSERT(length > Duration::zero(), "a time window has a length");
  HAWSER_ASSERT(buckets > 0, "a time window has buckets");
  buckets_.resize(buckets);
  bucket_us_ = std::max<std::int64_t>(length.count() / static_cast<std::int64_t>(buckets), 1);
}

void TimeWindow::advance(Instant now) {
  const std::int64_t number = floor_divide(to_us(now), bucket_us_);
  if (number <= current_) return;
  const auto count = static_cast<std::int64_t>(buckets_.size());
  if (current_ == INT64_MIN || number - count >= current_) {
    clear();
  } else {
    for (std::int64_t passed = current_ + (mutant(Mutant::window_edge) ? 2 : 1); passed <= number; ++passed) {
      WindowCounts& oldest = buckets_[static_cast<std::size_t>((passed % count + count) % count)];
      sum_.calls -= oldest.calls;
      sum_.failures -= oldest.failures;
      sum_.slow -= oldest.slow;
      oldest = {};
    }
  }
  current_ = number;
}

void TimeWindow::add(Instant now, const WindowCounts& some) {
  advance(now);
  const auto count = static_cast<std::int64_t>(buckets_.size());
  WindowCounts& bucket = buckets_[static_cast<std::size_t>((current_ % count + count) % count)];
  for (WindowCounts* target : {&bucket, &sum_}) {
    target->calls += some.calls;
    target->failures += some.failures;
    target->slow += some.slow;
  }
}

const WindowCounts& TimeWindow::counts(Instant now) {
  advance(now);
  return sum_;
}

void TimeWindow::clear() noexcept {
  std::fill(buckets_.begin(), buckets_.end(), WindowCounts{});
  sum_ = {};
}

}  // namespace hawser
