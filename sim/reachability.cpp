#include <hawser/sim/reachability.hpp>

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <numeric>
#include <vector>

namespace hawser::sim {
namespace {

constexpr unsigned nodes_min = 2;
constexpr unsigned nodes_max = 5;

unsigned bit_of(unsigned nodes, unsigned from, unsigned to) noexcept {
  return from * (nodes - 1) + (to < from ? to : to - 1);
}

}  // namespace

std::uint32_t graph_count(unsigned nodes) noexcept { return std::uint32_t{1} << (nodes * (nodes - 1)); }

bool ReachabilityGraph::reaches(unsigned from, unsigned to) const noexcept {
  return from == to || (edges >> bit_of(nodes, from, to) & 1U) != 0;
}

std::uint32_t ReachabilityGraph::shape() const {
  HAWSER_ASSERT(nodes >= nodes_min && nodes <= nodes_max, "a graph has two to five nodes");
  std::vector<unsigned> names(nodes);
  std::iota(names.begin(), names.end(), 0U);
  std::uint32_t least = ~std::uint32_t{0};
  do {
    std::uint32_t renamed = 0;
    for (unsigned from = 0; from < nodes; ++from) {
      for (unsigned to = 0; to < nodes; ++to) {
        if (from != to && reaches(from, to)) renamed |= 1U << bit_of(nodes, names[from], names[to]);
      }
    }
    least = std::min(least, renamed);
  } while (std::next_permutation(names.begin(), names.end()));
  return least;
}

std::string ReachabilityGraph::text() const {
  std::string text;
  for (unsigned from = 0; from < nodes; ++from) {
    for (unsigned to = 0; to < nodes; ++to) {
      if (from == to || !reaches(from, to)) continue;
      text += (text.empty() ? "n" : " n") + std::to_string(from + 1) + ">n" + std::to_string(to + 1);
    }
  }
  return text.empty() ? "nothing" : text;
}

}  // namespace hawser::sim
