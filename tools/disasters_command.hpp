// `hawser disasters`: eight failures on virtual time, each once against what is written every day and once against the
// kit, as one table.
//
// Equal seeds give equal tables. docs/resilience.md describes the worlds and the columns.
#pragma once

#include "disaster_stage.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace hawser::tools {

struct DisastersOptions {
  std::string only;  // a name of disaster_plots(); empty: all
  std::uint64_t seed = 1;
  bool json = false;
};

struct DisasterRow {
  const DisasterPlot* plot;
  DisasterSide naive;
  DisasterSide guarded;
};

// REQUIRES: `only` is empty or known.
std::vector<DisasterRow> play_disasters(const DisastersOptions& options);

// What the kit promises of a row and did not keep, one sentence each; empty when all is well.
std::vector<std::string> disaster_problems(const DisasterRow& row);

void print_disasters(const std::vector<DisasterRow>& rows, const DisastersOptions& options, std::ostream& out);

// To standard output. 0: every promise was kept; 1: one was not; 2: the options are wrong.
int disasters(const DisastersOptions& options);

}  // namespace hawser::tools
