// The second table of the question `policies`: what each part of the resilience kit costs a call that it lets through.
//
// One thread, no lock contended, time handed in as it moves; the pipeline's rows read the real clock and take their
// lock, as a user's call would. Figures are nanoseconds per check, the whole round from asking to reporting the end.
#pragma once

#include "part_costs.hpp"
#include "question.hpp"

#include <vector>

namespace hawser::bench {

// Every part settings.pairs times, in turns.
std::vector<PartCost> ask_kit(const Settings& settings);

}  // namespace hawser::bench
