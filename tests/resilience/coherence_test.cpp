#include <hawser/resilience/coherence.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;

namespace {

// A pipeline with everything in it, and nothing wrong with it.
PipelineConfig whole() {
  PipelineConfig config;
  config.rate.emplace();
  config.cascade.emplace();
  config.shedder.emplace();
  config.breaker.emplace();
  config.bulkhead.emplace();
  config.bulkhead->groups = {BulkheadGroup{"gold", 2, 0, 1, 4, 100ms}, BulkheadGroup{"rest", 1, 0, 0, 0, 0us}};
  config.timeout.emplace();
  config.retry.emplace();
  return config;
}

struct Case {
  std::function<void(PipelineConfig&)> spoil;
  std::string first;
  std::string second;
};

}  // namespace

TEST_CASE("the defaults of every stage, alone and together, contradict nothing") {
  CHECK(problems_of(PipelineConfig{}).empty());
  CHECK(problems_of(whole()).empty());
  CHECK(problems_of(AdaptiveRateConfig{}).empty());
}

TEST_CASE("settings that contradict each other are refused, and both keys are named") {
  using P = PipelineConfig;
  const std::vector<Case> cases{
      {[](P& p) { p.breaker->probes_max = 21; }, "breaker.probes_max (21)", "calls_min (20)"},
      {[](P& p) { p.breaker->slow_limit = 11s; }, "breaker.slow_limit (11s)", "window (10s)"},
      {[](P& p) { p.breaker->window_calls = 10; }, "breaker.window_calls", "calls_min"},
      {[](P& p) { p.breaker->open_max = 500ms; }, "breaker.open_max", "open_for"},
      {[](P& p) { p.breaker->call_lease = 1s; }, "breaker.call_lease", "slow_limit"},
      {[](P& p) { p.breaker->window_calls = 50, p.breaker->failure_count = 51; }, "failure_count", "window_calls"},
      {[](P& p) { p.timeout->timeout_min = 11s; }, "timeout.timeout_min (11s)", "timeout_max (10s)"},
      {[](P& p) { p.timeout->hedge_ppm = 999'000; }, "timeout.hedge_ppm (999000)", "percentile_ppm (990000)"},
      {[](P& p) { p.timeout->margin = 11s; }, "timeout.margin (11s)", "timeout_max (10s)"},
      {[](P& p) { p.timeout->window = 5us; }, "timeout.slices (6)", "window (5us)"},
      {[](P& p) { p.retry->backoff.base = 3s; }, "retry.backoff.base (3s)", "cap (2s)"},
      {[](P& p) { p.retry->budget.tokens_initial = 101; }, "retry.budget.tokens_initial (101)", "tokens_max (100)"},
      {[](P& p) {
         p.retry->budget = {0, 100, 0, 0};
       },
       "share_permille (0)", "floor_per_second (0)"},
      {[](P& p) { p.shedder->limit.limit_initial = 1001; }, "limit_initial (1001)", "limit_max (1000)"},
      {[](P& p) { p.shedder->limit.limit_min = 9; }, "limit_min (9)", "limit_initial (8)"},
      {[](P& p) { p.shedder->pressure_from = 960; }, "shedder.pressure_from (960)", "pressure_to (950)"},
      {[](P& p) { p.shedder->retry_after_min = 6s; }, "shedder.retry_after_min (6s)", "retry_after_max (5s)"},
      {[](P& p) { p.cascade->throttle_at = 700; }, "cascade.throttle_at (700)", "limit_at (600)"},
      {[](P& p) { p.cascade->limit_at = 950; }, "cascade.limit_at (950)", "fail_fast_at (900)"},
      {[](P& p) { p.cascade->hysteresis = 300; }, "cascade.hysteresis (300)", "throttle_at (300)"},
      {[](P& p) {
         p.cascade->memory_permille = {900, 900};
       },
       "memory_permille.low (900)", "memory_permille.high (900)"},
      {[](P& p) { p.bulkhead->capacity = 2; }, "sum of floor (3)", "capacity (2)"},
      {[](P& p) { p.bulkhead->groups[0].limit = 1; }, "groups.gold.floor (2)", "limit (1)"},
      {[](P& p) { p.bulkhead->groups[0].limit = 65; }, "groups.gold.limit (65)", "capacity (64)"},
      {[](P& p) { p.bulkhead->groups[0].lends = 3; }, "groups.gold.lends (3)", "floor (2)"},
      {[](P& p) { p.bulkhead->groups[0].wait_max = 0us; }, "queue_max (4)", "wait_max (0s)"},
      {[](P& p) { p.bulkhead->groups[1].wait_max = 1s; }, "wait_max (1s)", "queue_max (0)"},
      {[](P& p) { p.bulkhead->groups[0].wait_max = 31s; }, "bulkhead.groups.gold.wait_max (31s)", "deadline (30s)"},
      {[](P& p) { p.deadline = 250ms; }, "timeout.timeout_min (100ms) x retry.attempts_max (3)", "deadline (250ms)"},
      {[](P& p) { p.deadline = 50ms; }, "timeout.timeout_min (100ms)", "deadline (50ms)"},
      {[](P& p) { p.deadline = 500us; }, "retry.attempt_min (1ms)", "deadline (500us)"},
      {[](P& p) { p.timeout->timeout_max = 61s; }, "timeout.timeout_max (61s)", "breaker.call_lease (1min)"},
      {[](P& p) { p.timeout->timeout_min = 3s; }, "timeout.timeout_min (3s)", "breaker.slow_limit (2s)"},
      {[](P& p) { p.retry->attempts_max = 6; }, "retry.attempts_max (6)", "breaker.consecutive_failures (5)"},
      {[](P& p) { p.bulkhead->groups[0].floor = 5; }, "bulkhead.groups.floor (6)", "shedder.limit.limit_min (4)"},
      {[](P& p) { p.breaker->probes_max = 4, p.bulkhead->capacity = 3; }, "breaker.probes_max (4)",
       "bulkhead.capacity (3)"},
      {[](P& p) { p.adaptive_rate.emplace(); }, "rate", "adaptive_rate"},
      {[](P& p) { p.adaptive_rate.emplace(), p.adaptive_rate->rate_min = 200; }, "rate_min (200)",
       "rate_initial (100)"},
      {[](P& p) { p.shedder->target_min = 31s; }, "shedder.target_min (31s)", "deadline (30s)"},
  };
  REQUIRE(cases.size() >= 20);
  for (const Case& each : cases) {
    PipelineConfig config = whole();
    each.spoil(config);
    const Problems found = problems_of(config);
    const bool named = std::any_of(found.begin(), found.end(), [&](const std::string& sentence) {
      return sentence.find(each.first) != std::string::npos && sentence.find(each.second) != std::string::npos;
    });
    INFO(each.first << " against " << each.second << "; found: " << (found.empty() ? "nothing" : found.front()));
    CHECK(named);
  }
}

TEST_CASE("values that make no sense by themselves are refused: negative, zero, without end, empty") {
  const std::vector<std::function<void(PipelineConfig&)>> spoils{
      [](auto& p) { p.deadline = 0us; },
      [](auto& p) { p.deadline = -1s; },
      [](auto& p) { p.rate->rate_per_second = -5; },
      [](auto& p) { p.rate->burst = 0; },
      [](auto& p) { p.bulkhead->groups.clear(); },
      [](auto& p) { p.bulkhead->groups[1].name = "gold"; },
      [](auto& p) { p.bulkhead->capacity = 0; },
      [](auto& p) { p.breaker->window = 0us; },
      [](auto& p) { p.breaker->calls_min = 0; },
      [](auto& p) { p.timeout->window = 0us; },
      [](auto& p) { p.timeout->slices = 0; },
      [](auto& p) { p.timeout->factor_permille = 999; },
      [](auto& p) { p.retry->attempts_max = 0; },
      [](auto& p) { p.retry->backoff.base = -1us; },
      [](auto& p) { p.retry->backoff.factor_permille = 0; },
      [](auto& p) { p.shedder->limit.window = forever; },
      [](auto& p) { p.shedder->limit.samples_min = 0; },
      [](auto& p) { p.cascade->fall_time = forever; },
      [](auto& p) { p.cascade->hold = -1us; },
  };
  for (std::size_t i = 0; i < spoils.size(); ++i) {
    PipelineConfig config = whole();
    spoils[i](config);
    INFO("case " << i);
    CHECK_FALSE(problems_of(config).empty());
  }
}

TEST_CASE("exactly at the bound is coherent") {
  PipelineConfig config = whole();
  config.breaker->probes_max = config.breaker->calls_min;
  config.retry->attempts_max = config.breaker->consecutive_failures;
  config.deadline = 500ms;
  config.bulkhead->groups[0].wait_max = 500ms;
  config.bulkhead->capacity = 20;
  config.cascade->throttle_at = config.cascade->limit_at = config.cascade->fail_fast_at;
  CHECK(problems_of(config).empty());
}
