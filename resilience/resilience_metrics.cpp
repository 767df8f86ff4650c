#include <hawser/resilience/resilience_metrics.hpp>

#include <ostream>

namespace hawser {

std::string_view to_string(PipelineStage stage) noexcept {
  constexpr std::array<std::string_view, pipeline_stages> names{"shedder", "breaker",   "bulkhead", "timeout",
                                                                "retry",   "operation", "fallback"};
  const auto index = static_cast<std::size_t>(stage);
  return index < names.size() ? names[index] : "unknown";
}

std::ostream& operator<<(std::ostream& out, PipelineStage stage) { return out << to_string(stage); }

std::string_view to_string(PipelineCause cause) noexcept {
  constexpr std::array<std::string_view, pipeline_causes> names{"answered",
                                                                "late",
                                                                "rate_limited",
                                                                "cascade_optional",
                                                                "cascade_throttled",
                                                                "cascade_priority",
                                                                "shed_queue_full",
                                                                "shed_displaced",
                                                                "shed_pressure",
                                                                "shed_cannot_finish",
                                                                "shed_expired",
                                                                "read_only",
                                                                "breaker_open",
                                                                "bulkhead_full",
                                                                "bulkhead_queue_full",
                                                                "bulkhead_wait_expired",
                                                                "timed_out",
                                                                "deadline",
                                                                "failed",
                                                                "overloaded",
                                                                "ignored",
                                                                "retries_spent",
                                                                "retry_budget"};
  const auto index = static_cast<std::size_t>(cause);
  return index < names.size() ? names[index] : "unknown";
}

std::ostream& operator<<(std::ostream& out, PipelineCause cause) { return out << to_string(cause); }

std::uint64_t ResilienceSnapshot::rejections() const noexcept {
  std::uint64_t sum = 0;
  for (auto cause = PipelineCause::rate_limited; cause <= PipelineCause::bulkhead_wait_expired;
       cause = static_cast<PipelineCause>(static_cast<std::uint8_t>(cause) + 1)) {
    sum += count(cause);
  }
  return sum;
}

std::ostream& operator<<(std::ostream& out, const ResilienceSnapshot& it) {
  out << it.submitted << " calls, " << it.under_way << " under way, " << it.attempts << " attempts";
  for (std::size_t i = 0; i < it.ended.size(); ++i) {
    if (it.ended[i] > 0) out << ", " << it.ended[i] << ' ' << static_cast<PipelineCause>(i);
  }
  return out << "; p50 " << it.p50.count() << " us, p95 " << it.p95.count() << " us, p99 " << it.p99.count()
             << " us; breaker " << it.breaker;
}

ResilienceSnapshot ResilienceMetrics::snapshot() const {
  ResilienceSnapshot copy = now_;
  copy.p50 = copy.attempt_times.quantile_permille(500);
  copy.p95 = copy.attempt_times.quantile_permille(950);
  copy.p99 = copy.attempt_times.quantile_permille(990);
  return copy;
}

}  // namespace hawser
