// Shapes of partitions: which directed links are cut, for World::cut_links. Not transitive by design.
//
// A link is (from, to): nothing passes from the first to the second. All shapes but one_way() cut both directions of
// what they cut. Pure; the order of a result is the order of the arguments.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hawser::sim {

using Group = std::vector<std::string>;
using Links = std::vector<std::pair<std::string, std::string>>;

// From every one of the first group to every one of the other, and not back.
Links one_way_links(const Group& from, const Group& to);
// Between the groups, both ways. What is in neither group reaches both: a bridge.
Links bridge_links(const Group& one, const Group& other);
// Everyone reaches only its neighbours in that order.
Links chain_links(const Group& nodes);
// Everyone reaches a majority, no two the same one: those next to it in a ring, as many on either side as a majority
// takes. Below 4 nodes nothing is cut.
Links majorities_ring_links(const Group& nodes);
// The leaves reach only the hub.
Links star_links(const std::string& hub, const Group& leaves);
// One node from all others.
Links isolated_links(const std::string& node, const Group& others);
// The last third of the nodes (rounded down, at least one) from the others.
Links minority_third_links(const Group& nodes);

}  // namespace hawser::sim
