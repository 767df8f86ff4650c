// What the figures were taken on: the machine and the versions of everything that was measured.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hawser::bench {

// Name and value, in the order in which they are worth reading. `load` is the load average at the time of the call.
std::vector<std::pair<std::string, std::string>> describe_machine();

}  // namespace hawser::bench
