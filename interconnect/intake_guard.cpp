#include <hawser/interconnect/intake_guard.hpp>

#include <algorithm>
#include <utility>

namespace hawser {
namespace {

CascadeConfig cascade_of(const IntakeConfig& config) {
  CascadeConfig cascade;
  cascade.loop_lag_us = {config.lag_max.count() / 20, config.lag_max.count()};
  cascade.observe_only = config.observe_only;
  return cascade;
}

LoadShedderConfig shedder_of(const IntakeConfig& config) {
  LoadShedderConfig shedder;
  shedder.limit.limit_max = static_cast<std::uint32_t>(config.places);
  shedder.limit.limit_initial = std::min(shedder.limit.limit_initial, shedder.limit.limit_max);
  shedder.queue_max = static_cast<std::uint32_t>(config.line);
  shedder.target_min = Duration{3'600'000'000};  // never the newest first: a channel keeps its order
  shedder.observe_only = config.observe_only;
  return shedder;
}

}  // namespace

IntakeGuard::IntakeGuard(const IntakeConfig& config, Instant now)
    : guards_(config.guard),
      preventor_(cascade_of(config), now),
      line_(config.shed ? std::make_shared<IntakeLine>(shedder_of(config), now) : nullptr),
      next_(now) {}

Duration IntakeGuard::retry_after() const noexcept {
  const CascadeConfig defaults;
  return preventor_.level() >= CascadeLevel::limit ? defaults.hold : 2 * interval;
}

void IntakeGuard::lagged(Duration late) noexcept { late_ = std::max(late_, late); }

bool IntakeGuard::look(std::int64_t queue_permille, Instant now) {
  next_ = later(now, interval);
  PressureSignals signals;
  signals.queue_permille = queue_permille;
  signals.loop_lag_us = std::exchange(late_, Duration::zero()).count();
  signals.memory_permille = memory_.load(std::memory_order_relaxed);
  signals.downstream_permille = downstream_.load(std::memory_order_relaxed);
  const std::uint64_t before = preventor_.transitions();
  preventor_.update(signals, now);
  if (line_ != nullptr && guards_) line_->press(preventor_.pressure(), preventor_.concurrency_permille());
  return preventor_.transitions() != before;
}

void IntakeGuard::report(std::int64_t memory_permille, std::int64_t downstream_permille) noexcept {
  memory_.store(memory_permille, std::memory_order_relaxed);
  downstream_.store(downstream_permille, std::memory_order_relaxed);
}

}  // namespace hawser
