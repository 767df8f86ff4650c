// A member's right to act: in which view it acts, on whose promises, until when.
//
// Invariants: it acts in a view only while voters forming a quorum have, by live answers, that view as their grant and
// have promised on heartbeats that it sent less than a lease ago; when that runs out it stops by itself, with nobody to
// tell it. A view that lapsed when a higher one was granted is never resumed. Whether it may have been removed unheard
// is decided on entering, by what its supporters granted before. Pure; times are on this member's own clock.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/evidence.hpp>
#include <hawser/interconnect/isolation/view.hpp>

#include <optional>
#include <vector>

namespace hawser {

class Member {
 public:
  Member(Duration lease, std::size_t places);

  // `voter` granted `epoch` and promised, on a heartbeat sent at `sent`; `before`: its grant before that, if it knows.
  void supported(Place voter, const Epoch& epoch, Instant sent, const std::optional<Epoch>& before);
  // It will never serve below `epoch`. The caller closes the gate in the same breath.
  void resign(const Epoch& epoch) noexcept;
  // Gives up, or pauses, the view it acts in if its lease is over. Call it before anything new is taken in.
  void lapse(const Coterie& coterie, const Epoch& grant, Instant now);

  // Whether `grant`, of which it is a member, may be entered now.
  bool can_enter(const Coterie& coterie, const View& grant, Instant now) const;
  // True: it continues. False: it may have been out in between, and must be told that it rejoined.
  bool enter(const View& grant, Instant now);

  // When it stops acting in the view entered, unless more answers come; Instant::min() when it does not act.
  Instant lease_ends(const Coterie& coterie) const;
  bool serving(const Coterie& coterie, Instant now) const { return now < lease_ends(coterie); }

  const View& entered() const noexcept { return entered_; }  // last; it may have lapsed
  bool holds() const noexcept { return holds_; }             // it may still act in it
  const Epoch& below() const noexcept { return below_; }
  const std::optional<Epoch>& joined() const noexcept { return joined_; }  // where it was told to have rejoined last
  std::vector<SupportEvidence> supports() const;

 private:
  struct Support {
    Epoch epoch;
    Instant sent = Instant::min();
    std::optional<Epoch> before;
  };
  // Of one voter: for the view acted in, and for the newest other one.
  struct Supports {
    Support current;
    Support next;
  };

  Instant ends(const Coterie& coterie, const Epoch& epoch) const;
  const Support* find(Place voter, const Epoch& epoch) const noexcept;

  Duration lease_;
  View entered_;
  bool holds_ = false;
  bool unbroken_ = false;  // it has served without a break since it entered
  Epoch below_;
  std::optional<Epoch> joined_;
  std::vector<Supports> supports_;  // by place
};

}  // namespace hawser
