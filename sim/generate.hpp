// From a seed to a scenario, in the manner of swarm testing (Groce et al., 2012): every seed allows only some kinds of
// fault, so that each of them meets every other one alone as well as in a crowd.
//
// Nodes, configuration, traffic and timeline are functions of the seed and the options. Every such scenario ends with a
// general relief, after which it expects recovery and rest. The stable core is never crashed or paused; one seed in six
// has none. Half of the seeds have a strategy (generate_isolation.hpp), up to nine nodes, and in a third of them no
// node is spared.
#pragma once

#include <hawser/sim/scenario.hpp>

#include <cstdint>

namespace hawser::sim {

struct GenerateOptions {
  std::uint32_t nodes_min = 3;
  std::uint32_t nodes_max = 7;
  Duration length_min{10'000'000};  // of the whole timeline
  Duration length_max{40'000'000};
  std::uint32_t faults_max = 12;
  std::uint32_t gated = 500'000;      // chance of a strategy, in millionths
  std::uint32_t gated_nodes_max = 9;  // with a strategy, if that is more than nodes_max
};

Scenario generate(std::uint64_t seed, const GenerateOptions& options = {});

}  // namespace hawser::sim
