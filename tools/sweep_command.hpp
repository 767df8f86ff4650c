// `hawser sim sweep`: many seeds of generated scenarios, or of one scenario file, on all cores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hawser::tools {

struct SweepCommandOptions {
  std::string seeds;   // A..B, or one; empty: 1..1000, or from 1 on without end when there is a limit in time
  std::string file;    // a scenario; empty: each seed generates its own
  double minutes = 0;  // no seed is begun later; 0: no limit
  unsigned jobs = 0;   // 0: all CPUs
  std::string json;    // where to; "-" is standard output
};

struct SeedRange {
  std::uint64_t first = 1;
  std::uint64_t last = 1;

  friend bool operator==(const SeedRange&, const SeedRange&) = default;
};
// Of "17", "1..1000"; nothing when it is neither, or runs backwards.
std::optional<SeedRange> seed_range(const std::string& text);

// Exit code 0: all passed; 1: some failed; 2: none failed, and some were inconclusive or not seen because of an
// interrupt; 2 also when the options or the file are wrong.
int sim_sweep(const SweepCommandOptions& options);

}  // namespace hawser::tools
