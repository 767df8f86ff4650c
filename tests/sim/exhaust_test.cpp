// Every directed graph of three nodes, and a slice of those of four; `hawser sim exhaust --nodes 4` plays all of them.
#include <hawser/sim/exhaust.hpp>

#include <catch2/catch.hpp>

#include <set>
#include <sstream>

using hawser::Duration;
using hawser::Strategy;
using hawser::sim::ExhaustOptions;
using hawser::sim::graph_count;
using hawser::sim::GraphRun;
using hawser::sim::impose;
using hawser::sim::Invariant;
using hawser::sim::ReachabilityGraph;

namespace {

std::string told(const GraphRun& run) {
  std::ostringstream text;
  text << "graph " << run.graph.edges << " of " << run.graph.nodes << " nodes: " << run.graph.text() << '\n';
  for (const auto& violation : run.violations) text << violation;
  return text.str();
}

}  // namespace

TEST_CASE("there are as many shapes of graphs as mathematics says", "[exhaust]") {
  const auto shapes = [](unsigned nodes) {
    std::set<std::uint32_t> found;
    for (std::uint32_t edges = 0; edges < graph_count(nodes); ++edges) {
      found.insert(ReachabilityGraph{nodes, edges}.shape());
    }
    return found.size();
  };
  // OEIS A000273.
  CHECK(shapes(2) == 3);
  CHECK(shapes(3) == 16);
  CHECK(shapes(4) == 218);
}

TEST_CASE("a graph knows who reaches whom", "[exhaust]") {
  const ReachabilityGraph graph{3, 0b000111};
  CHECK(graph.text() == "n1>n2 n1>n3 n2>n1");
  CHECK(graph.linked(0, 1));
  CHECK(!graph.linked(0, 2));
  CHECK(!graph.reaches(2, 0));
  CHECK(ReachabilityGraph{3, 0}.text() == "nothing");
}

TEST_CASE("all 64 graphs of three nodes are judged right, and healed", "[world][exhaust]") {
  for (std::uint32_t edges = 0; edges < graph_count(3); ++edges) {
    const GraphRun run = impose({3, edges}, {});
    INFO(told(run));
    CHECK(run.violations.empty());
    CHECK(run.handled > 100);
  }
}

// All 64 with each of them: `hawser sim exhaust --nodes 3 --strategy all`.
TEST_CASE("with every strategy those serve that should, in one view, on a fifth of the graphs each",
          "[world][exhaust]") {
  std::uint32_t first = 0;
  for (const Strategy strategy : {Strategy::keep_majority, Strategy::static_quorum, Strategy::keep_oldest,
                                  Strategy::referee, Strategy::arbiter}) {
    for (std::uint32_t edges = first++; edges < graph_count(3); edges += 5) {
      ExhaustOptions options;
      options.strategy = strategy;
      const GraphRun run = impose({3, edges}, options);
      INFO(strategy << ", " << told(run));
      CHECK(run.violations.empty());
    }
  }
}

TEST_CASE("so they are when they hold before anybody has met", "[world][exhaust]") {
  ExhaustOptions cold;
  cold.cold = true;
  for (std::uint32_t edges = 0; edges < graph_count(3); edges += 3) {
    const GraphRun run = impose({3, edges}, cold);
    INFO(told(run));
    CHECK(run.violations.empty());
  }
}

TEST_CASE("so is a slice of the 4096 of four nodes", "[world][exhaust]") {
  for (std::uint32_t edges = 5; edges < graph_count(4); edges += 171) {
    const GraphRun run = impose({4, edges}, {});
    INFO(told(run));
    CHECK(run.violations.empty());
  }
}

TEST_CASE("a graph that is looked at too early is found wrong", "[world][exhaust]") {
  ExhaustOptions hasty;
  hasty.settle = Duration{100'000};  // nobody can have noticed
  hasty.trace_rows = 500;
  const GraphRun run = impose({3, 0b111110}, hasty);
  REQUIRE(run.violations.size() == 1);
  CHECK(run.violations.front().finding.invariant == Invariant::completeness);
  CHECK(run.violations.front().finding.text == "n1 takes n2 for up, and they cannot answer each other");
  CHECK(!run.violations.front().story.empty());
}

TEST_CASE("a cluster that is not given the time to recover is found wrong", "[world][exhaust]") {
  ExhaustOptions hasty;
  hasty.recovery = Duration{50'000};
  const GraphRun run = impose({3, 0}, hasty);
  REQUIRE(run.violations.size() == 1);
  CHECK(run.violations.front().finding.invariant == Invariant::recovery);
}

TEST_CASE("a graph is a function of its options", "[world][exhaust]") {
  ExhaustOptions other;
  other.seed = 2;
  const std::uint64_t once = impose({3, 21}, {}).trace_hash;
  CHECK(impose({3, 21}, {}).trace_hash == once);
  CHECK(impose({3, 21}, other).trace_hash != once);
}
