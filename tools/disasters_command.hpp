// `hawser disasters`: eight failures on virtual time, each once against what is written every day and once against the
// kit, as one table; or all of them under many seeds.
//
// Equal seeds give equal tables. docs/resilience.md describes the worlds and the columns.
#pragma once

#include "disaster_promises.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace hawser::tools {

struct DisastersOptions {
  std::string only;  // a name of disaster_plots(); empty: all
  std::uint64_t seed = 1;
  bool json = false;
  std::string seeds{};  // A..B: the worst of so many tables instead of one; empty: one
  unsigned jobs = 0;    // with seeds: worker processes; 0: all CPUs
};

// REQUIRES: `only` is empty or known.
std::vector<DisasterRow> play_disasters(const DisastersOptions& options);

void print_disasters(const std::vector<DisasterRow>& rows, const DisastersOptions& options, std::ostream& out);

// To standard output. 0: every promise was kept; 1: one was not; 2: the options are wrong, or many seeds were
// interrupted.
int disasters(const DisastersOptions& options);

}  // namespace hawser::tools
