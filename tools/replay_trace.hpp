// What really happened, as a replay reads it: one event per line, CSV.
//
// Columns are named by a header line, in any order; without one they are time,outcome,latency. Further ones are
// operation, priority and deadline. Times and durations are microseconds, or carry a unit (12ms, 1.5s). Lines must be
// in the order of their time. Empty lines and lines that begin with # are passed over.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/resilience/retry_policy.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace hawser::tools {

struct ReplayEvent {
  Instant time{};  // when the call began
  AttemptEnd outcome = AttemptEnd::success;
  Duration latency{0};  // until it ended
  std::uint64_t operation = 0;
  std::uint8_t priority = 4;
  Duration deadline = forever;  // counted from time
};

inline constexpr std::size_t replay_events_max = 50'000'000;

// On failure `problem` says which line and column, and what would be right; the events so far are returned.
std::vector<ReplayEvent> read_trace(std::istream& in, std::string& problem);

}  // namespace hawser::tools
