#include "disasters_command.hpp"

#include "disaster_show.hpp"
#include "disaster_sweep.hpp"
#include "exit_code.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace hawser::tools {
namespace {

int usage(const std::string& problem) {
  std::fprintf(stderr, "hawser: %s\n", printable(problem).c_str());
  return exit_usage;
}

}  // namespace

std::vector<DisasterRow> play_disasters(const DisastersOptions& options) {
  std::vector<DisasterRow> rows;
  for (const DisasterPlot& plot : disaster_plots()) {
    if (!options.only.empty() && plot.name != options.only) continue;
    rows.push_back({&plot, plot.play(false, options.seed), plot.play(true, options.seed)});
  }
  return rows;
}

void print_disasters(const std::vector<DisasterRow>& rows, const DisastersOptions& options, std::ostream& out) {
  if (options.json) {
    out << disasters_json(rows, options.seed) << '\n';
  } else {
    show_disasters(rows, out);
  }
}

int disasters(const DisastersOptions& options) {
  std::string names;
  bool known = options.only.empty();
  for (const DisasterPlot& plot : disaster_plots()) {
    names += (names.empty() ? "" : ", ") + std::string{plot.name};
    known = known || plot.name == options.only;
  }
  if (!known) return usage("--only: there is no disaster '" + options.only + "'. There are: " + names);
  if (!options.seeds.empty()) {
    const std::optional<SeedRange> seeds = seed_range(options.seeds);
    if (!seeds) return usage("--seeds is A..B with A <= B, for example 1..200; not '" + options.seeds + "'");
    return sweep_disasters({options.only, *seeds, options.jobs, options.json}, std::cout);
  }
  const std::vector<DisasterRow> rows = play_disasters(options);
  print_disasters(rows, options, std::cout);
  const bool kept =
      std::all_of(rows.begin(), rows.end(), [](const DisasterRow& row) { return broken_promises(row).empty(); });
  return kept ? exit_fine : exit_unhealthy;
}

}  // namespace hawser::tools
