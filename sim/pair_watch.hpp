// Detection between every ordered pair of nodes: a peer that cannot be heard is suspected in time (I7).
//
// Told what is true of the world (is the pair cut, did the observer run) and what the observer believes. Silence counts
// from the latest of: the cut, the start or resumption of the observer. The bound is mean + pause + z(threshold) x
// sigma, with what the configuration and the world's delays allow or, if that is more, what the observer has learnt
// from its peer. What it must not learn from are outages (I8). Pure.
#pragma once

#include <hawser/detector/detector_record.hpp>
#include <hawser/detector/peer_state.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/sim/violation.hpp>

#include <map>
#include <string>
#include <utility>

namespace hawser::sim {

// How long after the last reply a silent peer is suspected at the latest. `jitter`: of the round trips seen, at most.
// `learnt`: mean and deviation that the observer shows of that peer.
Duration suspicion_bound(const DetectorConfig& config, Duration jitter, const DetectorRecord& learnt = {}) noexcept;

class PairWatch {
 public:
  explicit PairWatch(Findings& findings) : findings_(findings) {}

  // What holds from `now` on: whether `observer` runs, and whether its heartbeats to `peer` can be answered.
  void told(const std::string& observer, const std::string& peer, bool observing, bool answered, WorldTime now);
  // Since when the peer must have been silent to this observer; world_never if it need not be.
  WorldTime silent_since(const std::string& observer, const std::string& peer) const;
  // How long ago the two could last answer each other for at least a second on end; zero if they do.
  Duration unconfirmed(const std::string& observer, const std::string& peer, WorldTime now) const;
  void believed(const std::string& observer, const std::string& peer, PeerState state, Duration bound, WorldTime now);
  // What the observer shows of that life of its peer, look after look: it counts no interval that was long enough to
  // convict.
  void learnt(const std::string& observer, const std::string& peer, Incarnation life, const DetectorRecord& record,
              WorldTime now);

 private:
  struct Pair {
    bool observing = false;
    bool answered = false;
    WorldTime silent_since = world_never;
    WorldTime good_since = world_never;
    WorldTime good_until = world_begin;
    Incarnation life = Incarnation::unknown;
    DetectorRecord record;  // as of the last look
    Duration detection{0};  // by what it had learnt then; zero: not known
    WorldTime looked_at = world_never;
  };

  Findings& findings_;
  std::map<std::pair<std::string, std::string>, Pair> pairs_;
};

}  // namespace hawser::sim
