// Every disaster under many seeds, on all cores: whether each promise holds for all of them, and how near it came.
#pragma once

#include "sweep_command.hpp"

#include <iosfwd>
#include <string>

namespace hawser::tools {

struct DisasterSweepOptions {
  std::string only;  // a name of disaster_plots(); empty: all
  SeedRange seeds;
  unsigned jobs = 0;  // 0: all CPUs
  bool json = false;
};

// Exit code 0: every promise was kept; 1: one was not; 2: interrupted, and none was broken until then.
int sweep_disasters(const DisasterSweepOptions& options, std::ostream& out);

}  // namespace hawser::tools
