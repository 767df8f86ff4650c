// Every way in which three or four nodes can hear each other: each directed graph imposed on a running world.
//
// A world with traffic meets, then every edge that the graph lacks is cut, one way; the graph is held and healed. All
// invariants of Watch hold throughout. While it is held, each node takes exactly those peers for up with which it is
// connected both ways, for the others it says unreachable, it does not change its mind, what it sends to the first is
// delivered, and what it sends to the others ends as unreachable at once. After the heal everybody recovers and comes
// to rest. The idea is small-scope exhaustion, as in model checking: no cut of so few nodes is left to chance.
//
// With a strategy the nodes also have to agree on who may act: after `agreement` those that serve are exactly the group
// that derive() makes of the graph, in one settled view, and stay so; what they send each other is delivered, and what
// the others send, or are sent, ends as isolated. After the heal all serve in one view.
#pragma once

#include <hawser/interconnect/isolation/strategy.hpp>
#include <hawser/sim/reachability.hpp>
#include <hawser/sim/violation.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <cstdint>
#include <vector>

namespace hawser::sim {

struct ExhaustOptions {
  std::uint64_t seed = 1;  // of the world of graph g: seed + g
  bool cold = false;       // imposed before anybody has met anybody, instead of after
  Strategy strategy = Strategy::none;
  Duration settle{4'000'000};     // after which every judgement is final
  Duration agreement{6'000'000};  // with a strategy: after which the view is final, beyond `settle`
  Duration hold{2'000'000};       // beyond that, in which none may change
  Duration recovery{15'000'000};  // after the heal, at most
  std::size_t trace_rows = 0;     // for the story of a violation
};

struct GraphRun {
  ReachabilityGraph graph;
  std::vector<Violation> violations;  // the first, or none
  Duration recovered_after{0};        // from the heal on; zero after a violation
  std::uint64_t events = 0;
  std::uint64_t messages = 0;
  std::uint64_t handled = 0;
  std::uint64_t trace_hash = 0;
  Duration simulated{0};
};

// A function of its arguments.
GraphRun impose(const ReachabilityGraph& graph, const ExhaustOptions& options);

}  // namespace hawser::sim
