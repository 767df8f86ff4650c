#include <hawser/sim/shape.hpp>

#include <algorithm>
#include <cstddef>

namespace hawser::sim {
namespace {

void cut_both(Links& links, const std::string& one, const std::string& other) {
  links.emplace_back(one, other);
  links.emplace_back(other, one);
}

// Cuts every pair whose places in `nodes` are further apart than `reach` says.
template <typename Reached>
Links cut_unless(const Group& nodes, Reached reached) {
  Links links;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t j = i + 1; j < nodes.size(); ++j) {
      if (!reached(i, j)) cut_both(links, nodes[i], nodes[j]);
    }
  }
  return links;
}

}  // namespace

Links one_way_links(const Group& from, const Group& to) {
  Links links;
  for (const std::string& one : from) {
    for (const std::string& other : to) links.emplace_back(one, other);
  }
  return links;
}

Links bridge_links(const Group& one, const Group& other) {
  Links links;
  for (const std::string& here : one) {
    for (const std::string& there : other) cut_both(links, here, there);
  }
  return links;
}

Links chain_links(const Group& nodes) {
  return cut_unless(nodes, [](std::size_t i, std::size_t j) { return j - i == 1; });
}

Links majorities_ring_links(const Group& nodes) {
  const std::size_t count = nodes.size();
  const std::size_t majority = count / 2 + 1;
  const std::size_t reach = majority / 2;  // on either side, so that 2 x reach and itself are a majority
  return cut_unless(nodes, [&](std::size_t i, std::size_t j) {
    const std::size_t apart = std::min(j - i, count - (j - i));
    return count < 4 || apart <= reach;
  });
}

Links star_links(const std::string&, const Group& leaves) {
  return cut_unless(leaves, [](std::size_t, std::size_t) { return false; });
}

Links isolated_links(const std::string& node, const Group& others) {
  Group rest = others;
  std::erase(rest, node);
  return bridge_links({node}, rest);
}

Links minority_third_links(const Group& nodes) {
  const std::size_t third = std::max<std::size_t>(nodes.size() / 3, 1);
  const auto border = nodes.end() - static_cast<std::ptrdiff_t>(std::min(third, nodes.size()));
  return bridge_links({nodes.begin(), border}, {border, nodes.end()});
}

}  // namespace hawser::sim
