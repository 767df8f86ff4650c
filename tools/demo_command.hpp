// `hawser demo` and `hawser sim demo`: one story of trouble and recovery, on processes and on virtual time.
#pragma once

#include "demo_play.hpp"

namespace hawser::tools {

// Exit code 0 only if every step was seen as expected; 1 otherwise, and the step is named.
int demo(const DemoOptions& options);
int sim_demo(const DemoOptions& options);

}  // namespace hawser::tools
