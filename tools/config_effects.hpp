// What a configuration amounts to: times and bounds that no single key says.
//
// Times are for a quiet network, where the deviation of the heartbeats is at its floor; a restless one detects later.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/config.hpp>

#include <cstddef>
#include <vector>

namespace hawser::tools {

struct ConfigEffects {
  Duration deviation{0};      // floor of the deviation of heartbeat intervals
  Duration suspect_after{0};  // of silence
  Duration unreachable_after{0};
  std::vector<Duration> backoff;      // ceilings of the first delays, up to the cap that applies to a silent peer
  Duration silent_cap{0};             // the longest ceiling for a silent or absent peer
  double dials_per_second = 0;        // at most, with every peer away
  std::size_t memory_max = 0;         // bytes held for messages, both ways
  std::size_t messages_in_share = 0;  // of the largest size, within a peer's reserve
};

ConfigEffects effects_of(const Config& config);

// How many standard deviations of silence it takes until phi, which is -log10 of the chance of waiting that long, is
// reached under a normal distribution. For phi in 1 .. 300.
double deviations_at(double phi);

}  // namespace hawser::tools
