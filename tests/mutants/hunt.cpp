// The runs themselves: each in a process of its own.
#include "hunt.hpp"

#include <hawser/sim/generate.hpp>
#include <hawser/sim/scenario_file.hpp>
#include <hawser/sim/violation.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

namespace hawser::mutants {

// Runs one test case by its title; what failed in it, or nothing (catch_runner.cpp).
std::string run_test_case(const std::string& title);

namespace {

constexpr std::array<std::string_view, 4> kind_words{"generated", "plot", "burn", "test"};
constexpr const char* burn_title = "burn: everything at once, and every message has its one true end (simulator)";

std::string play(const sim::Scenario& scenario, void (*on_start)(sim::World&, sim::Watch&)) {
  const auto problems = problems_of(scenario);
  if (!problems.empty()) throw std::runtime_error("a plot cannot be played: " + problems.front());
  sim::PlayOptions options;
  options.trace_rows = 0;
  if (on_start != nullptr) options.on_start = on_start;
  const sim::PlayReport report = sim::play(scenario, options);
  if (report.verdict == sim::Verdict::pass) return {};
  if (!report.violations.empty()) {
    const sim::Finding& finding = report.violations.front().finding;
    return std::string{to_string(finding.invariant)} + ": " + finding.text;
  }
  const bool failed = report.verdict == sim::Verdict::fail;
  return (failed ? "expectation: " : "inconclusive: ") + report.why;
}

}  // namespace

std::string_view to_string(Hunt::Kind kind) noexcept { return kind_words[static_cast<std::size_t>(kind)]; }

std::optional<Hunt::Kind> hunt_kind_of(std::string_view word) noexcept {
  for (std::size_t i = 0; i < kind_words.size(); ++i) {
    if (kind_words[i] == word) return static_cast<Hunt::Kind>(i);
  }
  return std::nullopt;
}

std::optional<std::string> run_hunt(const Hunt& hunt, std::uint64_t seed, Mutant mutant) {
  mutant_at_work = mutant;
  std::string broken;
  switch (hunt.kind) {
    case Hunt::Kind::generated:
      broken = play(sim::generate(seed), nullptr);
      break;
    case Hunt::Kind::plot: {
      const auto plot =
          std::find_if(plots().begin(), plots().end(), [&](const Plot& each) { return each.name == hunt.name; });
      if (plot == plots().end()) throw std::runtime_error("there is no plot '" + hunt.name + "'");
      broken = play(plot->scenario(seed), plot->on_start);
      break;
    }
    case Hunt::Kind::burn:
      ::setenv("HAWSER_BURN_SEEDS", (std::to_string(seed) + ":1").c_str(), 1);
      broken = run_test_case(burn_title);
      break;
    case Hunt::Kind::test:
      broken = run_test_case(hunt.name);
      break;
  }
  if (broken.empty()) return std::nullopt;
  return broken;
}

}  // namespace hawser::mutants
