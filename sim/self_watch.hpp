// Self-suspicion (I9): a node that did not run accuses nobody of the silence it slept through.
//
// Told for each pair whether nothing ever stood between the two, and when the observer slept; an accusation of silence
// that follows a sleep, of a peer that could have answered all the time, is the observer's own fault. Pure.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/sim/violation.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace hawser::sim {

class SelfWatch {
 public:
  // `evidence`: for how long after a sleep an accusation counts as one of its evidence.
  SelfWatch(Findings& findings, Duration evidence) : findings_(findings), evidence_(evidence) {}

  // What holds from `now` on: whether the peer runs and the links both ways are clean, and whether the observer sleeps.
  // `forgotten`: how often connections of the two have died silently or by a reset; a link where one has is clean
  // from then on.
  void told(const std::string& observer, const std::string& peer, bool clean, bool asleep, WorldTime now,
            std::uint64_t forgotten = 0);
  void accused(const std::string& observer, const std::string& peer, std::string_view cause, WorldTime now);

 private:
  struct Pair {
    bool clean = false;
    WorldTime clean_since = world_never;
    std::uint64_t forgotten = 0;
    WorldTime slept_at = world_never;
    WorldTime woke_at = world_never;
  };

  Findings& findings_;
  Duration evidence_;
  std::map<std::pair<std::string, std::string>, Pair> pairs_;
};

}  // namespace hawser::sim
