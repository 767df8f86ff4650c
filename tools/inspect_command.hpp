// `hawser status`, `peers`, `channels`, `members`, `matrix`, `why`, `events`, `top`, `check`: running nodes, seen
// through their admin endpoints.
//
// Several endpoints are asked at once and shown together. The exit code is the highest of what each answer alone would
// give, and what the others said is shown all the same.
#pragma once

#include "inspect_ask.hpp"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace hawser::tools {

struct InspectOptions {
  std::vector<std::string> at;  // admin.listen of the nodes; none: as HAWSER_AT says, else 127.0.0.1:9001
  std::string timeout = "5s";   // for all that an endpoint says to one question
  std::string peer;             // only this one; empty: all
  std::string since;            // of events: a number, or a duration
  std::string interval = "1s";  // between two looks with watch, follow, top
  std::uint64_t looks = 0;      // with watch, follow and top --json: so many; 0: until interrupted
  std::string sort;             // of top: a column
  std::string filter;           // of top
  bool json = false;            // what the endpoints said, as they said it
  bool watch = false;
  bool follow = false;
};

enum class InspectView : unsigned char { status, peers, channels, events, members, matrix, why };

// Exit code 0 when all nodes answered, 1 when one answered with an error, 2 when the options are wrong, 3 when nobody
// answers somewhere, or somebody who is no node.
int run_inspect(InspectView view, const InspectOptions& options, std::FILE* out = stdout);

// One line for probes. Exit code 0 when all nodes may act for the cluster, 1 when one may not, 2 and 3 as above.
int run_check(const InspectOptions& options, std::FILE* out = stdout);

// Until `q`, a signal or, with `json`, so many looks. Exit code of the last look as above; 2 also when this is no
// terminal and it is not to be JSON.
int run_top(const InspectOptions& options, std::FILE* out = stdout);

// What options mean.
struct InspectWanted {
  std::vector<Endpoint> at;
  Duration timeout{0};
  Duration interval{0};
  std::uint64_t since_number = 0;
  Duration since_age{0};  // zero: any
};
// The first thing that is wrong, or nothing.
std::optional<std::string> understand(const InspectOptions& options, InspectWanted& wanted);

}  // namespace hawser::tools
