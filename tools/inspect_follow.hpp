// `hawser events -f`: what happens at one or more nodes, a line per event, as it happens.
#pragma once

#include "inspect_command.hpp"

#include <cstdio>

namespace hawser::tools {

// Until a signal, `options.looks` looks, or nobody reads any more. All endpoints are asked at once, and one that is
// slow holds up nobody: what it says is told when it is there. A node that does not answer, answers again, has started
// again, or lost events before they were read is told of, once each time. Exit code: of the last answers, the highest;
// 0 after a signal.
int follow_events(const InspectOptions& options, const InspectWanted& wanted, std::FILE* out);

}  // namespace hawser::tools
