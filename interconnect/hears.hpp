// How well one node hears another: what heartbeats carry of all peers, and what snapshots show of it.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/detector/peer_state.hpp>

namespace hawser {

// How well the sender of a heartbeat hears one node.
struct Hears {
  NodeId node;
  Incarnation incarnation = Incarnation::unknown;
  PeerState state = PeerState::connecting;

  friend bool operator==(const Hears&, const Hears&) = default;
};

}  // namespace hawser
