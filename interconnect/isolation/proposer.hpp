// Whose turn it is to propose which view, and when.
//
// The most senior member of the wanted set proposes it once the set has stood still for stable_after, or one member of
// the present view has been bad that long though others go on moving; the next in rank wait four heartbeats longer
// each. A view that does not come to serve is proposed again under a new epoch. Nothing here can break safety: it only
// decides how soon, and how rarely, a view is asked for. Pure.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/member_table.hpp>
#include <hawser/interconnect/isolation/settings.hpp>
#include <hawser/interconnect/isolation/view.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace hawser {

class Proposer {
 public:
  Proposer(const IsolationSettings& settings, Place self, Incarnation incarnation, std::size_t places, Random random);

  // Looks at the table again, whenever it or the grant of this node's own voter has changed: what stands still counts
  // from the last time that it did not. Drops a proposal that is no longer what is wanted.
  void look(const MemberTable& table, const Coterie& coterie, const View& grant, Instant now);
  // A new proposal if it is time, once; it is then repeated with every heartbeat while proposal() holds it.
  bool propose(const Epoch& max_seen, Instant now);
  // Somebody refused the proposal of that epoch: wait for a random while.
  void refused(const Epoch& epoch, Instant now);

  const std::optional<View>& proposal() const noexcept { return proposal_; }
  const MemberSet& wish() const noexcept { return wish_; }
  // When propose() will say yes, if nothing changes.
  Instant next_wake() const;

 private:
  bool differs(const View& grant) const { return wanted_ != grant.members; }
  void look_for_the_bad(const MemberTable& table, const View& grant, Instant now);
  void look_for_failure(const MemberTable& table, const Coterie& coterie, const View& grant, Instant now);

  IsolationSettings settings_;
  Place self_;
  Incarnation incarnation_;
  Random random_;
  MemberSet wish_;
  std::vector<ViewMember> wanted_;  // the wish by incarnation
  Instant wanted_since_ = never;
  Instant due_ = never;             // for the first in rank
  std::vector<Instant> bad_since_;  // by place: a member of the grant that is not wanted; never: all well
  bool leaving_ = false;            // a member of the grant stops on purpose: nothing to wait for
  Instant failing_since_ = never;   // the wish is granted, and a member does not come to serve in it
  Epoch failing_;
  std::uint32_t repairs_ = 0;   // in a row
  std::uint32_t refusals_ = 0;  // in a row
  Instant not_before_ = Instant::min();
  std::optional<View> proposal_;
  Epoch granted_;  // the grant as of the last look
};

}  // namespace hawser
