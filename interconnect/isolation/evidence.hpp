// What isolation tells the program, and what it rested on: every change is one event, with all that led to it.
//
// From the evidence alone, with the coterie and the lease, the decision can be replayed (decision.hpp): the quorum is
// coterie.quorum of the supporters whose `sent` is younger than the lease, the wish is derive(table).
#pragma once

#include <hawser/base/reason.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/isolation/member_table.hpp>
#include <hawser/interconnect/isolation/stance.hpp>
#include <hawser/interconnect/isolation/view.hpp>

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace hawser {

// One voter's support: it promised on a heartbeat that this node sent at `sent`.
struct SupportEvidence {
  Place voter = 0;
  Epoch epoch;
  Instant sent{};
  std::optional<Epoch> before;  // the grant it held before that one, if it knows

  friend bool operator==(const SupportEvidence&, const SupportEvidence&) = default;
};

struct Evidence {
  Instant at{};
  Place self = 0;
  Incarnation incarnation = Incarnation::unknown;  // of this node
  bool leaving = false;                            // it stops on purpose
  MemberTable table{0};
  View grant;             // as a voter, or as one that follows them
  Epoch entered;          // the view it acts in, or acted in last; zero: none
  Epoch last;             // the one that it acted in before that
  bool given_up = false;  // it will not act in `entered` again
  Epoch below;            // it serves nothing below this
  Instant lease_ends{};   // of the view it acts in
  std::vector<SupportEvidence> supports;

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

struct StanceChange {
  Stance from = Stance::joining;
  Stance to = Stance::joining;
  Reason reason;
  Epoch epoch;  // that it now serves in, or served in last
  Evidence evidence;
};

enum class ViewEvent : std::uint8_t {
  entered,  // this node acts in a new view; `removed` may be taken over from now on
  settled,  // and every other member of it has left all older ones: ownership by member list may change hands
};

struct ViewChange {
  ViewEvent event = ViewEvent::entered;
  View view;
  // It may have been removed in between without hearing it: what it owned may be others' by now.
  bool rejoined = false;
  // Against the view it acted in before; with `rejoined`, against all configured members (incarnation unknown where
  // none was seen). A member that has started again is in both, with its old and its new incarnation.
  std::vector<ViewMember> removed;
  std::vector<ViewMember> joined;
  Evidence evidence;
};

std::ostream& operator<<(std::ostream&, const Evidence&);
std::ostream& operator<<(std::ostream&, const StanceChange&);
std::ostream& operator<<(std::ostream&, const ViewChange&);

}  // namespace hawser
