#include "kit_costs.hpp"

#include <hawser/resilience/pipeline.hpp>
#include "stopwatch.hpp"

#include <cstdint>
#include <cstdio>
#include <functional>
#include <stdexcept>

namespace hawser::bench {
namespace {

constexpr Duration step{10};  // of the time that is handed in, per check
constexpr std::uint64_t batch = 1000;

// Runs checks in batches for as long as asked; what a check returns must be true.
template <typename F>
double nanoseconds_per_check(std::uint32_t ms, F check) {
  std::uint64_t checks = 0;
  std::uint64_t passed = 0;
  Instant now = instant_from_us(1'000'000);
  const auto start = WallClock::now();
  double seconds = 0;
  while (seconds * 1000 < ms) {
    for (std::uint64_t i = 0; i < batch; ++i) {
      now += step;
      passed += check(now) ? 1 : 0;
    }
    checks += batch;
    seconds = seconds_since(start);
  }
  if (passed != checks) throw std::runtime_error("a part of the kit refused a call that it should have let through");
  return seconds * 1e9 / static_cast<double>(checks);
}

struct Part {
  std::string label;
  std::function<double(std::uint32_t)> measure;
};

double breaker(std::uint32_t ms) {
  CircuitBreaker part{BreakerConfig{}};
  return nanoseconds_per_check(ms, [&](Instant now) {
    const auto permit = part.try_acquire(now);
    if (permit) part.record(*permit, now, Verdict::success, step);
    return permit.has_value();
  });
}

double bulkhead(std::uint32_t ms) {
  Bulkhead part{BulkheadConfig{}};
  return nanoseconds_per_check(ms, [&](Instant now) {
    const BulkheadAnswer answer = part.acquire(0, now);
    if (answer.permit) part.release(*answer.permit);
    return answer.permit && !part.poll(now);
  });
}

double timeouts(std::uint32_t ms) {
  TimeoutManager part{TimeoutConfig{}};
  return nanoseconds_per_check(ms, [&](Instant now) {
    const Duration timeout = part.timeout(1, now);
    part.answered(1, now, Duration{500});
    return timeout > Duration::zero();
  });
}

double retries(std::uint32_t ms) {
  RetryPolicy part{RetryConfig{}, 1, Instant{}};
  return nanoseconds_per_check(ms, [&](Instant now) {
    RetryPolicy::Call call = part.begin();
    return part.after(call, {}, now, now).stop == RetryStop::succeeded;
  });
}

double fallback(std::uint32_t ms) {
  FallbackHandler<int> part;
  part.cached(Duration{60'000'000});
  return nanoseconds_per_check(ms, [&](Instant now) {
    part.remember(static_cast<std::uint64_t>(to_us(now)) % 64, 1, now);
    return part.remembers();
  });
}

double rate(std::uint32_t ms) {
  RateLimiter part{{.rate_per_second = 1'000'000, .burst = 1'000'000}, Instant{}};
  return nanoseconds_per_check(ms, [&](Instant now) { return part.try_take(now); });
}

double cascade(std::uint32_t ms) {
  CascadePreventor part{CascadeConfig{}};
  return nanoseconds_per_check(ms, [&](Instant) { return part.admit(4, false) == CascadeAnswer::pass; });
}

double shedder(std::uint32_t ms) {
  LoadShedder part{LoadShedderConfig{}};
  return nanoseconds_per_check(ms, [&](Instant now) {
    const ShedAnswer answer = part.offer({4, never, nullptr}, now);
    part.finished(now, Duration{500});
    return answer.admitted && !part.poll(now);
  });
}

double metrics(std::uint32_t ms) {
  ResilienceMetrics part;
  return nanoseconds_per_check(ms, [&](Instant) {
    part.submitted();
    part.attempt(AttemptEnd::success, Duration{500});
    part.ended(PipelineStage::operation, PipelineCause::answered);
    return true;
  });
}

PipelineBuilder everything() {
  PipelineBuilder builder;
  builder.rate_limit({.rate_per_second = 1'000'000'000, .burst = 1'000'000})
      .cascade({})
      .shedder({})
      .breaker({})
      .bulkhead({})
      .timeout({})
      .retry({});
  return builder;
}

double stages(std::uint32_t ms) {
  PipelineCore core{everything().config(), 1, Instant{}};
  return nanoseconds_per_check(ms, [&](Instant now) {
    PipelineCall call{CallOptions{}};
    core.begin(call, now);
    if (core.step(call, now).kind != PipelineStep::Kind::run) return false;
    core.attempt_ended(call, {}, now + Duration{5});
    core.ended(call.stage(), call.cause());
    return call.cause() == PipelineCause::answered;
  });
}

double bare_pipeline(std::uint32_t ms) {
  StdPipelineClock<std::chrono::steady_clock> clock;
  const auto pipeline = PipelineBuilder{}.build(clock);
  return nanoseconds_per_check(ms, [&](Instant) { return pipeline->run({}, [] { return 1; }).value.has_value(); });
}

double whole_pipeline(std::uint32_t ms) {
  StdPipelineClock<std::chrono::steady_clock> clock;
  const auto pipeline = everything().build(clock);
  return nanoseconds_per_check(ms, [&](Instant) { return pipeline->run({}, [] { return 1; }).value.has_value(); });
}

std::vector<Part> parts() {
  return {{"CircuitBreaker", breaker},
          {"Bulkhead", bulkhead},
          {"TimeoutManager", timeouts},
          {"RetryPolicy", retries},
          {"FallbackHandler", fallback},
          {"RateLimiter", rate},
          {"CascadePreventor", cascade},
          {"LoadShedder", shedder},
          {"ResilienceMetrics", metrics},
          {"all stages, time handed in", stages},
          {"Pipeline::run without stages", bare_pipeline},
          {"Pipeline::run through all stages", whole_pipeline}};
}

}  // namespace

std::vector<PartCost> ask_kit(const Settings& settings) {
  std::vector<PartCost> costs;
  for (const Part& part : parts()) costs.push_back({part.label, {}});
  for (unsigned run = 0; run < settings.pairs; ++run) {
    std::size_t at = 0;
    for (const Part& part : parts()) costs[at++].nanoseconds.push_back(part.measure(settings.measured_ms));
  }
  return costs;
}

}  // namespace hawser::bench
