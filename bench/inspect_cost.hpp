// The question `inspect`: what it costs a node to be looked at.
//
// With and without clients on the HTTP side of both nodes, in pairs that alternate: the CPU time of the two processes
// at rest and under traffic of an even pace, which tells a thousandth, and throughput, whose spread hides it. And what
// the texts of a large cluster cost, of a made-up node with 200 peers and 20 types to each.
#pragma once

#include "question.hpp"
#include "statistics.hpp"

#include <string>
#include <vector>

namespace hawser::bench {

inline constexpr const char* inspect_headline =
    "being looked at: CPU and throughput with scrapes and open streams, and the texts of 200 peers";

struct TextCost {
  std::string label;
  std::vector<double> ms;  // of CPU, per text; one per pair
  std::size_t bytes = 0;
};

// CPU seconds per second of both nodes together, one per pair.
struct LookCost {
  std::string label;
  std::vector<double> alone;
  std::vector<double> looked_at;  // a stream open on each node, and a scrape of each every second

  Spread cpu_per_node() const;  // what being looked at adds, as a part of one CPU
};

struct InspectAnswer {
  LookCost at_rest;
  LookCost paced;
  // What being looked at adds at rest, as a part of the CPU time that the paced traffic takes by itself. Under traffic
  // two runs may differ by more than that.
  double share_of_traffic() const;
  std::vector<double> alone;      // messages per second, one per pair
  std::vector<double> looked_at;  // the same, looked at
  std::vector<TextCost> texts;
  std::size_t scrapes = 0;  // answered, of all pairs
  std::size_t snapshots = 0;
};

// Throws std::runtime_error when a pair does not end well, or a client got no answer.
InspectAnswer ask_inspect(const Settings& settings);
std::string to_table(const InspectAnswer& answer, const Settings& settings);

}  // namespace hawser::bench
