#include <hawser/resilience/rate_limiter.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/wide.hpp>
#include <hawser/resilience/coherence.hpp>

#include <algorithm>

namespace hawser {
namespace {

constexpr std::int64_t token = 1'000'000;

RateLimiterConfig bucket_of(const AdaptiveRateConfig& config) {
  HAWSER_ASSERT(problems_of(config).empty(), "an adaptive rate's configuration is coherent");
  return {config.rate_initial, config.burst, config.observe_only};
}

}  // namespace

RateLimiter::RateLimiter(const RateLimiterConfig& config, Instant now)
    : config_(config), parts_(config.burst * token), since_(now) {
  HAWSER_ASSERT(problems_of(config).empty(), "a rate limiter's configuration is coherent");
}

std::int64_t RateLimiter::parts_at(Instant now) const noexcept {
  if (now <= since_) return parts_;
  const std::int64_t saved_max = mutant(Mutant::burst_unbounded) ? config_.burst * 1'000'000 : config_.burst;
  const auto most = static_cast<std::uint64_t>(saved_max * token);
  const std::uint64_t grown = multiply_divide(static_cast<std::uint64_t>(to_us(now) - to_us(since_)),
                                              static_cast<std::uint64_t>(config_.rate_per_second), 1);
  const std::uint64_t missing = most - static_cast<std::uint64_t>(parts_);
  return grown >= missing ? static_cast<std::int64_t>(most) : parts_ + static_cast<std::int64_t>(grown);
}

bool RateLimiter::try_take(Instant now, std::int64_t tokens) noexcept {
  parts_ = parts_at(now);
  since_ = std::max(since_, now);
  if (tokens > config_.burst || parts_ < tokens * token) {
    ++refusals_;
    return config_.observe_only;
  }
  parts_ -= tokens * token;
  ++taken_;
  return true;
}

Duration RateLimiter::wait(Instant now, std::int64_t tokens) const noexcept {
  if (tokens > config_.burst) return forever;
  const std::int64_t missing = tokens * token - parts_at(now);
  if (missing <= 0) return Duration::zero();
  // Rounded up: after this long they are certainly there.
  return Duration{(missing + config_.rate_per_second - 1) / config_.rate_per_second};
}

void RateLimiter::set_rate(Instant now, std::int64_t per_second) {
  parts_ = parts_at(now);
  since_ = std::max(since_, now);
  config_.rate_per_second = per_second;
  HAWSER_ASSERT(problems_of(config_).empty(), "a rate is in range");
}

AdaptiveRateLimiter::AdaptiveRateLimiter(const AdaptiveRateConfig& config, Instant now)
    : config_(config), bucket_(bucket_of(config), now), step_began_(now) {}

bool AdaptiveRateLimiter::try_take(Instant now) {
  advance(now);
  const std::uint64_t before = bucket_.refusals();
  const bool passes = bucket_.try_take(now);
  refused_ += bucket_.refusals() - before;
  return passes;
}

void AdaptiveRateLimiter::record(Instant now, bool overloaded) {
  advance(now);
  ++ended_;
  overloaded_ += overloaded ? 1 : 0;
}

void AdaptiveRateLimiter::advance(Instant now) {
  if (now < later(step_began_, config_.step)) return;
  const std::int64_t rate = bucket_.rate();
  if (ended_ >= config_.samples_min && overloaded_ * 1000 >= ended_ * config_.overload_permille && overloaded_ > 0) {
    bucket_.set_rate(now, std::max(config_.rate_min, scale_permille(rate, config_.decrease_permille)));
    ++decreases_;
  } else if (refused_ > 0 && overloaded_ == 0) {
    // Only what was wanted is proved to be bearable.
    bucket_.set_rate(now, std::min(config_.rate_max, rate + std::min(config_.increase, config_.rate_max - rate)));
  }
  ended_ = overloaded_ = refused_ = 0;
  step_began_ = now;
}

}  // namespace hawser
