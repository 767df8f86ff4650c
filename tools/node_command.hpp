// `hawser node`: one running node with the example service, for trying things out and for the demo.
#pragma once

#include <hawser/base/time.hpp>

#include <string>
#include <vector>

namespace hawser::tools {

struct NodeOptions {
  std::string config;                // a TOML file
  std::string snapshots;             // a duration; empty: tell events in words instead of snapshots as JSON
  std::vector<std::string> traffic;  // `Order=20`
  std::string ttl;                   // of the traffic; empty: the types' own
  std::string blob_size = "64KiB";
};

// Runs until SIGINT or SIGTERM, then drains; a second signal does not wait. Exit code 0 after an ordinary stop, 1 when
// the node could not start (the port is taken, ...), 2 when options or configuration are wrong.
int run_node(const NodeOptions& options);

}  // namespace hawser::tools
