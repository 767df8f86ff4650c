// The question `sim`: how much simulated time one second of one CPU buys, and what a simulated node weighs.
//
// There is no plain side to set it against. Every run is a process of its own, forked before this one has threads;
// seconds are CPU seconds of that process, so that neighbours disturb the cache and not the clock.
#pragma once

#include "question.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hawser::bench {

struct SimLoad {
  enum class Kind : std::uint8_t { steady, seeds };

  std::string label;
  Kind kind = Kind::steady;
  std::uint32_t nodes = 5;
  bool traffic = true;   // each node sends a note of 64 B every 100 ms, to one of the next four nodes in turn
  bool watched = false;  // every invariant is checked
  Target target;         // simulated seconds per CPU second, or seeds per hour and core; zero: none
};

// `amount` is simulated seconds, or seeds played.
struct SimFigures {
  double amount = 0;
  double cpu_seconds = 0;
  double events = 0;
  double bytes_per_node = 0;  // resident memory that came with the world, divided by its nodes

  double per_cpu_second() const noexcept { return cpu_seconds > 0 ? amount / cpu_seconds : 0; }
};

struct SimAnswer {
  std::vector<SimLoad> loads;
  std::vector<std::vector<SimFigures>> runs;  // by load
  double others_cpus = 0;
};

std::vector<SimLoad> sim_loads();
inline constexpr const char* sim_headline = "the simulator: simulated seconds per CPU second, seeds per hour and core";

// Runs each load settings.pairs times, in turns. Throws std::runtime_error when a run does not end well.
SimAnswer ask_sim(const Settings& settings);
std::string to_table(const SimAnswer& answer, const Settings& settings);

}  // namespace hawser::bench
