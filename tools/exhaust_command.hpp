// `hawser sim exhaust`: every directed reachability graph of three or four nodes, imposed on a running world, without a
// strategy of isolation, with one, or with each of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hawser::tools {

struct ExhaustCommandOptions {
  unsigned nodes = 3;                  // 3 or 4
  std::string slice = "1/1";           // K/N: each N-th graph, beginning with the K-th
  std::optional<std::uint32_t> graph;  // only this one, with its story
  std::string strategy = "none";       // the name of one, or `all`: each of them, none included
  bool cold = false;                   // imposed before the nodes have met
  std::uint64_t seed = 1;
  unsigned jobs = 0;  // 0: all CPUs
  std::string json;   // where to; "-" is standard output
};

// Exit code 0: all passed; 1: some failed; 2: the options are wrong, or it was interrupted before all were seen.
int sim_exhaust(const ExhaustCommandOptions& options);

}  // namespace hawser::tools
