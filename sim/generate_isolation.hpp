// What a seed decides about who may act: the strategy, its votes and its times, and the faults that try it.
//
// Every such scenario keeps to what docs/isolation.md assumes: clocks within the drift that never stop or jump, and one
// process at a time with an identity. Cuts, delays and pauses are of the length of a lease; whoever is stopped may find
// its vote or not.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/sim/draw.hpp>
#include <hawser/sim/scenario.hpp>

#include <span>

namespace hawser::sim {

// Adds `strategy` and the keys that go with it to the configuration of a scenario, whose nodes are known.
void choose_strategy(Scenario& scenario, Random& random);

// The kinds of fault of which a scenario with a strategy has some.
std::span<const FaultKind> isolation_fault_kinds();

// Whether a scenario with a strategy may have faults of this verb.
bool within_assumptions(std::string_view verb) noexcept;

// Sets all clocks of the scenario to rates within the drift, many of them at its ends, until the general relief.
void skew_clocks(Scenario& scenario, Random& random);

}  // namespace hawser::sim
