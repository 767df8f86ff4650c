// A run in the simulator is a function of its seed.
#include "determinism/scenarios.hpp"

#include <catch2/catch.hpp>

using namespace hawser;

TEST_CASE("the same seed tells the same story twice, another seed another", "[stories][determinism]") {
  for (const determinism::Scenario& scenario : determinism::scenarios()) {
    INFO(scenario.name);
    const std::uint64_t once = determinism::trace_hash(scenario, 7);
    CHECK(determinism::trace_hash(scenario, 7) == once);
    CHECK(determinism::trace_hash(scenario, 8) != once);
  }
}
