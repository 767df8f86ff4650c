// The times of isolation, and whether they fit together.
//
// The promise P is what a voter gives on its own clock for a lease L on another's: both may run wrong by `drift`, so
// P = L (1 + drift) / (1 - drift), rounded up. Everything else here concerns how fast a cluster heals, not safety.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace hawser {

struct IsolationSettings {
  Duration heartbeat{200'000};       // between pulses; 1 ms .. 10 s. Shorter: faster, more traffic
  Duration lease{1'500'000};         // how long a node serves on its quorum's last answers; 4 heartbeats .. 10 min
  Duration stable_after{1'000'000};  // how long the wanted view must stand still before it is proposed; 0 .. 10 min.
                                     // Free up to P minus the detection time, paid in full beyond
  std::uint32_t drift_ppm = 50'000;  // bound on the rate error of any one clock, millionths; 0 .. 200 000. Equal on all

  // How long a voter that answered does not grant a view without the member it answered.
  Duration promise() const noexcept;
  // How long a voter waits for a proposal to be repeated before it forgets it.
  Duration pledge() const noexcept { return heartbeat * 3; }
  // How much later than its senior the next member of the wanted view proposes.
  Duration rank_delay() const noexcept { return heartbeat * 4; }
  // How long a view may fail to come to serve before it is proposed again.
  Duration repair_after() const noexcept;

  friend bool operator==(const IsolationSettings&, const IsolationSettings&) = default;
};

// What makes them unusable, one sentence each; empty when they can be used.
std::vector<std::string> problems(const IsolationSettings& settings);
// What is allowed and probably not meant.
std::vector<std::string> warnings(const IsolationSettings& settings);

}  // namespace hawser
