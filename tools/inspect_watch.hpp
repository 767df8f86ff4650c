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

// `stop`: a descriptor; who asks nodes gives it up once that can be read.
using Look = std::function<Frame(const Terminal&, int stop)>;

// Until `q`, a signal, or `options.looks` looks. Exit code: that of the last look that was not interrupted.
int watch(const Look& take, const InspectOptions& options, const InspectWanted& wanted, std::FILE* out);

}  // namespace hawser::tools
