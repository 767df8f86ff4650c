// Isolation of one node: the one path by which it comes to serve, and stops. docs/isolation.md proves the promise.
//
// THE PROMISE. From the instant at which any node is told `removed(X)` until X itself is told that it rejoined in a
// later epoch, X does not serve; as long as every clock's rate stays within 1 +- drift and clocks do not stop.
//
// Sans IO: calls bring in what happened, take() gives out what is to be done. Not thread safe: one thread owns it;
// other threads ask the ServingGate. Time in every call is read AFTER what it reports arrived (a promise counts from
// it), from a clock that counts suspend, not taken from the beginning of a turn.
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
  // The program has been told all that take() gave out. Only then does the gate open for a view that it rejoined; and
  // not at all if more has happened since. Call it after every take() that had stances or views.
  void told(Instant now);
  // When tick() has something to do next. Any call may change it.
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
  const Epoch& max_seen() const noexcept { return voter_.max_seen(); }
  const MemberTable& table() const noexcept { return table_; }
  const MemberSet& wish() const noexcept { return proposer_.wish(); }
  Evidence evidence(Instant now) const;
  const Coterie& coterie() const noexcept { return config_.coterie; }
  const IsolationSettings& settings() const noexcept { return config_.settings; }

 private:
  struct Beat {
    std::uint64_t sequence;
    Instant sent;
  };

  // What comes in (isolation.cpp).
  bool take_rows(Place from, const Pulse& pulse);
  bool consider(const View& view, Instant now);
  bool lists_the_dead(const View& view) const;
  void take_answer(Place from, const Pulse& pulse, Instant now);
  void answer(Place from, const Pulse& pulse, bool refuses, Instant now);
  std::optional<Instant> sent_at(std::uint64_t sequence, Instant now) const;

  // What follows from it (isolation_turn.cpp).
  void before(Instant now);
  void after(Instant now);
  bool move_on(Instant now);
  bool grant_pledged(Instant now);
  bool enter_granted(Instant now);
  bool propose(Instant now);
  void tell_entered(const View& old, bool rejoined, Instant now);
  void check_settled(Instant now);
  void judge(Instant now);
  Reason why_serving(bool entered) const;
  Reason why_joining(Instant now) const;
  Reason why_isolated() const;
  std::optional<Instant> move_due() const;
  void set_gate(Instant now);
  void refresh_own_row(Instant now);

  // What goes out (isolation.cpp).
  void beat(Instant now);
  Pulse make_pulse();
  MemberSet everybody_else() const noexcept;
  bool inert() const noexcept { return config_.coterie.strategy() == Strategy::none; }

  IsolationConfig config_;
  ServingGate& gate_;
  MemberTable table_;
  Voter voter_;
  Member member_;
  Proposer proposer_;
  IsolationOutput output_;
  MemberRow own_;           // what the table will say of this node
  std::deque<Beat> beats_;  // younger than a lease: what answers may refer to
  std::uint64_t sequence_ = 0;
  Instant now_{};  // of the last call
  Instant next_beat_ = never;
  Instant last_beat_ = Instant::min();
  std::size_t next_row_ = 0;  // where the turn of others' rows stands
  bool started_ = false;
  bool leaving_ = false;
  bool settled_ = false;
  bool urgent_ = false;  // everybody should hear at once
  bool moved_ = false;   // table or grant, since the proposer looked
  bool untold_ = false;  // it rejoined, and the program does not know yet
  Epoch last_;           // the view entered before this one
  Epoch explained_;      // the view that the reason for serving speaks of
  Stance stance_ = Stance::joining;
  Reason reason_;
  std::string memory_story_;  // why the vote was forgotten
#ifdef HAWSER_ISOLATION_FLAWS
  void count_grant(Place from, const Pulse& pulse, Instant now);
  View proposed_;
  MemberSet counted_;
#endif
};

}  // namespace hawser
