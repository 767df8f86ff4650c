#include "sim_command.hpp"

#include "exit_code.hpp"
#include <hawser/base/quantity.hpp>
#include <hawser/inspect/isolation_json.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/generate.hpp>
#include <hawser/sim/scenario_file.hpp>
#include <hawser/sim/watch.hpp>
#include "terminal.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

namespace hawser::tools {
namespace {

using sim::PlayReport;
using sim::Scenario;
using sim::Verdict;

// A file says its seed as a whole number of TOML.
constexpr std::uint64_t seed_max = ~std::uint64_t{0} >> 1;

bool seed_fits(std::uint64_t seed) {
  if (seed <= seed_max) return true;
  std::fprintf(stderr, "hawser: --seed is at most %llu\n", static_cast<unsigned long long>(seed_max));
  return false;
}

// A word of a command line as a shell wants it.
std::string quoted(const std::string& word) {
  if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+=:,@%") ==
          std::string::npos &&
      !word.empty()) {
    return word;
  }
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
  return text + "'";
}

std::string replay_command(const SimRunOptions& options, const Scenario& scenario) {
  std::string command = "hawser sim run";
  if (!options.file.empty()) command += " " + quoted(options.file);
  if (options.file.empty() || options.seed) command += " --seed " + std::to_string(scenario.seed);
  return command;
}

Style style_of(Verdict verdict) {
  return verdict == Verdict::pass ? Style::good : verdict == Verdict::fail ? Style::bad : Style::warn;
}

int exit_code_of(Verdict verdict) {
  return verdict == Verdict::pass ? exit_fine : verdict == Verdict::fail ? exit_unhealthy : exit_inconclusive;
}

void tell_violation(const sim::Violation& violation, const std::string& command, Terminal& terminal) {
  terminal.line("");
  terminal.line(terminal.styled("violated: " + std::string{to_string(violation.finding.invariant)}, Style::bad) + ", " +
                printable(violation.finding.text));
  std::string nodes;
  for (const std::string& name : violation.finding.nodes) nodes += (nodes.empty() ? "" : ", ") + name;
  terminal.line("  at " + format_duration(violation.at - sim::world_begin) + ", event " +
                std::to_string(violation.event) + (nodes.empty() ? "" : ", nodes " + nodes));
  if (!violation.story.empty()) terminal.line(terminal.styled("  what led to it, oldest first:", Style::dim));
  for (std::string row : violation.story) {
    while (!row.empty() && row.back() == '\n') row.pop_back();
    terminal.line("    " + printable(row));
  }
  terminal.line("  the trace up to there: " +
                terminal.styled(command + " --until-event " + std::to_string(violation.event) + " --trace trace.txt",
                                Style::bold));
}

void tell_outcomes(const PlayReport& report, Terminal& terminal) {
  std::string text;
  for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
    if (report.outcomes[kind] == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(report.outcomes[kind]) + ' ' +
            std::string{to_string(static_cast<OutcomeKind>(kind))};
  }
  terminal.line("  " + std::to_string(report.submitted) + " messages, " + std::to_string(report.handled) + " handled" +
                (text.empty() ? "" : ": " + text));
}

void tell(const Scenario& scenario, const PlayReport& report, const std::string& command) {
  Terminal terminal;
  terminal.line(terminal.styled(scenario.name.empty() ? "A scenario" : printable(scenario.name), Style::bold) + ": " +
                std::to_string(scenario.nodes.size()) + " nodes, " + std::to_string(scenario.faults.size()) +
                " faults, " + format_duration(scenario.length) + ", seed " + std::to_string(scenario.seed));
  if (!scenario.about.empty()) terminal.line(terminal.styled(printable(scenario.about), Style::dim));
  for (const sim::ExpectationResult& result : report.expectations) {
    const std::string word = terminal.styled(pad(to_string(result.verdict), 13), style_of(result.verdict));
    terminal.line("  " + word + printable(result.expected) +
                  (result.seen.empty() ? "" : "; " + printable(result.seen)));
  }
  tell_outcomes(report, terminal);
  for (const sim::Violation& violation : report.violations) tell_violation(violation, command, terminal);
  terminal.line("");
  terminal.line(terminal.styled(std::string{to_string(report.verdict)}, style_of(report.verdict)) +
                (report.why.empty() || !report.violations.empty() ? "" : ": " + printable(report.why)));
  terminal.line("  " + format_duration(report.virtual_time) + " of virtual time, " + std::to_string(report.events) +
                " events, trace " + hexadecimal(report.trace_hash));
  terminal.line("  again: " + printable(command));
}

// True when all of it was written.
bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file{path, std::ios::binary};
  file << text;
  if (file.flush()) return true;
  std::fprintf(stderr, "hawser: %s cannot be written; does its directory exist?\n", printable(path).c_str());
  return false;
}

