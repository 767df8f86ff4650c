// Hunt: one way to look for a mutant, and what a table row says of each.
//
// A hunt is a run that passes on the sound library, whatever its seed: a generated scenario under every watch, a plot
// (a scenario for one weakness, with seeded details), the burn, or a test case of the other suites by its title.
#pragma once

#include <hawser/base/mutant.hpp>
#include <hawser/sim/play.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hawser::mutants {

struct Hunt {
  enum class Kind : unsigned char { generated, plot, burn, test };

  Kind kind = Kind::generated;
  std::string name;         // of a plot, or the title of a test case
  std::uint64_t seeds = 1;  // tried at most, from 1 on; a test case has one

  friend bool operator==(const Hunt&, const Hunt&) = default;
};
std::string_view to_string(Hunt::Kind kind) noexcept;
std::optional<Hunt::Kind> hunt_kind_of(std::string_view word) noexcept;

struct Row {
  Mutant mutant;
  std::string name;
  std::string breaks;  // what is wrong in it
  std::vector<Hunt> hunts;
};
// Every mutant once, in the order of the enumeration.
const std::vector<Row>& table();
const Row* find_row(std::string_view name);

// What was broken, beginning with the invariant or the test; nothing when the run passed. Breaks this process: once
// each.
std::optional<std::string> run_hunt(const Hunt& hunt, std::uint64_t seed, Mutant mutant);

struct Plot {
  std::string name;
  sim::Scenario (*scenario)(std::uint64_t seed);
  void (*on_start)(sim::World& world, sim::Watch& watch) = nullptr;
};
const std::vector<Plot>& plots();

}  // namespace hawser::mutants
