// What is known of every member: one row each, written by its member, passed on by all.
//
// A row is newer when its member's incarnation is, or its version within that. Rows only say what is so; nothing that
// must be safe rests on them but `settled`, and a row's word on grant and serving is never taken back.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/interconnect/isolation/member_set.hpp>

#include <cstdint>
#include <iosfwd>
#include <vector>

namespace hawser {

struct MemberRow {
  Place place = 0;
  Incarnation incarnation = Incarnation::unknown;  // unknown: never heard of
  std::uint64_t version = 0;
  MemberSet hears;       // whose heartbeats it hears and who answers its own
  bool votes = false;    // a voter that remembers
  bool leaving = false;  // stops on purpose: wanted in no view
  Epoch grant;           // its highest; zero: none
  Epoch serving;         // zero: in none

  bool known() const noexcept { return incarnation != Incarnation::unknown; }
  bool newer_than(const MemberRow& other) const noexcept {
    return incarnation != other.incarnation ? incarnation > other.incarnation : version > other.version;
  }

  friend bool operator==(const MemberRow&, const MemberRow&) = default;
};

class MemberTable {
 public:
  // REQUIRES: places <= places_max.
  explicit MemberTable(std::size_t places);

  std::size_t places() const noexcept { return rows_.size(); }
  const MemberRow& row(Place place) const noexcept { return rows_[place]; }
  const std::vector<MemberRow>& rows() const noexcept { return rows_; }
  // True when it was news. REQUIRES: row.place < places().
  bool merge(const MemberRow& row);

  // Both hear each other; nobody is linked with itself.
  bool link(Place a, Place b) const noexcept;
  MemberSet links_of(Place place) const noexcept;
  // Voters that remember, among `voters`, which `place` is linked with or is itself.
  MemberSet votes_seen(Place place, const MemberSet& voters) const noexcept;

  friend bool operator==(const MemberTable&, const MemberTable&) = default;

 private:
  std::vector<MemberRow> rows_;
};

std::ostream& operator<<(std::ostream&, const MemberRow&);
std::ostream& operator<<(std::ostream&, const MemberTable&);

}  // namespace hawser
