// The state of one peer, with its reason: what phi, connections, handshakes and restarts amount to.
//
//   connecting --session_open--> up <--reply-- suspect --phi--> unreachable --replies--> up
//
// Invariants: only a peer that answered is up; a peer becomes unreachable by phi (or because it said goodbye), never by
// one lost connection; the way back from unreachable takes replies spread over time, more of them after recent flaps. A
// peer never heard within its hold is unreachable. Evidence of a one-way cut names it before mere silence would
// (doubts()). Every decision is an instant in whole microseconds, computed in advance: next_wake() and next_doubt() are
// the timers needed. Pure; not thread safe.
#pragma once

#include <hawser/base/reason.hpp>
#include <hawser/base/time.hpp>
#include <hawser/detector/detector_record.hpp>
#include <hawser/detector/peer_state.hpp>
#include <hawser/detector/phi_accrual.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace hawser {

// The vocabulary of PeerJudge::reason(), beside the causes which the caller hands to connection_lost.
namespace peer_cause {
inline constexpr std::string_view starting = "starting";          // connecting: nothing tried yet
inline constexpr std::string_view session_open = "session_open";  // up: both sides agreed
inline constexpr std::string_view recovered = "recovered";        // up: it answers again
inline constexpr std::string_view silent = "silent";              // nothing comes from it
inline constexpr std::string_view cut_outbound = "cut_outbound";  // we hear it, it does not answer us
inline constexpr std::string_view cut_inbound = "cut_inbound";    // we do not hear it, others do
inline constexpr std::string_view never_heard = "never_heard";    // no session within the hold
inline constexpr std::string_view connect_refused = "connect_refused";
inline constexpr std::string_view connect_timeout = "connect_timeout";
inline constexpr std::string_view handshake_failed = "handshake_failed";
inline constexpr std::string_view handshake_timeout = "handshake_timeout";  // it accepts and then says nothing
inline constexpr std::string_view authentication_failed = "authentication_failed";
inline constexpr std::string_view refused_by_peer = "refused_by_peer";
inline constexpr std::string_view connection_lost = "connection_lost";
inline constexpr std::string_view peer_stopped = "peer_stopped";      // it said goodbye
inline constexpr std::string_view peer_restarted = "peer_restarted";  // connecting: another incarnation answers
}  // namespace peer_cause

struct JudgeConfig {
  PhiConfig phi;
  double suspect = 5.0;                  // 0.1 .. 300
  double unreachable = 8.0;              // above `suspect`; .. 300
  Duration never_heard_hold{3'000'000};  // connecting at most this long; 0 ..
  std::uint32_t replies_to_recover = 2;  // from unreachable to up; 1 ..
  // Damping: from the second flap within `flap_memory` on, one reply more for each, at most so many more.
  Duration flap_memory{60'000'000};
  std::uint32_t flap_replies_max = 3;
};

// A one-way cut has a name sooner than mere silence has one. Half of the acceptable pause is for what is lost under
// way, half for a peer that stands still itself; one whose own beats go on, or that others hear, does not stand still.
// So half the pause before its suspicion would be due a peer is suspected on evidence, and on evidence alone:
// cut_outbound when its beats keep coming and say that it has not heard ours, cut_inbound when a third node heard it at
// a time by which it must have spoken to us. Conviction stays with phi.
class PeerJudge {
 public:
  // REQUIRES: 0.1 <= suspect < unreachable <= 300, replies_to_recover >= 1, and what PhiConfig demands.
  PeerJudge(const JudgeConfig& config, Instant now);

  // Each of these returns true when it changed the state; the next tick reports that change as well, once.

