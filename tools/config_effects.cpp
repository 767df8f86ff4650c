#include "config_effects.hpp"

#include <algorithm>
#include <cmath>

namespace hawser::tools {
namespace {

constexpr Duration deviation_floor{5'000};
constexpr Duration silent_cap_floor{1'000'000};
constexpr Duration silent_cap_per_peer{50'000};
constexpr Duration silent_cap_ceiling{60'000'000};
constexpr std::size_t backoff_steps_max = 32;

}  // namespace

double deviations_at(double phi) {
  // The tail shrinks as z grows; 37 is the last z whose tail a double can hold, and lies beyond phi 300.
  double low = 0;
  double high = 37.5;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    const double reached = -std::log10(0.5 * std::erfc(middle / std::sqrt(2.0)));
    (reached < phi ? low : high) = middle;
  }
  return high;
}

ConfigEffects effects_of(const Config& config) {
  ConfigEffects effects;
  const DetectorConfig& d = config.detector;
  effects.deviation = std::max(d.heartbeat / 10, deviation_floor);
  const auto silence_until = [&](double phi) {
    const double spread = deviations_at(phi) * static_cast<double>(effects.deviation.count());
    return d.heartbeat + d.acceptable_pause + Duration{std::llround(spread)};
  };
  effects.suspect_after = silence_until(d.suspect);
  effects.unreachable_after = silence_until(d.unreachable);

  const auto peers = static_cast<Duration::rep>(config.peers.size());
  const Duration wanted = std::max(silent_cap_floor, peers * silent_cap_per_peer);
  effects.silent_cap = std::min({silent_cap_ceiling, wanted, config.reconnect.cap});
  Duration ceiling = config.reconnect.base;
  const bool grows = config.reconnect.factor_permille > 1000;
  while (grows && effects.backoff.size() < backoff_steps_max && ceiling < effects.silent_cap) {
    effects.backoff.push_back(ceiling);
    ceiling = Duration{ceiling.count() * config.reconnect.factor_permille / 1000};
  }
  effects.backoff.push_back(std::min(ceiling, effects.silent_cap));
  // Full jitter halves the mean delay.
  const double mean_delay = static_cast<double>(effects.backoff.back().count()) / 2;
  effects.dials_per_second = static_cast<double>(peers) * 1e6 / mean_delay;
  effects.memory_max = 2 * config.bounds.node_bytes;
  effects.messages_in_share = config.bounds.peer_bytes / config.bounds.message_bytes_max;
  return effects;
}

}  // namespace hawser::tools
