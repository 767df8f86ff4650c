// What parts of one thing cost, in nanoseconds, run by run.
#pragma once

#include <string>
#include <vector>

namespace hawser::bench {

struct PartCost {
  std::string label;
  std::vector<double> nanoseconds;  // by run
};

// Beside the question `policies`.
struct Parts {
  std::vector<PartCost> kit;       // per check
  std::vector<PartCost> delivery;  // per message
};

}  // namespace hawser::bench
