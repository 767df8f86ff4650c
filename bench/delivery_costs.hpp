// The third table of the question `policies`: what it costs to account for every message, step by step.
//
// The cores that ship, on one thread, time handed in: a channel and an inbox hand each other batches of 512 plain
// messages of 64 bytes. No lock is contended, no socket and no other processor is involved, and all is in the cache: so
// these are the costs of acknowledgement, ledger, credit and checks themselves. Figures are nanoseconds per message.
#pragma once

#include "part_costs.hpp"
#include "question.hpp"

#include <vector>

namespace hawser::bench {

// Every step settings.pairs times.
std::vector<PartCost> ask_delivery(const Settings& settings);

}  // namespace hawser::bench
