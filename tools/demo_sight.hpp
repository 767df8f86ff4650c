// What the demo sees of one node: the parts of its JSON snapshot that the story speaks of.
//
// Both stages of the demo, processes and simulator, hand in the same JSON that anybody else can read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::tools {

using Counts = std::map<std::string, std::uint64_t>;  // messages by outcome or cause; missing is zero

std::uint64_t count_of(const Counts& counts, const std::string& word);

struct LedgerSight {
  std::uint64_t submitted = 0;
  std::uint64_t held = 0;
  Counts outcomes;
  Counts causes;
  bool balanced = true;

  std::uint64_t ended() const;
  LedgerSight& operator+=(const LedgerSight& other);
};

struct PeerSight {
  std::string id;
  std::string state;
  std::string cause;
  double phi = 0;
  std::string incarnation;
  std::string breaker;
  std::string breaker_cause;
  std::vector<std::string> channel_breakers;  // `Order half_open`: of the channels that are not closed
  std::uint64_t dials = 0;                    // of the control lane
  std::int64_t next_delay_max_us = 0;         // ceiling of the delay before its next dial
  LedgerSight ledger;
};

struct EventSight {
  std::uint64_t number = 0;
  std::string kind;
  std::string peer;
  std::string cause;
  std::string text;
  std::int64_t at_us = 0;  // on the node's own clock

  // Of a change of view: whether it told that this member is removed.
  bool removed(std::string_view id) const;
};

struct NodeSight {
  std::string id;
  std::string incarnation;
  std::string stance;
  std::string stance_cause;
  bool may_serve = false;
  std::string epoch;              // its counter; 0: none yet
  std::vector<std::string> view;  // the members of the view that it acts in, or acted in last
  bool settled = false;           // nobody serves in an older one
  std::vector<PeerSight> peers;
  LedgerSight ledger;
  std::vector<EventSight> events;  // since the sight before

  const PeerSight* peer(std::string_view id) const noexcept;
};

// Nothing when the line is no snapshot.
std::optional<NodeSight> read_sight(std::string_view json);

}  // namespace hawser::tools
