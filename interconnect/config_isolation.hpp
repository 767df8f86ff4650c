// From the words of a configuration to the coterie and the times of isolation, with all that is wrong with them.
#pragma once

#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/isolation/coterie.hpp>
#include <hawser/interconnect/isolation/settings.hpp>

#include <string>
#include <vector>

namespace hawser {

// What the configuration says of members and votes; what cannot be read is left out, and said in `problems`.
CoterieConfig coterie_of(const Config& config, std::vector<std::string>& problems);
IsolationSettings isolation_settings(const Config& config);

// Empty with strategy none, unless something is set that means nothing with it. A sentence about one key begins with
// it.
std::vector<std::string> isolation_problems(const Config& config);
// REQUIRES: the configuration has no problems.
std::vector<std::string> isolation_warnings(const Config& config);

}  // namespace hawser
