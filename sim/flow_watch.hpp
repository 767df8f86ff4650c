// What leaves a node, look after look: nothing through an open breaker, the ramp's share through a ramping one (I10),
// and heartbeats in time (I6).
//
// Sound, not complete: from two snapshots of one run it infers the least that must have left between them. A message
// that was being cut into pieces when its breaker opened may still go. Pure; one per run of a node.
#pragma once

#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/snapshot.hpp>
#include <hawser/sim/violation.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace hawser::sim {

class FlowWatch {
 public:
  FlowWatch(std::string node, Findings& findings) : node_(std::move(node)), findings_(findings) {}

  // `punctual`: the host has run at its own pace since the look before this one.
  void look(const NodeSnapshot& shown, const Config& config, bool punctual, WorldTime now);

 private:
  struct Gone {
    std::string state;         // of the breaker
    std::uint64_t opened = 0;  // how often
    std::uint64_t left = 0;    // messages that have left, at least
    std::uint64_t turned_away = 0;
    bool queued = false;
  };
  struct Beats {
    std::uint64_t sent = 0;
    std::uint64_t sessions = 0;
    WorldTime since = world_never;  // the first look that saw this number; never while the lane is not open
  };

  void look_at_channel(const PeerSnapshot& peer, const ChannelSnapshot& channel, Instant taken_at);
  void look_at_beats(const PeerSnapshot& peer, const Config& config, bool punctual, WorldTime now);

  std::string node_;
  Findings& findings_;
  std::map<std::pair<std::string, std::string>, Gone> gone_;  // by peer and channel
  std::map<std::string, Beats> beats_;                        // by peer
};

}  // namespace hawser::sim
