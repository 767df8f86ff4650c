#include <hawser/detector/phi_accrual.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>

#include <algorithm>

namespace hawser {
namespace {

PhiConfig checked(PhiConfig config) {
  HAWSER_ASSERT(config.interval > Duration::zero(), "a heartbeat interval is above zero");
  HAWSER_ASSERT(config.acceptable_pause >= Duration::zero(), "an acceptable pause is not negative");
  if (config.deviation_min <= Duration::zero()) {
    config.deviation_min = std::max<Duration>(config.interval / 10, std::chrono::milliseconds{5});
  }
  return config;
}

// Down to six decimals, so that phi does not reach a threshold before its microsecond; the allowance is a thousand
// times the error of the tail, so that it does reach it in that microsecond.
double rounded(double phi) noexcept {
  if (phi >= 1e9) return phi;  // the sixth decimal is noise already
  return static_cast<double>(static_cast<std::int64_t>((phi + 1e-9) * 1e6)) / 1e6;
}

// Binary digits of log10 by squaring, which doubles a logarithm: no libm, so the same bits everywhere.
// REQUIRES: numerator >= denominator > 0.
double log10_ratio(std::size_t numerator, std::size_t denominator) noexcept {
  double result = 0.0;
  auto x = static_cast<double>(numerator) / static_cast<double>(denominator);
  while (x >= 10.0) {
    x /= 10.0;
    result += 1.0;
  }
  double digit = 0.5;
  for (int bit = 0; bit < 40; ++bit, digit *= 0.5) {
    x *= x;
    if (x >= 10.0) {
      x /= 10.0;
      result += digit;
    }
  }
  return result;
}

// Above the logarithm to base ten of `number`: how many digits it has.
double digits(std::size_t number) noexcept {
  double count = 1.0;
  for (; number >= 10; number /= 10) count += 1.0;
  return count;
}

}  // namespace

PhiAccrualDetector::PhiAccrualDetector(const PhiConfig& config, Instant started)
    : config_(checked(config)), window_(config.window, config.interval, config.interval / 4), last_(started) {}

void PhiAccrualDetector::heartbeat(Instant now) {
  if (!skip_next_) {
    const Duration interval{silence_us(now)};
    window_.add(interval);
    longest_ = std::max(longest_, interval);
  }
  skip_next_ = false;
  last_ = std::max(last_, now);
  ++heartbeats_;
}

void PhiAccrualDetector::outage_over(Instant now) {
  if (mutant(Mutant::outage_in_window)) return heartbeat(now);
  last_ = std::max(last_, now);
  skip_next_ = true;
  ++outages_;
}

void PhiAccrualDetector::excuse(Duration stall) {
  if (stall <= Duration::zero()) return;
  last_ = later(last_, stall);
  skip_next_ = true;
}

std::int64_t PhiAccrualDetector::silence_us(Instant now) const noexcept {
  if (now <= last_) return 0;
  // Instants of both signs: the difference may need more than 63 bits.
  const auto silence = static_cast<std::uint64_t>(to_us(now)) - static_cast<std::uint64_t>(to_us(last_));
  return static_cast<std::int64_t>(std::min<std::uint64_t>(silence, INT64_MAX));
}

Duration PhiAccrualDetector::deviation() const noexcept { return std::max(config_.deviation_min, window_.deviation()); }

double PhiAccrualDetector::phi_gaussian(Instant now) const noexcept {
  const std::int64_t silence = silence_us(now);
  if (silence <= config_.acceptable_pause.count()) return 0.0;
  const auto excess = static_cast<double>(silence - config_.acceptable_pause.count() - window_.mean().count());
  return rounded(normal_tail_phi(excess / static_cast<double>(deviation().count())));
}

double PhiAccrualDetector::phi_empirical(Instant now) const noexcept {
  const std::int64_t silence = silence_us(now);
  if (silence <= config_.acceptable_pause.count()) return 0.0;
  const std::size_t longer = window_.count_above(Duration{silence} - config_.acceptable_pause);
  return rounded(log10_ratio(window_.size() + 1, longer + 1));
}

double PhiAccrualDetector::phi(Instant now) const noexcept { return std::max(phi_gaussian(now), phi_empirical(now)); }

Duration PhiAccrualDetector::silence_until(const PhiThreshold& threshold) const {
  const double spread = threshold.deviations() * static_cast<double>(deviation().count());
  auto spread_us = static_cast<std::int64_t>(spread);
  if (static_cast<double>(spread_us) < spread) ++spread_us;
  // Not before the pause is used up: up to there phi is zero by definition.
  std::int64_t excess = std::max<std::int64_t>(window_.mean().count() + spread_us, 1);
  // The empirical tail reaches the threshold when few enough intervals are longer, if the window is large enough at
  // all.
  const std::size_t all = window_.size() + 1;
  if (digits(all) > threshold.phi() && rounded(log10_ratio(all, 1)) >= threshold.phi()) {
    std::size_t longer = 0;
    while (longer + 1 < all && rounded(log10_ratio(all, longer + 2)) >= threshold.phi()) ++longer;
    // At most `longer` intervals may be longer than the silence: the one of that rank must not be.
    if (longer < window_.size()) excess = std::min(excess, std::max<std::int64_t>(window_.longest(longer).count(), 1));
  }
  return until(Instant{}, later(later(Instant{}, config_.acceptable_pause), Duration{excess}));
}

Instant PhiAccrualDetector::suspect_at(const PhiThreshold& threshold) const {
  if (mutant(Mutant::phi_never_suspects)) return never;
  if (mutant(Mutant::phi_suspects_all)) return later(last_, config_.interval / 2);
  return later(last_, silence_until(threshold));
}

}  // namespace hawser