  // The handshake is done in both directions. From connecting this is up; from unreachable replies decide.
  bool session_open(Instant now);
  // The control connection ended, or a dial failed. Up becomes suspect at once, conviction is left to phi: a quick
  // reconnect is no outage. `cause` is a literal; peer_cause::peer_stopped convicts at once. A peer that went silent
  // keeps that cause when a dial merely fails to reach it (the failure goes into the detail); a refusal replaces it.
  // One that said goodbye keeps its cause until it turns us away itself.
  bool connection_lost(Instant now, std::string_view cause, std::string detail = {});
  // A heartbeat of ours was answered: the link works both ways.
  bool reply(Instant now);
  // A new heartbeat of the peer: it lives, which says nothing about our way to it, and convicts and acquits nobody.
  void heard(Instant now) noexcept { heard_ = std::max(heard_, now); }
  // Another node says that it hears the peer now, and has had the time to notice if it did not.
  bool vouched(Instant now);
  // It beats as it should, and said now that it has not heard a beat of ours that should have been there. Like the next
  // one it only names a one-way cut; true when a silence has just got that name.
  bool unheard(Instant now);
  // Another node has heard it, at `then` at the earliest; true when a silence has just got its name by that. What is
  // known now counts a moment later: one that has just woken up speaks to some before others.
  bool seen_alive(Instant then, Instant now);
  // It is up, and silent for so long that others are worth asking. Nothing has been decided.
  bool doubts(Instant now) const { return state_ == PeerState::up && now >= doubt_at(); }
  // When the next look for such evidence is worth it, and when to ask again without any; `never` unless it is up.
  Instant next_doubt() const;
  // It is doubted for its silence since at least half an interval: who else hears it is worth knowing.
  bool silent_of_late(Instant now) const noexcept;
  // It is doubted for its silence, and since no longer than that.
  bool silent_since(Instant since) const noexcept;
  // Unreachable at once, by a decision of others or of its own (it said goodbye). Only a new session leads back.
  bool convict(Instant now, std::string_view cause, std::string detail = {});
  // Another incarnation answered: what was learned of the old one is forgotten; connecting until session_open.
  bool peer_restarted(Instant now);
  // We ourselves stalled for so long: the silence of that time is not the peer's.
  void excuse(Duration stall);
  // Acts on what is due, and returns true when the state has changed since the last tick, by whatever. Call it at
  // next_wake() or any time; while LocalHealth says that nobody may be accused (or convicted), pass that on and it is
  // put off to the next call.
  bool tick(Instant now, bool may_accuse = true, bool may_convict = true);

  // When tick has something to do, if nothing is heard until then; `never` while unreachable.
  Instant next_wake() const;

  PeerState state() const noexcept { return state_; }
  // next_at: suspect: its conviction; connecting: the end of the hold. Nothing otherwise; dials are the caller's.
  const Reason& reason() const noexcept { return reason_; }
  double phi(Instant now) const noexcept { return detector_.phi(now); }
  const PhiAccrualDetector& detector() const noexcept { return detector_; }
  // For a subscriber with a threshold of its own.
  Instant suspect_at(const PhiThreshold& threshold) const { return detector_.suspect_at(threshold); }

  // It answers heartbeats and fails or crawls on real work. Beside the state; whoever sees it sets it.
  bool set_degraded(bool degraded, Instant now, std::string_view cause, std::string detail = {});
  bool degraded() const noexcept { return degraded_; }
  const Reason& degraded_reason() const noexcept { return degraded_reason_; }

  bool connected() const noexcept { return connected_; }
  // How often it left up or suspect for unreachable, or restarted while up or suspect. Never falls.
  std::uint32_t flaps() const noexcept { return flaps_; }
  // How many replies an unreachable peer must give now.
  std::uint32_t replies_needed(Instant now) const noexcept;
  // Promised against observed.
  std::uint64_t suspicions() const noexcept { return suspicions_; }
  std::uint64_t mistakes() const noexcept { return mistakes_; }
  DetectorRecord record(Instant now) const;

 private:
  bool enter(PeerState state, Instant now, std::string_view cause, std::string detail = {});
  void act_on_time(Instant now, bool may_convict);
  void suspect(Instant now, std::string_view cause);
  Instant doubt_at() const;
  Duration spoken() const;
  std::string_view evident_cut(Instant now) const;
  bool leave_for_unreachable(Instant now, std::string_view cause, std::string detail = {});
  void count(Instant now);
  bool recover_by_reply(Instant now);
  std::string_view name_silence(Instant now) const;
  bool rename_silence(std::string_view cause) noexcept;
  void refresh_next_at();
  std::uint32_t recent_flaps(Instant now) const noexcept;

  JudgeConfig config_;
  PhiThreshold suspect_;
  PhiThreshold unreachable_;
  PhiAccrualDetector detector_;
  PeerState state_ = PeerState::connecting;
  Reason reason_;
  bool changed_ = false;  // since the last tick
  bool connected_ = false;
  bool suspected_by_silence_ = false;
  Instant hold_until_;
  Instant heard_ = Instant::min();
  Instant vouched_ = Instant::min();
  Instant unheard_ = Instant::min();
  Instant alive_known_at_ = Instant::min();  // when it was first known that it lives, in this silence
  Instant looked_at_ = Instant::min();       // when evidence was last looked for
  std::string_view last_failure_;            // of the connection; empty while connected
  std::string last_failure_detail_;
  std::uint32_t replies_ = 0;  // that count towards recovery
  Instant counted_at_ = Instant::min();
  std::uint32_t flaps_ = 0;
  std::uint32_t flaps_remembered_ = 0;  // as of flapped_at_; one is forgotten per flap_memory
  Instant flapped_at_ = Instant::min();
  bool degraded_ = false;
  Reason degraded_reason_;
  std::uint64_t suspicions_ = 0;
  std::uint64_t mistakes_ = 0;
  std::uint64_t replies_heard_ = 0;
  Duration mistaken_{0};
  Duration watched_{0};  // until the state was entered
  Instant entered_at_;
  Duration detected_{0};
};

}  // namespace hawser
