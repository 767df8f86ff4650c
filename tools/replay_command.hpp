// `hawser replay`: the shipped resilience code, fed with what really happened, so that a setting can be tried on
// yesterday's incident and anyone can check the arithmetic.
//
// One decision per line, as CSV or JSON, then a summary. Equal inputs and seeds give equal output. docs/replay.md
// describes trace, settings and columns.
#pragma once

#include "replay_trace.hpp"

#include <array>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::tools {

inline constexpr std::array<std::string_view, 6> replay_kinds{"breaker",      "timeout", "backoff",
                                                              "retry-budget", "limit",   "shedder"};

struct ReplayOptions {
  std::string kind;    // of replay_kinds
  std::string config;  // a file; empty: the defaults
  bool json = false;
  bool summary = false;  // the summary alone
  std::uint64_t seed = 1;
};

// From standard input to standard output. Exit codes of exit_code.hpp.
int replay(const ReplayOptions& options);

// The same without a process: `settings` is the text of the file. On failure `problem` is set.
void replay(const ReplayOptions& options, const std::string& settings, const std::vector<ReplayEvent>& events,
            std::ostream& out, std::string& problem);

// Every key of a kind, for --help. REQUIRES: one of replay_kinds.
std::string replay_keys(std::string_view kind);

}  // namespace hawser::tools
