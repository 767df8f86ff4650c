#include <hawser/resilience/breaker_config.hpp>

#include <ostream>

namespace hawser {

std::string_view to_string(BreakerState state) noexcept {
  switch (state) {
    case BreakerState::closed:
      return "closed";
    case BreakerState::open:
      return "open";
    case BreakerState::half_open:
      return "half_open";
    case BreakerState::ramping:
      return "ramping";
    case BreakerState::forced_open:
      return "forced_open";
    case BreakerState::disabled:
      return "disabled";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, BreakerState state) { return out << to_string(state); }

std::string_view to_string(BreakerMode mode) noexcept {
  switch (mode) {
    case BreakerMode::enabled:
      return "enabled";
    case BreakerMode::forced_open:
      return "forced_open";
    case BreakerMode::disabled:
      return "disabled";
    case BreakerMode::observe_only:
      return "observe_only";
  }
  return "unknown";
}

std::vector<std::string> BreakerConfig::problems() const {
  std::vector<std::string> found;
  const auto demand = [&found](bool holds, const char* sentence) {
    if (!holds) found.emplace_back(sentence);
  };
  const Duration zero = Duration::zero();
  demand(failure_percent <= 100, "failure_percent is above 100");
  demand(slow_percent <= 100, "slow_percent is above 100");
  demand(slow_limit > zero, "slow_limit is not above zero");
  demand(calls_min >= 1, "calls_min is below 1");
  demand(window > zero, "window is not above zero");
  demand(window_calls == 0 || window_calls >= calls_min,
         "window_calls is below calls_min: the shares would never say anything");
  demand(window_calls == 0 || failure_count <= window_calls,
         "failure_count is above window_calls: so many failures could never be counted");
  demand(open_for > zero, "open_for is not above zero");
  demand(open_factor_permille >= 1000, "open_factor_permille is below 1000: open times would shrink");
  demand(open_max >= open_for, "open_max is below open_for");
  demand(open_jitter_permille <= 1000, "open_jitter_permille is above 1000");
  demand(stable_after >= zero, "stable_after is negative");
  demand(successes_to_close >= 1, "successes_to_close is below 1");
  demand(probes_max >= 1, "probes_max is below 1");
  demand(probe_lease > zero, "probe_lease is not above zero");
  demand(slow_limit == forever || call_lease > slow_limit,
         "call_lease is not above slow_limit: calls would be forgotten before they hang");
  demand(evidence_needed >= 1, "evidence_needed is below 1");
  demand(ramp_time >= zero, "ramp_time is negative");
  return found;
}

}  // namespace hawser
