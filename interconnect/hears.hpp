// How well one node hears another: what heartbeats carry of all peers, and what snapshots show of it.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/detector/peer_state.hpp>

#include <cstdint>

namespace hawser {

// How well the sender of a heartbeat hears one node.
struct Hears {
  NodeId node;
  Incarnation incarnation = Incarnation::unknown;
  PeerState state = PeerState::connecting;

  friend bool operator==(const Hears&, const Hears&) = default;
};

// Asks when the other node has heard one of its peers last, and answers it.
struct HeardAgo {
  NodeId node;
  Incarnation incarnation = Incarnation::unknown;
  std::uint64_t ago_us = 0;  // before this was sent; nothing where it asks

  friend bool operator==(const HeardAgo&, const HeardAgo&) = default;
};

}  // namespace hawser
