// What a call costs the thread that makes it. Messages are sent on the loop, with nobody else on it: no lock is ever
// contended. may_serve() is asked on threads of the application.
#pragma once

#include "load.hpp"
#include "stopwatch.hpp"

#include <chrono>
#include <cstdint>

namespace hawser {
class Node;
}

namespace hawser::bench {

// Posts bursts well below the queue's bound, each after the one before was handled to its last message. Records the
// mean per call of every burst. Returns how many messages were posted.
inline constexpr unsigned burst_messages = 512;
std::uint64_t post_bursts_for(Node& node, const Load& load, std::chrono::milliseconds time, Latencies& latencies);

// One message to eight peers, which live in this process too, until the time is over: as eight sends or as one
// broadcast. Accepted and delivered count messages, so eight for each.
inline constexpr unsigned broadcast_peers = 8;
Figures time_broadcasts(const Load& load);

// may_serve() of a node that serves on its own vote, whose lease its loop renews meanwhile. Records the mean per call
// of bursts, by the first of the asking threads.
Figures time_questions(const Load& load);

}  // namespace hawser::bench
