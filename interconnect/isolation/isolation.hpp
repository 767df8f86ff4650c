// Isolation of one node: the one path by which it comes to serve, and stops. docs/isolation.md proves the promise.
//
// THE PROMISE. From the instant at which any node is told `removed(X)` until X itself is told that it rejoined in a later
// epoch, X does not serve; as long as every clock's rate stays within 1 +- drift and clocks do not stop.
//
// Sans IO: calls bring in what happened, take() gives out what is to be done. Not thread safe: one thread owns it; other
// threads ask the ServingGate. Time in every call is read AFTER what it reports arrived (a promise counts from it), from
// a clock that counts suspend, not taken from the beginning of a turn.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/evidence.hpp>
#include <hawser/interconnect/isolation/member.hpp>
#include <hawser/interconnect/isolation/proposer.hpp>
#include <hawser/interconnect/isolation/pulse.hpp>
#include <hawser/interconnect/isolation/serving_gate.hpp>
#include <hawser/interconnect/isolation/settings.hpp>
#include <hawser/interconnect/isolation/stored_vote.hpp>
#include <hawser/interconnect/isolation/voter.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace hawser {

struct IsolationConfig {
  Coterie coterie;
  IsolationSettings settings;
  Place self = 0;                                  // this node's place in the list of members
  Incarnation incarnation = Incarnation::unknown;  // above that of every earlier life of this node
  bool durable = false;                            // there is stable storage: votes wait for stored()
};

// One pulse for several members: encode it once. The arbiter's place, where there is one, means the arbiter's port.
struct PulseSending {
  MemberSet to;
  Pulse pulse;
};

// What to do after a call, in this order.
struct IsolationOutput {
  // Make it durable, then call stored(). While that takes, nothing is told that depends on it.
  std::optional<StoredVote> store;
  // Send, at once. A pulse that cannot be sent now is dropped: another one follows.
  std::vector<PulseSending> sendings;
  // Tell the program: stances first. A gate that had to close is closed already.
  std::vector<StanceChange> stances;
  std::vector<ViewChange> views;

  bool empty() const noexcept { return !store && sendings.empty() && stances.empty() && views.empty(); }
};

class Isolation {
 public:
  // With Strategy::none the gate is open for ever from start() on, and nothing is ever sent. `gate` outlives this.
  // REQUIRES: problems(settings) is empty, self < coterie.members(), the incarnation is known.
  Isolation(IsolationConfig config, ServingGate& gate, Random random);
  Isolation(const Isolation&) = delete;
  Isolation& operator=(const Isolation&) = delete;

  // Once, before anything else. `memory`: what storage held; nothing means that the vote is forgotten, `why` says so
  // (`never written`, `torn`), and for one promise this node neither grants nor supports.
  void start(const std::optional<StoredVote>& memory, std::string why, Instant now);

  // Whether heartbeats go both ways between this node and that incarnation of `peer` now: the detector's word, up or
  // not (suspect counts as up, connecting and unreachable do not). The arbiter's place: whether it answers.
  void link(Place peer, Incarnation incarnation, bool up, Instant now);
  // A pulse of a member whose identity the session has proved. Pulses that are not true to it are ignored.
  void hear(Place from, const Pulse& pulse, Instant now);
  // At next_wake(), or any time.
  void tick(Instant now);
  // The vote that take() gave out last is on disk, or is not: then it is tried again with the next repetition.
  void stored(bool durable, Instant now);
  // This node stops on purpose: it serves no more from now on, says so, and goes on voting until left().
  void leave(Instant now);
  // A view without this node has been granted by a quorum, as far as is known here; or it was in none.
  bool left() const noexcept;

  // What is to be done since the last call. Take it after every call above.
  IsolationOutput take();
  // When tick() has something to do next. A call may make it earlier.
  Instant next_wake() const noexcept;

  // For snapshots and messages. What it says about serving is as of the last call; `gate` is exact.
  Stance stance() const noexcept { return stance_; }
  const Reason& reason() const noexcept { return reason_; }
  // The epoch that messages carry: of the view it serves in, or served in last; zero before the first.
  const Epoch& epoch() const noexcept { return member_.entered().epoch; }
  const View& view() const noexcept { return member_.entered(); }
  bool settled() const noexcept { return settled_; }
  const View& grant() const noexcept { return voter_.grant(); }
  bool remembers() const noexcept { return voter_.remembers(); }
  const MemberTable& table() const noexcept { return table_; }
  const MemberSet& wish() const noexcept { return proposer_.wish(); }
  Evidence evidence(Instant now) const;
  const Coterie& coterie() const noexcept { return config_.coterie; }
  const IsolationSettings& settings() const noexcept { return config_.settings; }

 private:
  void before(Instant now);
  void after(Instant now);
  void consider(const View& view, std::optional<Place> proposed_by, Instant now);
  void answer(Place from, const Pulse& pulse, Instant now);
  void ask_oneself(Instant now);
  void complete_grant(Instant now);
  void beat(Instant now);
  void send(const MemberSet& to, Pulse pulse);
  Pulse pulse_base(bool rotate);
  void refresh_own_row();
  void judge_stance(Instant now, std::string_view cause);
  void enter(Instant now);
  void check_settled(Instant now);
  Reason joining_reason() const;
  std::optional<Instant> sent_at(std::uint64_t sequence) const noexcept;
  MemberSet everybody_else() const noexcept;
  bool inert() const noexcept { return config_.coterie.strategy() == Strategy::none; }

  struct Beat {
    std::uint64_t sequence;
    Instant sent;
  };

  IsolationConfig config_;
  ServingGate& gate_;
  MemberTable table_;
  Voter voter_;
  Member member_;
  Proposer proposer_;
  IsolationOutput output_;
  std::deque<Beat> beats_;  // younger than a lease: what answers may refer to
  std::uint64_t sequence_ = 0;
  Instant next_beat_ = never;
  std::size_t next_row_ = 0;  // where the turn of others' rows stands
  bool leaving_ = false;
  bool settled_ = false;
  bool granted_now_ = false;  // a pulse to everybody is due at once
  Stance stance_ = Stance::joining;
  Reason reason_;
  std::string memory_story_;  // why the vote was forgotten
};

}  // namespace hawser
