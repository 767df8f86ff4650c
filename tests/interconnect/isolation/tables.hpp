// Tables of members in which everybody remembers and knows everybody, from the pairs that are linked.
#pragma once

#include <hawser/interconnect/isolation/member_table.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hawser::test {

// Links are the bits of `graph`, pair by pair: 0-1, 0-2, .. , 1-2, ..
inline MemberTable table_of(std::size_t n, std::uint32_t graph) {
  std::vector<MemberSet> hears(n);
  std::uint32_t pair = 0;
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = a + 1; b < n; ++b, ++pair) {
      if ((graph >> pair & 1) == 0) continue;
      hears[a].add(static_cast<Place>(b));
      hears[b].add(static_cast<Place>(a));
    }
  }
  MemberTable table{n};
  for (std::size_t i = 0; i < n; ++i) {
    table.merge({static_cast<Place>(i), Incarnation{1}, 1, hears[i], true, false, {}, {}});
  }
  return table;
}

inline bool connected(const MemberTable& table) {
  MemberSet reached = MemberSet::only(0);
  for (std::size_t i = 0; i < table.places(); ++i) {
    for (const Place place : reached) reached = reached | table.links_of(place);
  }
  return reached.size() == table.places();
}

}  // namespace hawser::test
