// The question `peers`: one node with a thousand peers, over real sockets: how long until it knows them all, what it
// costs at rest, what a peer weighs.
//
// Every peer is a whole node of its own, many to a process, and knows only the one that is measured. That one has a
// process to itself, so that its CPU time and memory are its own: two control lanes per peer, one each way. There is no
// plain side to set it against.
#pragma once

#include "question.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace hawser::bench {

inline constexpr const char* peers_headline =
    "one node and 1000 peers on real sockets: time to connect all, CPU at rest, memory per pair";

// Of the node that is measured, in one run.
struct PeersFigures {
  double connect_seconds = 0;      // from before the node is made until every peer is up
  double connect_cpu_seconds = 0;  // of its process meanwhile
  double idle_cpu_percent = 0;     // of one CPU, all threads, with a heartbeat per second and peer
  double idle_kernel_percent = 0;  // how much of that is time in the kernel
  double pair_bytes = 0;           // resident memory that came with the peers, divided by their number
  double peer_node_bytes = 0;      // the same of the processes of the peers, per node in them
  double suspicions = 0;           // while it was measured; has to be 0
};

struct PeersAnswer {
  std::uint32_t peers = 0;
  std::vector<PeersFigures> runs;
  double others_cpus = 0;
};

// Throws std::runtime_error when not all of them come up within a minute, or a process does not end well.
PeersAnswer ask_peers(const Settings& settings);
std::string to_table(const PeersAnswer& answer, const Settings& settings);

}  // namespace hawser::bench
