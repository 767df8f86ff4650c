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
  std::string log;        // words, key_values or json; empty: as log.format says
  std::string log_level;  // debug, info, warn or error; empty: as log.level says
};

// Runs until SIGINT or SIGTERM, then drains; a second signal does not wait. SIGHUP reads the file again: what can
// change does, and what needs a restart is named. SIGUSR1 writes the node and its last events to the error stream, as
// JSON. Exit code 0 after an ordinary stop, 1 when the node could not start (the port is taken, ...), 2 when options or
// configuration are wrong.
int run_node(const NodeOptions& options);

}  // namespace hawser::tools
