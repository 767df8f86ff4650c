#include <hawser/interconnect/isolation/settings.hpp>

#include <hawser/base/wide.hpp>
#include <hawser/interconnect/isolation/flaw.hpp>

#include <algorithm>

namespace hawser {
namespace {

constexpr std::uint32_t drift_ppm_max = 200'000;
constexpr Duration heartbeat_min{1'000};
constexpr Duration heartbeat_max{10'000'000};
constexpr Duration lease_max{600'000'000};
constexpr std::int64_t lease_heartbeats_min = 4;
constexpr std::int64_t lease_heartbeats_max = 1'000;
constexpr Duration failover_usual_max{3'000'000};

std::string in_ms(Duration d) {
  const std::int64_t us = to_us(d);
  return us % 1'000 == 0 ? std::to_string(us / 1'000) + " ms" : std::to_string(us) + " us";
}

}  // namespace

Duration IsolationSettings::promise() const noexcept {
  std::uint64_t own = drift_ppm;
  std::uint64_t others = drift_ppm;
  if (flawed(Flaw::drift_ignored)) own = others = 0;
  if (flawed(Flaw::drift_halved)) others = 0;
  const auto promised = multiply_divide(static_cast<std::uint64_t>(to_us(lease)), 1'000'000 + own, 1'000'000 - others);
  return Duration{static_cast<std::int64_t>(promised) + 1};
}

Duration IsolationSettings::repair_after() const noexcept { return std::max(stable_after / 2, heartbeat * 4); }

std::vector<std::string> problems(const IsolationSettings& settings) {
  std::vector<std::string> found;
  if (settings.heartbeat < heartbeat_min || settings.heartbeat > heartbeat_max) {
    found.push_back("heartbeat is " + in_ms(settings.heartbeat) + "; it must lie between 1 ms and 10 s");
    return found;
  }
  if (settings.lease < settings.heartbeat * lease_heartbeats_min) {
    found.push_back("lease " + in_ms(settings.lease) + " is shorter than four heartbeats (" +
                    in_ms(settings.heartbeat * lease_heartbeats_min) + "): a few late answers would isolate the node");
  }
  if (settings.lease > lease_max || settings.lease > settings.heartbeat * lease_heartbeats_max) {
    found.push_back("lease " + in_ms(settings.lease) + " is above 10 min or a thousand heartbeats");
  }
  if (settings.stable_after < Duration::zero() || settings.stable_after > lease_max) {
    found.push_back("stable_after " + in_ms(settings.stable_after) + " must lie between 0 and 10 min");
  }
  if (settings.drift_ppm > drift_ppm_max) {
    found.push_back("clock_drift of " + std::to_string(settings.drift_ppm) + " ppm is above 20 %");
  }
  return found;
}

std::vector<std::string> warnings(const IsolationSettings& settings) {
  std::vector<std::string> found;
  if (settings.lease + settings.stable_after > failover_usual_max) {
    found.push_back("lease + stable_after is " + in_ms(settings.lease + settings.stable_after) +
                    ", above 3 s: so long nobody takes the place of a dead member");
  }
  return found;
}

}  // namespace hawser
