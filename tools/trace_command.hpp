// `hawser sim diff` and `hawser sim check-determinism`: where two runs that should be the same part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hawser::tools {

struct TraceDiffOptions {
  std::string first;
  std::string second;
  std::size_t context = 5;
};
// Exit code 0: the traces are the same; 1: they differ; 2: one cannot be read.
int sim_diff(const TraceDiffOptions& options);

struct DeterminismOptions {
  std::string file;                   // a scenario ..
  std::optional<std::uint64_t> seed;  // .. or what this seed generates; with a file, instead of the file's
  std::size_t context = 5;
};
// Exit code 0: both runs are the same; 1: they differ; 2: there is nothing to compare.
int sim_check_determinism(const DeterminismOptions& options);

// What check-determinism runs twice: plays the scenario and writes its trace to `out`. Exit code 0 whatever the
// verdict.
int sim_trace(const DeterminismOptions& options, const std::string& out);

}  // namespace hawser::tools
