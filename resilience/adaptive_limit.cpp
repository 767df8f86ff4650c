#include <hawser/resilience/adaptive_limit.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/wide.hpp>
#include <hawser/resilience/coherence.hpp>

#include <algorithm>

namespace hawser {
namespace {

// Longer than any call that matters; keeps products of latencies within 64 bits.
constexpr std::int64_t latency_max_us = 60'000'000;
constexpr int correlated = 50;  // hundredths

std::uint64_t square_root(std::uint64_t value) noexcept {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    const std::uint64_t tried = root | bit;
    if (Uint128{tried} * tried <= value) root = tried;
  }
  return root;
}

}  // namespace

AdaptiveLimit::AdaptiveLimit(const AdaptiveLimitConfig& config, Instant now)
    : config_(config), limit_(config.limit_initial), window_began_(now) {
  HAWSER_ASSERT(problems_of(config).empty(), "an adaptive limit's configuration is coherent");
}

void AdaptiveLimit::sample(Instant now, Duration took, std::uint32_t in_flight, bool overloaded) {
  // After a silence a window begins with the first call: closed by its first few ends alone it would know only the
  // quickest of those under way, and take them for the baseline.
  if (latencies_.empty()) window_began_ = std::max(window_began_, now);
  latencies_.record(std::clamp(took, Duration::zero(), Duration{latency_max_us}));
  in_flight_sum_ += in_flight;
  in_flight_max_ = std::max(in_flight_max_, in_flight);
  overloaded_ += overloaded ? 1 : 0;
  if (latencies_.count() >= config_.samples_min && now >= later(window_began_, config_.window)) close(now);
}

int AdaptiveLimit::correlation() const noexcept {
  const std::size_t known = std::min(windows_seen_, history);
  if (known < history / 2) return 0;
  std::int64_t mean_x = 0;
  std::int64_t mean_y = 0;
  for (std::size_t i = 0; i < known; ++i) {
    mean_x += windows_[i].in_flight;
    mean_y += windows_[i].latency;
  }
  mean_x /= static_cast<std::int64_t>(known);
  mean_y /= static_cast<std::int64_t>(known);
  std::int64_t products = 0;
  std::uint64_t squares_x = 0;
  std::uint64_t squares_y = 0;
  for (std::size_t i = 0; i < known; ++i) {
    const std::int64_t dx = windows_[i].in_flight - mean_x;
    const std::int64_t dy = windows_[i].latency - mean_y;
    products += dx * dy;
    squares_x += static_cast<std::uint64_t>(dx * dx);
    squares_y += static_cast<std::uint64_t>(dy * dy);
  }
  const std::uint64_t scale = square_root(squares_x) * square_root(squares_y);
  if (scale == 0) return 0;
  const auto size = multiply_divide(static_cast<std::uint64_t>(products < 0 ? -products : products), 100, scale);
  const int hundredths = static_cast<int>(std::min<std::uint64_t>(size, 100));
  return products < 0 ? -hundredths : hundredths;
}

void AdaptiveLimit::learn_baseline(Duration latency) {
  if (baseline_ == Duration::zero() || latency <= baseline_) {
    baseline_ = std::max(latency, Duration{1});
    unmet_ = 0;
    return;
  }
  if (latency.count() <= scale_permille(baseline_.count(), config_.tolerance_permille)) {
    unmet_ = 0;
    return;
  }
  // Slower than it was for long: believed only when it is not our own doing, and then by a quarter of the way.
  if (++unmet_ < config_.baseline_windows) return;
  if (correlation() >= correlated && !mutant(Mutant::limit_creeps)) return;
  baseline_ += std::max((latency - baseline_) / 4, Duration{1});
}

void AdaptiveLimit::close(Instant now) {
  const Duration latency = std::max(latencies_.quantile_permille(500), Duration{1});
  const std::uint64_t calls = latencies_.count();
  windows_[windows_seen_++ % history] = {static_cast<std::int64_t>(in_flight_sum_ * 16 / calls), latency.count()};
  learn_baseline(latency);

  const std::uint32_t before = limit_;
  const std::uint64_t step = std::max<std::uint64_t>(square_root(limit_), 1);
  const std::int64_t bearable = scale_permille(baseline_.count(), config_.tolerance_permille);
  std::uint64_t next = limit_;
  if (overloaded_ * 10 >= calls) {
    next = static_cast<std::uint64_t>(scale_permille(limit_, config_.backoff_permille));
    if (next == limit_) --next;
  } else if (latency.count() > bearable) {
    // The gradient: the share of the time that was not spent waiting.
    next = multiply_divide(limit_, static_cast<std::uint64_t>(bearable), static_cast<std::uint64_t>(latency.count()));
    next = std::max<std::uint64_t>(next, limit_ / 2);
  } else if (std::uint64_t{in_flight_max_} * 10 >= std::uint64_t{limit_} * 8) {
    // Only a limit that was nearly reached is too small, and only where more concurrency costs no latency.
    const std::uint64_t queue = multiply_divide(
        limit_, static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count() - baseline_.count(), 0)),
        static_cast<std::uint64_t>(latency.count()));
    if (queue <= step) next = limit_ + step;
  }
  const std::uint64_t least = mutant(Mutant::limit_below_minimum) ? 1 : config_.limit_min;
  limit_ = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(next, least, config_.limit_max));
  raised_ += limit_ > before ? 1 : 0;
  lowered_ += limit_ < before ? 1 : 0;

  latencies_.clear();
  in_flight_sum_ = in_flight_max_ = 0;
  overloaded_ = 0;
  window_began_ = now;
}

}  // namespace hawser
