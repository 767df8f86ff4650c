// The second table of the question `policies`: what each part of the resilience kit costs a call that it lets through.
//
// One thread, no lock contended, time handed in as it moves; the pipeline's rows read the real clock and take their
// lock, as a user's call would. Figures are nanoseconds per check, the whole round from asking to reporting the end.
#pragma once

#include "question.hpp"

#include <string>
#include <vector>

namespace hawser::bench {

struct KitCost {
  std::string label;
  std::vector<double> nanoseconds;  // per check, by run
};

// Every part settings.pairs times, in turns.
std::vector<KitCost> ask_kit(const Settings& settings);
std::string to_table(const std::vector<KitCost>& costs);

}  // namespace hawser::bench
