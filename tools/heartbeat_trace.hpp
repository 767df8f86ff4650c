// When replies to heartbeats arrived, as `hawser replay detector` reads it: CSV, one reply a line.
//
// Columns are named by a header, in any order: `time` (of the arrival), or `sequence` and `round_trip`, from which the
// arrival follows as sequence x interval + round trip; an empty round trip is a reply that was lost. Without a header
// one column is time, two are sequence,round_trip. Times are microseconds, or carry a unit. Empty lines and lines that
// begin with # are passed over.
#pragma once

#include <hawser/base/time.hpp>

#include <iosfwd>
#include <string>
#include <vector>

namespace hawser::tools {

inline constexpr std::size_t heartbeats_max = 10'000'000;

struct HeartbeatLine {
  Instant arrival{};           // with `time`
  std::uint64_t sequence = 0;  // with the other two
  Duration round_trip{0};
};

struct HeartbeatTrace {
  bool by_sequence = false;
  std::vector<HeartbeatLine> lines;

  // By time.
  std::vector<Instant> arrivals(Duration interval) const;
};

// On failure `problem` says which line and column, and what would be right.
HeartbeatTrace read_heartbeats(std::istream& in, std::string& problem);

}  // namespace hawser::tools
