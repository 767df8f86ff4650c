#include <hawser/resilience/coherence.hpp>

#include <hawser/base/quantity.hpp>
#include <hawser/base/wide.hpp>

#include <algorithm>
#include <set>
#include <string_view>
#include <type_traits>

namespace hawser {
namespace {

constexpr Duration zero = Duration::zero();

std::string shown(Duration value) { return format_duration(value); }
template <typename N>
requires std::is_integral_v<N> std::string shown(N value) { return std::to_string(value); }

// Collects sentences; `within` is the stage's name and a dot, or nothing.
class Demands {
 public:
  template <typename A, typename B>
  void within_range(const char* key, A value, B low, B high) {
    if (value < low) found.push_back(named(key, value) + " is below " + shown(low));
    if (value > high) found.push_back(named(key, value) + " is above " + shown(high));
  }
  template <typename A>
  void positive(const char* key, A value) {
    if (value <= A{}) found.push_back(named(key, value) + " is not above zero");
  }
  template <typename A>
  void not_negative(const char* key, A value) {
    if (value < A{}) found.push_back(named(key, value) + " is negative");
  }
  void finite(const char* key, Duration value) {
    if (value == forever) found.push_back(named(key, value) + " never ends");
  }
  // `key` must not be above `other`.
  template <typename A, typename B>
  void at_most(const char* key, A value, const char* other, B bound, const char* consequence) {
    if (value > bound) found.push_back(named(key, value) + " is above " + named(other, bound) + ": " + consequence);
  }
  template <typename A>
  static std::string named(const std::string& key, A value) {
    return key + " (" + shown(value) + ")";
  }

