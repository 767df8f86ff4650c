// What makes a scenario unusable, as a function of the value alone: a file, a seed and code are held to the same.
#pragma once

#include <hawser/sim/scenario.hpp>

#include <string>
#include <vector>

namespace hawser::sim {

struct ScenarioProblem {
  std::string key;  // of the value at fault: `length`, `fault[3].on`, `config.detector.heartbeat`, `node.n2`
  std::string sentence;

  friend bool operator==(const ScenarioProblem&, const ScenarioProblem&) = default;
};

inline constexpr std::size_t links_max = 4096;
inline constexpr std::size_t streams_max = 64;
inline constexpr std::size_t faults_max = 10'000;
inline constexpr std::size_t expectations_max = 1'000;

// At most a few hundred.
std::vector<ScenarioProblem> find_problems(const Scenario& scenario);

// `; did you mean x?`, or nothing when no name is near.
std::string hint(std::string_view wrong, const std::vector<std::string_view>& names);

}  // namespace hawser::sim
