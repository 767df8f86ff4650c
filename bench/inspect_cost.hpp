// The question `inspect`: what it costs a node to be looked at.
//
// Throughput with and without clients on the HTTP side of both nodes, in pairs that alternate; and what the texts of a
// large cluster cost, of a made-up node with 200 peers and 20 types to each.
#pragma once

#include "question.hpp"

#include <string>
#include <vector>

namespace hawser::bench {

inline constexpr const char* inspect_headline =
    "being looked at: throughput with scrapes and open streams, and the texts of 200 peers";

struct TextCost {
  std::string label;
  std::vector<double> ms;  // of CPU, per text; one per pair
  std::size_t bytes = 0;
};

struct InspectAnswer {
  std::vector<double> alone;      // messages per second, one per pair
  std::vector<double> looked_at;  // the same with a stream open on each node and a scrape of each every second
  std::vector<TextCost> texts;
  std::size_t scrapes = 0;  // answered, of all pairs
  std::size_t snapshots = 0;
};

// Throws std::runtime_error when a pair does not end well, or a client got no answer.
InspectAnswer ask_inspect(const Settings& settings);
std::string to_table(const InspectAnswer& answer, const Settings& settings);

}  // namespace hawser::bench
