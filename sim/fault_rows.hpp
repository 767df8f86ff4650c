// The rows of the table of verbs, by what they happen to; fault.cpp puts them together.
//
// One row per verb: its name, the keys it must have, those it may have, what it does, the functions, and whether it
// stops or pauses processes.
#pragma once

#include <hawser/sim/fault.hpp>
#include <hawser/sim/scenario.hpp>

#include <cstddef>
#include <limits>
#include <span>

namespace hawser::sim {

inline constexpr std::size_t all_sizes = std::numeric_limits<std::size_t>::max();

std::span<const FaultVerb> link_fault_verbs();
std::span<const FaultVerb> node_fault_verbs();

// Ends the second processes that have this node's id; true when there was one.
bool end_twins(const FaultStage& stage, const std::string& name);
// Starts it again as a build of ours, if it is another one now.
void end_skew(const FaultStage& stage, const std::string& name);

template <typename Visit>
void each_node(const Fault& fault, Visit visit) {
  for (const std::string& name : fault.on) visit(name);
}

}  // namespace hawser::sim
