// The one place that says which settings contradict themselves or each other.
//
// Each sentence names the keys it is about, with their values, and the consequence; nothing is repaired in silence. An
// empty list means usable. Constructors of the cores assert an empty list; whoever reads settings from outside asks
// here first. Pure.
#pragma once

#include <hawser/resilience/adaptive_limit.hpp>
#include <hawser/resilience/backoff.hpp>
#include <hawser/resilience/breaker_config.hpp>
#include <hawser/resilience/bulkhead.hpp>
#include <hawser/resilience/cascade_preventor.hpp>
#include <hawser/resilience/load_shedder.hpp>
#include <hawser/resilience/rate_limiter.hpp>
#include <hawser/resilience/retry_budget.hpp>
#include <hawser/resilience/retry_policy.hpp>
#include <hawser/resilience/timeout_manager.hpp>

#include <optional>
#include <string>
#include <vector>

namespace hawser {

using Problems = std::vector<std::string>;

Problems problems_of(const BreakerConfig& config);
Problems problems_of(const TimeoutConfig& config);
Problems problems_of(const BackoffConfig& config);
Problems problems_of(const RetryBudgetConfig& config);
Problems problems_of(const RetryConfig& config);
Problems problems_of(const RateLimiterConfig& config);
Problems problems_of(const AdaptiveRateConfig& config);
Problems problems_of(const BulkheadConfig& config);
Problems problems_of(const AdaptiveLimitConfig& config);
Problems problems_of(const LoadShedderConfig& config);
Problems problems_of(const CascadeConfig& config);

// The settings of a pipeline; an absent stage is left out.
struct PipelineConfig {
  Duration deadline{30'000'000};  // of calls that bring none; above 0, `forever` for none
  std::optional<RateLimiterConfig> rate;
  std::optional<AdaptiveRateConfig> adaptive_rate;
  std::optional<CascadeConfig> cascade;
  std::optional<LoadShedderConfig> shedder;
  std::optional<BreakerConfig> breaker;
  std::optional<BulkheadConfig> bulkhead;
  std::optional<TimeoutConfig> timeout;
  std::optional<RetryConfig> retry;
};

// Of each stage, with its name before the key, and of stages against each other.
Problems problems_of(const PipelineConfig& config);

}  // namespace hawser
