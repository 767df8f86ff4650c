// Who serves when: no member that was removed, no two sides of a cut, nobody in an epoch that was left (I12).
//
// Told what nodes were told (views, changes of stance) and what may_serve() answers after every event. Members are
// known by node id and incarnation: a member that has started again is another one. Pure.
#pragma once

#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/evidence.hpp>
#include <hawser/interconnect/isolation/serving_gate.hpp>
#include <hawser/interconnect/isolation/settings.hpp>
#include <hawser/sim/violation.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hawser::sim {

// One life of a member.
using Member = std::pair<NodeId, Incarnation>;

class StanceWatch {
 public:
  explicit StanceWatch(Findings& findings) : findings_(findings) {}

  // A process with that member runs on `host`, or runs no more. `ids`: of all members, by place.
  void begins(const std::string& host, const Member& member, std::vector<NodeId> ids, Coterie coterie,
              const IsolationSettings& settings);
  void ends(const std::string& host);
  bool watches(const std::string& host) const { return runs_.contains(host); }

  // (a), (g). The program on that host has been told.
  void told(const std::string& host, const ViewChange& change);
  // (f). `calm`: for long nothing has happened that could explain a change.
  void told(const std::string& host, const StanceChange& change, bool calm);
  // What may_serve() says there now, of everybody first: a lease may have ended since the last event.
  void may_serve(const std::string& host, const Permission& permission);
  // (a), (b), (c). That host serves now, if it does.
  void serves(const std::string& host);
  // (d). `silent_for`: for how long that id cannot have answered this host; zero if it may have.
  void reaches(const std::string& host, const std::function<Duration(const NodeId&)>& silent_for);
  // The last instant at which reaches() finds nothing while this host serves and nobody's silence changes: since when
  // each has been silent to it, world_never if it need not be. So (d) need not be looked for at every event.
  WorldTime reached_until(const std::string& host, const std::function<WorldTime(const NodeId&)>& silent_since) const;
  // (e). Nothing has changed for so long, and everybody runs as it should.
  void quiet(Duration span, Duration detection,
             const std::function<Duration(const std::string&, const NodeId&)>& silent);
  // How long after the last change quiet() begins to look, with the settings of that host.
  Duration quiet_after(const std::string& host, Duration detection) const;

  // How many members are removed now, as somebody was told.
  std::size_t condemned() const noexcept { return condemned_.size(); }

 private:
  struct Run {
    Member member;
    std::vector<NodeId> ids;
    Coterie coterie;
    IsolationSettings settings;
    Epoch entered;
    Epoch joined;  // of the last view in which it was told that it rejoined
    Permission permission;
  };
  // The highest epoch in which each life was told something.
  using Told = std::map<Member, Epoch>;
  void rejoined(Run& run, const Epoch& epoch);
  const Run* run_of(const Member& member) const;
  void forget_the_dead(Told& told, const Epoch& entered) const;
  void check_pairs(const std::string& host, const Run& run);
  void add(std::vector<std::string> nodes, std::string text);

  Findings& findings_;
  std::map<std::string, Run> runs_;
  std::map<Epoch, std::set<Member>> views_;
  std::map<Member, Told> condemned_;  // who was told that it is removed, in epochs above that in which it rejoined
  Told settled_;
  Epoch settled_highest_;
};

}  // namespace hawser::sim
