// What makes a configuration unusable or doubtful, as a function of the struct alone: a file and code are held to the
// same.
#pragma once

#include <hawser/interconnect/config.hpp>

#include <string>
#include <vector>

namespace hawser {

struct ConfigProblem {
  std::string key;  // the key at fault as the file would spell it: `detector.heartbeat`, `peers.n2`, `types.Order.ttl`
  std::string sentence;  // names the key itself

  friend bool operator==(const ConfigProblem&, const ConfigProblem&) = default;
};

std::vector<ConfigProblem> find_problems(const Config& config);
std::vector<ConfigProblem> find_warnings(const Config& config);

}  // namespace hawser
