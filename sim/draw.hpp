// What a seed decides about a scenario, one draw after the other; for generate.cpp and generate_isolation.cpp.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/sim/scenario.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::sim {

struct Draw {
  Random& random;
  const Scenario& scenario;

  const std::string& node() const { return scenario.nodes[random.below(scenario.nodes.size())]; }
  std::string unstable() const {
    const std::size_t stable = scenario.stable.size();
    return scenario.nodes[stable + random.below(scenario.nodes.size() - stable)];
  }
  std::string stable() const { return scenario.stable[random.below(scenario.stable.size())]; }
  std::string other_than(const std::string& name) const {
    std::string found = node();
    while (found == name) found = node();
    return found;
  }
  // Some of them in the order of the scenario: at least one, and at most all but `spared`.
  Names some(const Names& from, std::size_t spared) const {
    const std::size_t most = from.size() > spared ? from.size() - spared : 1;
    std::size_t wanted = 1 + random.below(most);
    Names chosen;
    for (std::size_t i = 0; i < from.size() && wanted > 0; ++i) {
      if (random.below(from.size() - i) >= wanted) continue;
      chosen.push_back(from[i]);
      --wanted;
    }
    return chosen;
  }
  Names unstable_ones() const {
    return some({scenario.nodes.begin() + static_cast<std::ptrdiff_t>(scenario.stable.size()), scenario.nodes.end()},
                0);
  }
  // A type that is spoken.
  std::string type() const { return scenario.streams[random.below(scenario.streams.size())].type; }
  bool coin() const { return random.below(2) == 0; }
  std::int64_t between(std::int64_t low, std::int64_t high) const { return random.between(low, high); }
  std::uint32_t chance(std::uint32_t low, std::uint32_t high) const {
    return static_cast<std::uint32_t>(random.between(low, high));
  }
};

// A kind of fault that a seed may allow.
struct FaultKind {
  std::string_view verb;
  bool lasts;
  void (*fill)(const Draw& draw, Fault& fault);
  bool (*possible)(const Scenario& scenario) = nullptr;  // null: always
};

constexpr bool spares_somebody(const Scenario& scenario) noexcept { return !scenario.stable.empty(); }
constexpr bool spares_nobody(const Scenario& scenario) noexcept { return scenario.stable.empty(); }

}  // namespace hawser::sim