  Problems found;
};

void add(Problems& all, std::string_view stage, const Problems& some) {
  for (const std::string& sentence : some) all.push_back(std::string{stage} + "." + sentence);
}

}  // namespace

Problems problems_of(const BreakerConfig& config) {
  Demands demand;
  demand.found = config.problems();
  demand.at_most("probes_max", config.probes_max, "calls_min", config.calls_min,
                 "probing would load the peer more than it takes to judge it");
  if (config.window_calls == 0) {
    demand.at_most("slow_limit", config.slow_limit == forever ? zero : config.slow_limit, "window", config.window,
                   "slow calls would leave the window before they are slow");
  }
  return demand.found;
}

Problems problems_of(const TimeoutConfig& config) {
  Demands demand;
  demand.within_range("percentile_ppm", config.percentile_ppm, 1u, 1'000'000u);
  demand.within_range("hedge_ppm", config.hedge_ppm, 1u, 1'000'000u);
  demand.at_most("hedge_ppm", config.hedge_ppm, "percentile_ppm", config.percentile_ppm,
                 "a hedge would be sent after the call has timed out");
  demand.within_range("factor_permille", config.factor_permille, 1000u, 1'000'000u);
  demand.not_negative("margin", config.margin);
  demand.positive("timeout_min", config.timeout_min);
  demand.at_most("timeout_min", config.timeout_min, "timeout_max", config.timeout_max, "no timeout fits");
  demand.at_most("margin", config.margin, "timeout_max", config.timeout_max, "every timeout would be the largest");
  demand.positive("initial", config.initial);
  demand.positive("window", config.window);
  demand.within_range("slices", config.slices, 1u, 1000u);
  if (config.slices > config.window.count() && config.window > zero) {
    demand.found.push_back(Demands::named("slices", config.slices) + " are more than the microseconds of " +
                           Demands::named("window", config.window));
  }
  demand.within_range("operations_max", config.operations_max, std::size_t{1}, std::size_t{1'000'000});
  return demand.found;
}

Problems problems_of(const BackoffConfig& config) {
  Demands demand;
  demand.not_negative("base", config.base);
  demand.not_negative("cap", config.cap);
  demand.at_most("base", config.base, "cap", config.cap, "no delay would ever grow");
  demand.within_range("factor_permille", config.factor_permille, 1000u, 100'000u);
  return demand.found;
}

Problems problems_of(const RetryBudgetConfig& config) {
  Demands demand;
  demand.within_range("share_permille", config.share_permille, 0u, 1000u);
  demand.within_range("tokens_max", config.tokens_max, 1u, 1'000'000u);
  demand.at_most("tokens_initial", config.tokens_initial, "tokens_max", config.tokens_max,
                 "more would be given than can be saved");
  if (config.share_permille == 0 && config.tokens_initial == 0 && config.floor_per_second == 0) {
    demand.found.emplace_back(
        "share_permille (0), tokens_initial (0) and floor_per_second (0) never allow a retry: leave retries out");
  }
  return demand.found;
}

Problems problems_of(const RetryConfig& config) {
  Demands demand;
  demand.within_range("attempts_max", config.attempts_max, 1u, 100u);
  demand.not_negative("attempt_min", config.attempt_min);
  demand.positive("push_back_max", config.push_back_max);
  add(demand.found, "backoff", problems_of(config.backoff));
  if (config.budgeted) add(demand.found, "budget", problems_of(config.budget));
  return demand.found;
}

Problems problems_of(const RateLimiterConfig& config) {
  Demands demand;
  demand.within_range("rate_per_second", config.rate_per_second, std::int64_t{1}, std::int64_t{1'000'000'000});
  demand.within_range("burst", config.burst, std::int64_t{1}, std::int64_t{1'000'000});
  return demand.found;
}

Problems problems_of(const AdaptiveRateConfig& config) {
  Demands demand;
  demand.within_range("rate_min", config.rate_min, std::int64_t{1}, std::int64_t{1'000'000'000});
  demand.within_range("rate_max", config.rate_max, std::int64_t{1}, std::int64_t{1'000'000'000});
  demand.at_most("rate_min", config.rate_min, "rate_initial", config.rate_initial, "it would start below its floor");
  demand.at_most("rate_initial", config.rate_initial, "rate_max", config.rate_max, "it would start above its ceiling");
  demand.within_range("burst", config.burst, std::int64_t{1}, std::int64_t{1'000'000});
  demand.positive("increase", config.increase);
  demand.within_range("decrease_permille", config.decrease_permille, 1u, 999u);
  demand.within_range("overload_permille", config.overload_permille, 1u, 1000u);
  demand.positive("samples_min", config.samples_min);
  demand.positive("step", config.step);
  demand.finite("step", config.step);
  return demand.found;
}

Problems problems_of(const BulkheadConfig& config) {
  Demands demand;
  demand.within_range("capacity", config.capacity, 1u, 1'000'000u);
  if (config.groups.empty()) demand.found.emplace_back("groups is empty: nobody could enter");
  std::uint64_t floors = 0;
  std::set<std::string> names;
  for (const BulkheadGroup& group : config.groups) {
    Demands own;
    if (group.name.empty()) own.found.emplace_back("name is empty");
    if (!names.insert(group.name).second) own.found.emplace_back("name is given twice");
    if (group.limit != 0) {
      own.at_most("floor", group.floor, "limit", group.limit, "places would be kept that it may not take");
      own.at_most("limit", group.limit, "capacity", config.capacity, "it could never be reached");
    }
    own.at_most("lends", group.lends, "floor", group.floor, "it would lend what it has not");
    own.not_negative("wait_max", group.wait_max);
    if (group.queue_max > 0 && group.wait_max == zero) {
      own.found.push_back(Demands::named("queue_max", group.queue_max) + " lets callers wait, and " +
                          Demands::named("wait_max", group.wait_max) + " gives them no time");
    }
    if (group.queue_max == 0 && group.wait_max > zero) {
      own.found.push_back(Demands::named("wait_max", group.wait_max) + " gives time to wait, and " +
                          Demands::named("queue_max", group.queue_max) + " lets nobody");
    }
    own.at_most("queue_max", group.queue_max, "its bound", 1'000'000u, "waiting must be bounded");
    floors += group.floor;
    add(demand.found, "groups." + group.name, own.found);
  }
  if (floors > config.capacity) {
    demand.found.push_back("the sum of floor (" + std::to_string(floors) + ") is above " +
                           Demands::named("capacity", config.capacity) + ": floors could not be guaranteed");
  }
  return demand.found;
}

Problems problems_of(const AdaptiveLimitConfig& config) {
  Demands demand;
  demand.within_range("limit_min", config.limit_min, 1u, 1'000'000u);
  demand.within_range("limit_max", config.limit_max, 1u, 1'000'000u);
  demand.at_most("limit_min", config.limit_min, "limit_initial", config.limit_initial,
                 "it would start below its floor");
  demand.at_most("limit_initial", config.limit_initial, "limit_max", config.limit_max,
                 "it would start above its ceiling");
  demand.positive("window", config.window);
  demand.finite("window", config.window);
  demand.positive("samples_min", config.samples_min);
  demand.within_range("backoff_permille", config.backoff_permille, 500u, 999u);
  demand.within_range("tolerance_permille", config.tolerance_permille, 1000u, 10'000u);
  demand.within_range("baseline_windows", config.baseline_windows, 2u, 1'000'000u);
  return demand.found;
}

Problems problems_of(const LoadShedderConfig& config) {
  Demands demand;
  add(demand.found, "limit", problems_of(config.limit));
  demand.within_range("queue_max", config.queue_max, 0u, 1'000'000u);
  demand.positive("target_min", config.target_min);
  demand.within_range("target_factor_permille", config.target_factor_permille, 1000u, 1'000'000u);
  demand.within_range("pressure_from", config.pressure_from, 1u, 1001u);
  demand.within_range("pressure_to", config.pressure_to, 1u, 1001u);
  demand.at_most("pressure_from", config.pressure_from, "pressure_to", config.pressure_to,
                 "the least important would be refused after the others");
  demand.positive("retry_after_min", config.retry_after_min);
  demand.at_most("retry_after_min", config.retry_after_min, "retry_after_max", config.retry_after_max, "no hint fits");
  return demand.found;
}

Problems problems_of(const CascadeConfig& config) {
  Demands demand;
  const auto marks = [&demand](const char* key, const PressureMarks& it) {
    if (it.low < it.high) return;
    const std::string name{key};
    demand.found.push_back(Demands::named(name + ".low", it.low) + " is not below " +
                           Demands::named(name + ".high", it.high) + ": the signal would have no slope");
  };
  marks("queue_permille", config.queue_permille);
  marks("loop_lag_us", config.loop_lag_us);
  marks("memory_permille", config.memory_permille);
  marks("downstream_permille", config.downstream_permille);
  demand.positive("throttle_at", config.throttle_at);
  demand.at_most("throttle_at", config.throttle_at, "limit_at", config.limit_at, "levels would be passed over");
  demand.at_most("limit_at", config.limit_at, "fail_fast_at", config.fail_fast_at, "levels would be passed over");
  demand.within_range("fail_fast_at", config.fail_fast_at, 1u, 1000u);
  if (config.hysteresis >= config.throttle_at) {
    demand.found.push_back(Demands::named("hysteresis", config.hysteresis) + " is not below " +
                           Demands::named("throttle_at", config.throttle_at) + ": throttling would never end");
  }
  demand.not_negative("hold", config.hold);
  demand.finite("hold", config.hold);
  demand.not_negative("fall_time", config.fall_time);
  demand.finite("fall_time", config.fall_time);
  demand.within_range("concurrency_min_permille", config.concurrency_min_permille, 1u, 1000u);
  return demand.found;
}

namespace {

// What each stage says is fine alone, and cannot be true together.
void across_stages(const PipelineConfig& config, Problems& found) {
  Demands demand;
  if (config.timeout) {
    const TimeoutConfig& timeout = *config.timeout;
    demand.at_most("timeout.timeout_min", timeout.timeout_min, "deadline", config.deadline,
                   "no attempt could end in time");
    if (config.retry && config.deadline != forever) {
      const std::uint64_t all = multiply_divide(static_cast<std::uint64_t>(std::max(timeout.timeout_min, zero).count()),
                                                config.retry->attempts_max, 1);
      if (all > static_cast<std::uint64_t>(std::max(config.deadline, zero).count())) {
        demand.found.push_back(Demands::named("timeout.timeout_min", timeout.timeout_min) + " x " +
                               Demands::named("retry.attempts_max", config.retry->attempts_max) + " is above " +
                               Demands::named("deadline", config.deadline) + ": the last attempts could never be made");
      }
    }
    if (config.breaker && config.breaker->slow_limit != forever) {
      demand.at_most("timeout.timeout_max", timeout.timeout_max, "breaker.call_lease", config.breaker->call_lease,
                     "calls would be forgotten before they end");
      demand.at_most("timeout.timeout_min", timeout.timeout_min, "breaker.slow_limit", config.breaker->slow_limit,
                     "what is allowed to take so long would be called slow");
    }
  }
  if (config.retry) {
    demand.at_most("retry.attempt_min", config.retry->attempt_min, "deadline", config.deadline,
                   "no retry could ever be made");
    if (config.retry->attempts_max > 1) {
      demand.at_most("retry.backoff.base", config.retry->backoff.base, "deadline", config.deadline,
                     "no retry could ever be made");
    }
    if (config.breaker && config.breaker->consecutive_failures > 0) {
      demand.at_most("retry.attempts_max", config.retry->attempts_max, "breaker.consecutive_failures",
                     config.breaker->consecutive_failures, "one failing call would open the breaker by itself");
    }
  }
  if (config.bulkhead) {
    std::uint32_t floors = 0;
    for (const BulkheadGroup& group : config.bulkhead->groups) {
      floors += group.floor;
      if (group.wait_max != forever) {
        demand.at_most(("bulkhead.groups." + group.name + ".wait_max").c_str(), group.wait_max, "deadline",
                       config.deadline, "it would wait past its end");
      }
    }
    if (config.shedder) {
      demand.at_most("the sum of bulkhead.groups.floor", floors, "shedder.limit.limit_min",
                     config.shedder->limit.limit_min, "the limit could starve the floors behind it");
    }
    if (config.breaker) {
      demand.at_most("breaker.probes_max", config.breaker->probes_max, "bulkhead.capacity", config.bulkhead->capacity,
                     "probes could not all be made");
    }
  }
  if (config.rate && config.adaptive_rate) {
    demand.found.emplace_back("rate and adaptive_rate are both set: one of them decides");
  }
  if (config.shedder) {
    demand.at_most("shedder.target_min", config.shedder->target_min, "deadline", config.deadline,
                   "a queue would stand until everything in it is too late");
  }
  found.insert(found.end(), demand.found.begin(), demand.found.end());
}

}  // namespace

Problems problems_of(const PipelineConfig& config) {
  Demands demand;
  demand.positive("deadline", config.deadline);
  Problems& all = demand.found;
  if (config.rate) add(all, "rate", problems_of(*config.rate));
  if (config.adaptive_rate) add(all, "adaptive_rate", problems_of(*config.adaptive_rate));
  if (config.cascade) add(all, "cascade", problems_of(*config.cascade));
  if (config.shedder) add(all, "shedder", problems_of(*config.shedder));
  if (config.breaker) add(all, "breaker", problems_of(*config.breaker));
  if (config.bulkhead) add(all, "bulkhead", problems_of(*config.bulkhead));
  if (config.timeout) add(all, "timeout", problems_of(*config.timeout));
  if (config.retry) add(all, "retry", problems_of(*config.retry));
  across_stages(config, all);
  return all;
}

}  // namespace hawser
