// What one run of a node shows of itself, look after look: its books, its memory, its breakers, its dials.
//
// Checks every row of the ledger (I1), bounds of memory (I5), transitions of breakers from the event log (I10), planned
// delays between dials (I11), and, while the world is calm, that nobody is suspected (I8). Pure: takes snapshots.
// Events that left the log between two looks are missed, and what depends on them starts anew.
#pragma once

#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/snapshot.hpp>
#include <hawser/sim/violation.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser::sim {

// May a breaker go from one state to the other, as far as its event log shows?
bool breaker_may_go(std::string_view from, std::string_view to) noexcept;

class NodeWatch {
 public:
  NodeWatch(std::string node, Findings& findings) : node_(std::move(node)), findings_(findings) {}

  // `calm`: nothing has happened to the world since the look before the last one that could explain a suspicion.
  void look(const NodeSnapshot& shown, const Config& config, bool calm);

  // At rest nothing is borrowed, and no more room is kept than channels that breathe keep.
  void look_at_rest(const NodeSnapshot& shown);

  // The number of the last event that it has looked at.
  std::uint64_t events_seen() const noexcept { return events_seen_; }

  // What the last look found of peers that broke the protocol.
  const std::vector<Event>& breaches() const noexcept { return breaches_; }
  // The accusations (a peer is suspect or unreachable) that the last look found.
  const std::vector<Event>& accusations() const noexcept { return accusations_; }

 private:
  void look_at_books(const NodeSnapshot& shown);
  void look_at_memory(const NodeSnapshot& shown, const Config& config);
  void look_at_channels(const PeerSnapshot& peer, const BoundsConfig& bounds);
  void at_most(const std::string& peer, const std::string& what, std::uint64_t value, std::uint64_t most);
  void look_at_gray(const PeerSnapshot& peer, Instant now);
  void look_at_lanes(const PeerSnapshot& peer, const Config& config);
  void look_at_events(const NodeSnapshot& shown, bool calm);
  void look_at_breaker(const Event& event);
  void add(Invariant invariant, const std::string& peer, std::string text);

  std::string node_;
  Findings& findings_;
  std::uint64_t events_seen_ = 0;
  std::vector<Event> accusations_;
  std::vector<Event> breaches_;
  std::map<std::pair<std::string, std::string>, std::string> breakers_;  // by peer and name; absent: closed
  bool peer_removed_ = false;   // somebody may hold on to it, and with it to room
  bool breakers_known_ = true;  // no event was missed
};

}  // namespace hawser::sim
