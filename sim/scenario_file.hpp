// Scenario files: TOML in, the value out, and back. docs/simulation.md has every key.
//
// A file of at most 1 MiB; every complaint is `file:line:column: sentence` and names the nearest valid name. What
// to_toml writes, parse_scenario reads as an equal value.
#pragma once

#include <hawser/sim/scenario.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

struct ParsedScenario {
  Scenario scenario;                  // of use only when there are no problems
  std::vector<std::string> problems;  // at most 100, in the order of the file

  bool ok() const noexcept { return problems.empty(); }
};

ParsedScenario parse_scenario(std::string_view text, const std::string& name_for_errors);
// A file that cannot be read is a problem like others.
ParsedScenario load_scenario(const std::string& path);

std::string to_toml(const Scenario& scenario);

// All that makes it unusable, for scenarios made by code; empty for what parse_scenario accepts.
std::vector<std::string> problems_of(const Scenario& scenario);

// The tables of docs/simulation.md.
std::string scenario_reference_markdown();

}  // namespace hawser::sim
