#include <hawser/resilience/pipeline.hpp>

#include <stdexcept>

namespace hawser {

void Pipeline::update_pressure(const PressureSignals& signals) {
  const std::lock_guard lock{mutex_};
  core_.update_pressure(signals, clock_.now());
  wake_waiting();
}

void Pipeline::set_pressure(std::uint32_t permille) {
  const std::lock_guard lock{mutex_};
  core_.set_pressure(permille);
}

void Pipeline::set_breaker_mode(BreakerMode mode) {
  const std::lock_guard lock{mutex_};
  if (CircuitBreaker* const breaker = core_.breaker()) breaker->set_mode(mode, clock_.now());
}

ResilienceSnapshot Pipeline::snapshot() const {
  const std::lock_guard lock{mutex_};
  return core_.snapshot(clock_.now());
}

LatencyPercentiles Pipeline::percentiles(std::uint64_t operation) {
  const std::lock_guard lock{mutex_};
  TimeoutManager* const timeouts = core_.timeouts();
  return timeouts == nullptr ? LatencyPercentiles{} : timeouts->percentiles(operation, clock_.now());
}

Duration Pipeline::timeout(std::uint64_t operation) {
  const std::lock_guard lock{mutex_};
  TimeoutManager* const timeouts = core_.timeouts();
  return timeouts == nullptr ? forever : timeouts->timeout(operation, clock_.now());
}

Duration Pipeline::hedge_after(std::uint64_t operation) {
  const std::lock_guard lock{mutex_};
  TimeoutManager* const timeouts = core_.timeouts();
  return timeouts == nullptr ? forever : timeouts->hedge_after(operation, clock_.now());
}

PipelineBuilder& PipelineBuilder::deadline(Duration longest) {
  config_.deadline = longest;
  return *this;
}
PipelineBuilder& PipelineBuilder::rate_limit(const RateLimiterConfig& config) {
  config_.rate = config;
  return *this;
}
PipelineBuilder& PipelineBuilder::adaptive_rate(const AdaptiveRateConfig& config) {
  config_.adaptive_rate = config;
  return *this;
}
PipelineBuilder& PipelineBuilder::cascade(const CascadeConfig& config) {
  config_.cascade = config;
  return *this;
}
PipelineBuilder& PipelineBuilder::shedder(const LoadShedderConfig& config) {
  config_.shedder = config;
  return *this;
}
PipelineBuilder& PipelineBuilder::breaker(const BreakerConfig& config) {
  config_.breaker = config;
  return *this;
}
PipelineBuilder& PipelineBuilder::bulkhead(const BulkheadConfig& config) {
  config_.bulkhead = config;
  return *this;
}
PipelineBuilder& PipelineBuilder::timeout(const TimeoutConfig& config) {
  config_.timeout = config;
  return *this;
}
PipelineBuilder& PipelineBuilder::retry(const RetryConfig& config, RetryPolicy::Predicate retriable) {
  config_.retry = config;
  retriable_ = std::move(retriable);
  return *this;
}
PipelineBuilder& PipelineBuilder::seed(std::uint64_t seed) {
  seed_ = seed;
  return *this;
}
PipelineBuilder& PipelineBuilder::observe_only() {
  observe_only_ = true;
  return *this;
}

std::unique_ptr<Pipeline> PipelineBuilder::build(PipelineClock& clock) const {
  PipelineConfig config = config_;
  if (observe_only_) {
    if (config.rate) config.rate->observe_only = true;
    if (config.adaptive_rate) config.adaptive_rate->observe_only = true;
    if (config.cascade) config.cascade->observe_only = true;
    if (config.shedder) config.shedder->observe_only = config.shedder->limit.observe_only = true;
    if (config.breaker) config.breaker->mode = BreakerMode::observe_only;
    if (config.bulkhead) config.bulkhead->observe_only = true;
    if (config.timeout) config.timeout->observe_only = true;
    if (config.retry) config.retry->observe_only = true;
  }
  std::string all;
  for (const std::string& problem : problems_of(config)) all += (all.empty() ? "" : "; ") + problem;
  if (!all.empty()) throw std::invalid_argument("this pipeline cannot be built: " + all);
  return std::make_unique<Pipeline>(clock, config, seed_, retriable_);
}

}  // namespace hawser
