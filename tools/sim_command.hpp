// `hawser sim run` and `hawser sim generate`: scenarios and seeds played on virtual time.
#pragma once

#include <hawser/sim/play.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace hawser::tools {

struct SimRunOptions {
  std::string file;                   // empty: the scenario that the seed stands for
  std::optional<std::uint64_t> seed;  // with a file: instead of the file's
  std::string json;                   // where the report goes; `-` is the standard output, which then has nothing else
  std::string trace;                  // where every row of the trace goes
  std::string changes;                // where every change of stance and view goes, with its evidence
  std::uint64_t until_event = 0;
};

struct SimGenerateOptions {
  std::uint64_t seed = 1;
  std::string out;  // empty: the standard output
};

// 0 pass, 1 fail, 2 inconclusive or not to be played.
int sim_run(const SimRunOptions& options);
int sim_generate(const SimGenerateOptions& options);

// The report as one JSON object. `command` is what plays it again.
std::string report_json(const sim::Scenario& scenario, const sim::PlayReport& report, const std::string& command);

}  // namespace hawser::tools
