// `hawser status`, `peers`, `channels`, `events`, `check`: a running node, seen through its admin endpoints.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace hawser::tools {

struct InspectOptions {
  std::string at = "127.0.0.1:9001";  // admin.listen of the node
  std::string timeout = "5s";
  std::string peer;         // only this one; empty: all
  std::uint64_t since = 0;  // events numbered above it
  bool json = false;        // what the endpoint said, as it said it
};

enum class InspectView : unsigned char { status, peers, channels, events };

// Exit code 0 when the node answered, 1 when it answered with an error, 2 when the options are wrong, 3 when nobody
// answers there, or somebody who is no node.
int run_inspect(InspectView view, const InspectOptions& options, std::FILE* out = stdout);

// One line for probes. Exit code 0 when the node may act for the cluster, 1 when not, 2 and 3 as above.
int run_check(const InspectOptions& options, std::FILE* out = stdout);

}  // namespace hawser::tools