// Nothing when it cannot be played, and everything that is wrong was said.
std::optional<Scenario> chosen(const SimRunOptions& options) {
  if (options.seed && !seed_fits(*options.seed)) return std::nullopt;
  if (options.file.empty()) return sim::generate(options.seed.value_or(1));
  sim::ParsedScenario parsed = sim::load_scenario(options.file);
  for (const std::string& problem : parsed.problems) std::fprintf(stderr, "%s\n", printable(problem).c_str());
  if (!parsed.ok()) return std::nullopt;
  if (options.seed) parsed.scenario.seed = *options.seed;
  return std::move(parsed.scenario);
}

}  // namespace

std::string report_json(const Scenario& scenario, const PlayReport& report, const std::string& command) {
  using nlohmann::ordered_json;
  ordered_json json{{"verdict", to_string(report.verdict)},
                    {"why", report.why},
                    {"name", scenario.name},
                    {"seed", report.seed},
                    {"trace_hash", hexadecimal(report.trace_hash)},
                    {"virtual_time_us", report.virtual_time.count()},
                    {"events", report.events},
                    {"looks", report.looks},
                    {"submitted", report.submitted},
                    {"handled", report.handled},
                    {"replay", command}};
  for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
    json["outcomes"][std::string{to_string(static_cast<OutcomeKind>(kind))}] = report.outcomes[kind];
  }
  json["expectations"] = ordered_json::array();
  for (const sim::ExpectationResult& result : report.expectations) {
    json["expectations"].push_back(
        {{"verdict", to_string(result.verdict)}, {"expected", result.expected}, {"seen", result.seen}});
  }
  json["violations"] = ordered_json::array();
  for (const sim::Violation& violation : report.violations) {
    json["violations"].push_back({{"invariant", to_string(violation.finding.invariant)},
                                  {"text", violation.finding.text},
                                  {"nodes", violation.finding.nodes},
                                  {"at_us", to_us(violation.at)},
                                  {"event", violation.event},
                                  {"story", violation.story}});
  }
  json["sometimes"] = report.sometimes;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

int sim_run(const SimRunOptions& options) {
  const std::optional<Scenario> scenario = chosen(options);
  if (!scenario) return exit_usage;
  sim::PlayOptions play_options;
  play_options.until_event = options.until_event;
  std::ofstream trace;
  if (!options.trace.empty()) {
    if (options.trace != "-") trace.open(options.trace, std::ios::binary);
    if (options.trace != "-" && !trace) {
      std::fprintf(stderr, "hawser: %s cannot be written; does its directory exist?\n",
                   printable(options.trace).c_str());
      return exit_usage;
    }
    play_options.trace_to = options.trace == "-" ? &std::cout : &trace;
  }
  std::ofstream changes;
  if (!options.changes.empty()) {
    changes.open(options.changes, std::ios::binary);
    if (!changes) {
      std::fprintf(stderr, "hawser: %s cannot be written; does its directory exist?\n",
                   printable(options.changes).c_str());
      return exit_usage;
    }
    play_options.on_start = [&changes](sim::World&, sim::Watch& watch) {
      watch.on_change([&changes](const Node& node, const StanceChange* stance, const ViewChange* view) {
        changes << (stance != nullptr ? to_json(*stance, node.config()) : to_json(*view, node.config())) << '\n';
      });
    };
  }
  const PlayReport report = sim::play(*scenario, play_options);
  std::cout.flush();
  if (trace.is_open() && !trace.flush()) {
    std::fprintf(stderr, "hawser: %s could not be written to its end\n", printable(options.trace).c_str());
    return exit_unhealthy;
  }
  const std::string command = replay_command(options, *scenario);
  if (options.json == "-") {
    std::fputs(report_json(*scenario, report, command).c_str(), stdout);
    return exit_code_of(report.verdict);
  }
  tell(*scenario, report, command);
  if (!options.json.empty() && !write_file(options.json, report_json(*scenario, report, command))) {
    return exit_unhealthy;
  }
  return exit_code_of(report.verdict);
}

int sim_generate(const SimGenerateOptions& options) {
  if (!seed_fits(options.seed)) return exit_usage;
  const std::string text =
      "# What seed " + std::to_string(options.seed) + " stands for.\n" + sim::to_toml(sim::generate(options.seed));
  if (options.out.empty()) {
    std::fputs(text.c_str(), stdout);
    return exit_fine;
  }
  if (!write_file(options.out, text)) return exit_unhealthy;
  std::fprintf(stderr, "wrote %s\n", printable(options.out).c_str());
  return exit_fine;
}

}  // namespace hawser::tools
