#include <hawser/resilience/timeout_manager.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/wide.hpp>

#include <algorithm>
#include <limits>

namespace hawser {

TimeoutManager::TimeoutManager(const TimeoutConfig& config)
    : config_(config), slice_us_(std::max<std::int64_t>(config.window.count() / std::max(config.slices, 1u), 1)) {
  HAWSER_ASSERT(config.percentile_ppm >= 1 && config.percentile_ppm <= 1'000'000, "a percentile is 1 .. 1 000 000 ppm");
  HAWSER_ASSERT(config.factor_permille >= 1000, "a timeout is not below its percentile");
  HAWSER_ASSERT(config.margin >= Duration::zero(), "a margin is not negative");
  HAWSER_ASSERT(config.timeout_min > Duration::zero() && config.timeout_max >= config.timeout_min,
                "timeout_min is above zero and not above timeout_max");
  HAWSER_ASSERT(config.window > Duration::zero() && config.slices >= 1, "a window has a length and slices");
  HAWSER_ASSERT(config.operations_max >= 1, "a timeout manager knows at least one operation");
}

TimeoutManager::Operation& TimeoutManager::operation(std::uint64_t id, Instant now) {
  const std::int64_t slice = to_us(now) / slice_us_;
  auto found = operations_.find(id);
  if (found == operations_.end()) {
    if (operations_.size() >= config_.operations_max) {
      operations_.erase(std::min_element(operations_.begin(), operations_.end(),
                                         [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
    }
    found = operations_.try_emplace(id).first;
    found->second.slices.resize(config_.slices);
    found->second.slice = slice;
  }
  Operation& op = found->second;
  op.used = std::max(op.used, now);
  const auto count = static_cast<std::int64_t>(config_.slices);
  if (slice > op.slice) {
    const std::int64_t passed = slice - count >= op.slice ? count : slice - op.slice;
    for (std::int64_t i = 0; i < passed; ++i)
      op.slices[static_cast<std::size_t>(((slice - i) % count + count) % count)].clear();
    op.slice = slice;
    op.stale = true;
  }
  return op;
}

void TimeoutManager::merge(const Operation& op) {
  merged_.clear();
  for (const Histogram& slice : op.slices) merged_.merge(slice);
}

void TimeoutManager::refresh(Operation& op) {
  if (!op.stale) return;
  merge(op);
  op.known = op.known_at = merged_.count();
  op.percentile = merged_.quantile(config_.percentile_ppm);
  op.hedge = merged_.quantile(config_.hedge_ppm);
  op.stale = false;
}

void TimeoutManager::answered(std::uint64_t id, Instant now, Duration took, bool retried) {
  Operation& op = operation(id, now);
  op.timeouts_in_row = 0;
  if (retried && !mutant(Mutant::karn_off)) return;
  const auto count = static_cast<std::int64_t>(config_.slices);
  op.slices[static_cast<std::size_t>((op.slice % count + count) % count)].record(took);
  ++op.known;
  // Merging costs more than recording: do it when an eighth is new.
  if (op.known - op.known_at > op.known_at / 8) op.stale = true;
}

void TimeoutManager::timed_out(std::uint64_t id, Instant now, Duration waited) {
  Operation& op = operation(id, now);
  if (mutant(Mutant::timeout_jump_ignored)) return;
  if (op.timeouts_in_row < std::numeric_limits<std::uint32_t>::max()) ++op.timeouts_in_row;
  const auto count = static_cast<std::int64_t>(config_.slices);
  op.slices[static_cast<std::size_t>((op.slice % count + count) % count)].record(waited);
  ++op.known;
  op.stale = true;
}

Duration TimeoutManager::clamped(Duration timeout) const noexcept {
  return std::clamp(timeout, config_.timeout_min, config_.timeout_max);
}

Duration TimeoutManager::timeout(std::uint64_t id, Instant now) {
  return config_.observe_only ? clamped(config_.initial) : suggested(id, now);
}

LatencyPercentiles TimeoutManager::percentiles(std::uint64_t id, Instant now) {
  merge(operation(id, now));
  return {merged_.count(), merged_.quantile_permille(500), merged_.quantile_permille(950),
          merged_.quantile_permille(990)};
}

Duration TimeoutManager::suggested(std::uint64_t id, Instant now) {
  Operation& op = operation(id, now);
  refresh(op);
  Duration base = config_.initial;
  if (op.known >= config_.samples_min) {
    const Duration scaled{scale_permille(op.percentile.count(), config_.factor_permille)};
    base = scaled > forever - config_.margin ? forever : scaled + config_.margin;
  }
  base = clamped(base);
  // Doubled for each timeout in a row; 63 doublings pass any bound.
  for (std::uint32_t i = 0; i < std::min(op.timeouts_in_row, 63u) && base < config_.timeout_max; ++i) {
    base = clamped(Duration{scale_permille(base.count(), 2000)});
  }
  return base;
}

Duration TimeoutManager::hedge_after(std::uint64_t id, Instant now) {
  Operation& op = operation(id, now);
  refresh(op);
  return op.known >= config_.samples_min ? op.hedge : forever;
}

std::uint64_t TimeoutManager::samples(std::uint64_t id, Instant now) {
  Operation& op = operation(id, now);
  refresh(op);
  return op.known;
}

}  // namespace hawser
