#include <hawser/interconnect/isolation/member_table.hpp>

#include <hawser/base/assert.hpp>

#include <ostream>

namespace hawser {

MemberTable::MemberTable(std::size_t places) : rows_(places) {
  HAWSER_ASSERT(places <= places_max, "a table has at most places_max rows");
  for (std::size_t i = 0; i < places; ++i) rows_[i].place = static_cast<Place>(i);
}

bool MemberTable::merge(const MemberRow& row) {
  HAWSER_ASSERT(row.place < rows_.size(), "a row is of a configured member");
  if (!row.newer_than(rows_[row.place])) return false;
  rows_[row.place] = row;
  return true;
}

bool MemberTable::link(Place a, Place b) const noexcept {
  return a != b && rows_[a].known() && rows_[b].known() && rows_[a].hears.has(b) && rows_[b].hears.has(a);
}

MemberSet MemberTable::links_of(Place place) const noexcept {
  MemberSet links;
  for (const Place other : rows_[place].hears) {
    if (other < rows_.size() && link(place, other)) links.add(other);
  }
  return links;
}

MemberSet MemberTable::votes_seen(Place place, const MemberSet& voters) const noexcept {
  MemberSet seen;
  for (const Place voter : voters) {
    if (voter < rows_.size() && rows_[voter].votes && (voter == place || link(place, voter))) seen.add(voter);
  }
  return seen;
}

std::ostream& operator<<(std::ostream& out, const MemberRow& row) {
  out << row.place << '@' << to_number(row.incarnation) << '#' << row.version << " hears " << row.hears;
  if (row.votes) out << " votes";
  if (row.leaving) out << " leaving";
  return out << " grant " << row.grant << " serving " << row.serving;
}

std::ostream& operator<<(std::ostream& out, const MemberTable& table) {
  for (const MemberRow& row : table.rows()) {
    if (row.known()) out << row << '\n';
  }
  return out;
}

}  // namespace hawser
