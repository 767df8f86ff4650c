// The same look again and again: on a terminal in place, elsewhere one frame after the other.
#pragma once

#include "inspect_command.hpp"
#include "terminal.hpp"

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace hawser::tools {

// One look at the nodes.
struct Frame {
  std::vector<std::string> lines;
  std::string json;  // whole lines, instead
  std::vector<std::string> problems;
  int code = 0;
};

// Until `q`, a signal, or `options.looks` looks. Exit code: that of the last look.
int watch(const std::function<Frame(const Terminal&)>& take, const InspectOptions& options, const InspectWanted& wanted,
          std::FILE* out);

}  // namespace hawser::tools
