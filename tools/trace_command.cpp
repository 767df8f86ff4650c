#include "trace_command.hpp"

#include "campaign.hpp"
#include "determinism_check.hpp"
#include "exit_code.hpp"
#include <hawser/sim/generate.hpp>
#include <hawser/sim/play.hpp>
#include <hawser/sim/scenario_file.hpp>
#include "terminal.hpp"
#include "text.hpp"

#include <cstdio>
#include <fstream>
#include <vector>

namespace hawser::tools {
namespace {

int usage(const std::string& problem) {
  std::fprintf(stderr, "hawser: %s\n", printable(problem).c_str());
  return exit_usage;
}

// Tabs as wide as the columns need, so that rows stand under each other.
std::string laid_out(const std::string& row) {
  constexpr std::size_t widths[] = {12, 8, 10, 8, 8};
  std::string text;
  std::size_t at = 0;
  for (const std::size_t width : widths) {
    const std::size_t tab = row.find('\t', at);
    if (tab == std::string::npos) break;
    text += pad(printable(row.substr(at, tab - at)), width) + ' ';
    at = tab + 1;
  }
  text += printable(row.substr(at));
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

void show(const sim::TraceDifference& difference, Terminal& terminal) {
  const auto rows = [&terminal](const char* sign, const std::vector<std::string>& side, Style style) {
    if (side.empty()) terminal.line(terminal.styled(std::string{sign} + "(the trace ends here)", style));
    for (std::size_t i = 0; i < side.size(); ++i) {
      terminal.line(terminal.styled(sign + laid_out(side[i]), i == 0 ? style : Style::dim));
    }
  };
  terminal.line(terminal.styled(difference.sentence(), Style::bad));
  terminal.line(terminal.styled("  " + laid_out("time us\thost\tkind\tother\tnumber\ttext"), Style::dim));
  for (const std::string& row : difference.before) terminal.line("  " + laid_out(row));
  rows("< ", difference.first, Style::warn);
  rows("> ", difference.second, Style::note);
}

// Null when the options do not lead to a scenario; what is wrong has been said then.
std::optional<sim::Scenario> scenario_of(const DeterminismOptions& options) {
  if (options.file.empty()) return sim::generate(*options.seed);
  sim::ParsedScenario parsed = sim::load_scenario(options.file);
  for (const std::string& problem : parsed.problems) std::fprintf(stderr, "%s\n", printable(problem).c_str());
  if (!parsed.ok()) return std::nullopt;
  if (options.seed) parsed.scenario.seed = *options.seed;
  return std::move(parsed.scenario);
}

}  // namespace

int sim_diff(const TraceDiffOptions& options) {
  std::ifstream first{options.first};
  if (!first) return usage(options.first + " cannot be read; `hawser sim run --trace FILE` writes a trace");
  std::ifstream second{options.second};
  if (!second) return usage(options.second + " cannot be read; `hawser sim run --trace FILE` writes a trace");
  const sim::TraceComparison comparison = sim::compare_traces(first, second, options.context);
  Terminal terminal;
  if (!comparison.difference) {
    terminal.line(terminal.styled("the same", Style::good) + ": " + grouped(comparison.rows) + " rows");
    return exit_fine;
  }
  show(*comparison.difference, terminal);
  return exit_unhealthy;
}

int sim_trace(const DeterminismOptions& options, const std::string& out) {
  const std::optional<sim::Scenario> scenario = scenario_of(options);
  if (!scenario) return exit_usage;
  std::ofstream file{out};
  sim::PlayOptions play_options;
  play_options.trace_rows = 0;
  play_options.trace_to = &file;
  sim::play(*scenario, play_options);
  file.flush();
  return file ? exit_fine : usage(out + " cannot be written");
}

int sim_check_determinism(const DeterminismOptions& options) {
  if (options.file.empty() && !options.seed) return usage("name a scenario file, or a seed with --seed");
  if (!options.file.empty() && !scenario_of(options)) return exit_usage;
  std::vector<std::string> command{"/proc/self/exe", "sim", "trace"};
  if (options.seed) command.insert(command.end(), {"--seed", std::to_string(*options.seed)});
  if (!options.file.empty()) command.insert(command.end(), {"--scenario", options.file});
  command.emplace_back("--out");
  Terminal terminal;
  const auto conditions = two_conditions();
  terminal.line("first run:  " + conditions[0].text);
  terminal.line("second run: " + conditions[1].text);
  const DeterminismCheck check = check_determinism(command, options.context);
  if (!check.problem.empty()) return usage(check.problem);
  if (check.same()) {
    terminal.line(terminal.styled("the same", Style::good) + ": " + grouped(check.comparison.rows) + " rows");
    return exit_fine;
  }
  show(*check.comparison.difference, terminal);
  return exit_unhealthy;
}

}  // namespace hawser::tools
