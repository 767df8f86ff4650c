// Which of a few nodes can be heard by which: a directed graph in one number, so that all of them can be counted.
//
// Bit k of `edges` is the k-th ordered pair (from, to) in the order 0->1, 0->2, .., 1->0, ..; set: what `from` sends
// reaches `to`. Nodes are called n1, n2 ..
#pragma once

#include <cstdint>
#include <string>

namespace hawser::sim {

// Nodes: 2 .. 5.
struct ReachabilityGraph {
  unsigned nodes = 3;
  std::uint32_t edges = 0;

  bool reaches(unsigned from, unsigned to) const noexcept;
  bool linked(unsigned one, unsigned other) const noexcept { return reaches(one, other) && reaches(other, one); }
  // The smallest edges that this graph has under any renaming of its nodes: equal for equal shapes.
  std::uint32_t shape() const;
  // "n1>n2 n2>n1 n3>n1", or "nothing".
  std::string text() const;
};
std::uint32_t graph_count(unsigned nodes) noexcept;

}  // namespace hawser::sim
