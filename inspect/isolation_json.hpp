// A change of stance or view as JSON, with everything that it rested on: enough to replay the decision elsewhere.
//
// docs/isolation.md has the keys. Numbers that could exceed 2^53 (incarnations, counters of epochs) are strings. One
// line per change.
#pragma once

#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/isolation/evidence.hpp>

#include <string>

namespace hawser {

// `config`: of the node that was told. REQUIRES: it has a strategy, and no problems.
std::string to_json(const StanceChange& change, const Config& config);
std::string to_json(const ViewChange& change, const Config& config);

}  // namespace hawser
