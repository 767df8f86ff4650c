// All that the demo knows of its nodes: the latest sight of each, and what was seen since the current step began.
//
// What passes between two snapshots is not lost: a node's events tell it. Counts are of one life of a node; a restart
// begins a new life, and the books of the old one are kept as they were last seen.
#pragma once

#include "demo_sight.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser::tools {

enum class Life : unsigned char { running, paused, killed, stopped };
std::string_view to_string(Life life) noexcept;

class Stage {
 public:
  explicit Stage(std::vector<std::string> nodes);

  const std::vector<std::string>& nodes() const noexcept { return nodes_; }
  // Those that run, without the named one: who can tell about it.
  std::vector<std::string> observers_of(std::string_view id) const;

  void observe(NodeSight sight);
  void set_life(const std::string& id, Life life);
  Life life(const std::string& id) const { return actors_.at(id).life; }

  // Null before the first snapshot of the node's present life.
  const NodeSight* sight(const std::string& id) const;
  // Null when either is not known yet.
  const PeerSight* view(const std::string& observer, const std::string& peer) const;

  // Begins a new step: what follows is counted from here.
  void mark();
  // Messages from `observer` to `peer` that ended so since the mark.
  std::uint64_t since_mark(const std::string& observer, const std::string& peer, const std::string& outcome) const;
  // Whether `observer` had `peer` (or its breaker) in that state at any time since the mark.
  bool was_state(const std::string& observer, const std::string& peer, const std::string& state) const;
  bool was_breaker(const std::string& observer, const std::string& peer, const std::string& state) const;
  // Whether `node` logged an event of that kind since the mark.
  bool logged(const std::string& node, const std::string& kind) const;
  bool logged(const std::string& node, const std::string& kind, const std::string& cause) const;
  // Whether `node` was told since the mark that `member` is removed.
  bool told_removed(const std::string& node, const std::string& member) const;
  // Dials since the mark, and how many times as large as at its smallest the ceiling of their delays has become.
  std::uint64_t dials(const std::string& observer, const std::string& peer) const;
  std::int64_t delay_growth(const std::string& observer, const std::string& peer) const;
  std::string incarnation_at_mark(const std::string& observer, const std::string& peer) const;

  // The books of lives that ended without an ordinary stop, as last seen, by node.
  const std::vector<std::pair<std::string, LedgerSight>>& lost_books() const noexcept { return lost_books_; }

 private:
  struct Watched {  // of one peer by one observer, since the mark
    std::set<std::string> states;
    std::set<std::string> breakers;
    std::set<std::int64_t> delays;
    std::uint64_t dials_at_mark = 0;
    std::string incarnation_at_mark;
    Counts outcomes_at_mark;
  };
  struct Actor {
    Life life = Life::running;
    bool seen = false;
    NodeSight latest;
    std::set<std::string> events;   // since the mark: kinds, and kinds with their causes
    std::set<std::string> removed;  // members, since the mark
    std::map<std::string, Watched> peers;
  };
  const Watched* watched(const std::string& observer, const std::string& peer) const;

  std::vector<std::string> nodes_;
  std::map<std::string, Actor> actors_;
  std::vector<std::pair<std::string, LedgerSight>> lost_books_;
};

}  // namespace hawser::tools
