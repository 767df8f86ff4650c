#include "sweep_command.hpp"

#include "exit_code.hpp"
#include <hawser/sim/generate.hpp>
#include <hawser/sim/play.hpp>
#include <hawser/sim/scenario_file.hpp>
#include "sweep_tally.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdio>
#include <limits>

namespace hawser::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr SeedRange usual_seeds{1, 1000};

sim::Scenario scenario_of(const std::optional<sim::Scenario>& given, std::uint64_t seed) {
  if (!given) return sim::generate(seed);
  sim::Scenario scenario = *given;
  scenario.seed = seed;
  return scenario;
}

// The story of a violation costs every run its rows; so only a run that failed is played again, with them.
std::string play_seed(const std::optional<sim::Scenario>& given, std::uint64_t seed) {
  const sim::Scenario scenario = scenario_of(given, seed);
  sim::PlayOptions options;
  options.trace_rows = 0;
  const sim::PlayReport report = sim::play(scenario, options);
  if (report.verdict != sim::Verdict::fail) return encode(report);
  return encode(sim::play(scenario, sim::PlayOptions{}));
}

std::string replay_of(const SweepCommandOptions& options, std::uint64_t seed) {
  const std::string file = options.file.empty() ? "" : " " + options.file;
  return "hawser sim run" + file + " --seed " + std::to_string(seed);
}

Json json_of(const SweepCommandOptions& options, const SeedRange& seeds, const CampaignEnd& end,
             const SweepTally& tally) {
  Json json{{"command", "sweep"},
            {"scenario", options.file},
            {"first_seed", seeds.first},
            {"last_seed", seeds.last},
            {"seeds", end.runs},
            {"interrupted", end.interrupted},
            {"wall_seconds", end.wall_seconds},
            {"cpu_seconds", end.cpu_seconds},
            {"jobs", end.jobs},
            {"seeds_per_hour_and_core", seeds_per_hour_and_core(end)}};
  tally.add_to(json);
  json["failures"] = Json::array();
  for (const auto& [invariant, group] : tally.failures().groups()) {
    json["failures"].push_back({{"invariant", invariant},
                                {"count", group.count},
                                {"smallest_seed", group.smallest.number},
                                {"seeds", group.numbers},
                                {"text", group.smallest.text},
                                {"replay", replay_of(options, group.smallest.number)}});
  }
  return json;
}

int usage(const std::string& problem) {
  std::fprintf(stderr, "hawser: %s\n", printable(problem).c_str());
  return exit_usage;
}

int verdict_of(const CampaignEnd& end, const SweepTally& tally) {
  if (!tally.failures().empty()) return exit_unhealthy;
  if (!end.interrupted) return tally.verdicts().inconclusive == 0 ? exit_fine : exit_usage;
  std::fprintf(stderr, "hawser: interrupted; the other seeds were not looked at\n");
  return exit_usage;
}

}  // namespace

std::optional<SeedRange> seed_range(const std::string& text) {
  SeedRange range;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, range.first);
  if (first.ec != std::errc{}) return std::nullopt;
  range.last = range.first;
  if (first.ptr == end) return range;
  if (end - first.ptr < 3 || first.ptr[0] != '.' || first.ptr[1] != '.') return std::nullopt;
  const auto last = std::from_chars(first.ptr + 2, end, range.last);
  if (last.ec != std::errc{} || last.ptr != end || range.last < range.first) return std::nullopt;
  return range;
}

int sim_sweep(const SweepCommandOptions& options) {
  if (!(options.minutes >= 0)) return usage("--minutes is not negative");
  SeedRange seeds = usual_seeds;
  const bool endless = options.seeds.empty() && options.minutes > 0;
  if (endless) seeds.last = std::numeric_limits<std::uint64_t>::max() - 1;
  if (!options.seeds.empty()) {
    const std::optional<SeedRange> given = seed_range(options.seeds);
    if (!given)
      return usage("--seeds is A..B with A <= B, for example 1..1000, or one seed; not '" + options.seeds + "'");
    seeds = *given;
  }
  std::optional<sim::Scenario> scenario;
  if (!options.file.empty()) {
    sim::ParsedScenario parsed = sim::load_scenario(options.file);
    for (const std::string& problem : parsed.problems) std::fprintf(stderr, "%s\n", printable(problem).c_str());
    if (!parsed.ok()) return exit_usage;
    scenario = std::move(parsed.scenario);
  }

  Terminal terminal;
  SweepTally tally;
  CampaignPlan plan;
  plan.unit = "seeds";
  plan.jobs = options.jobs;
  plan.seconds_max = options.minutes * 60;
  plan.show_progress = options.json != "-";
  if (!endless) plan.total = seeds.last - seeds.first + 1;
  plan.next = [seed = seeds.first, left = seeds.last - seeds.first + 1]() mutable -> std::optional<std::uint64_t> {
    if (left == 0) return std::nullopt;
    --left;
    return seed++;
  };
  plan.work = [&scenario](std::uint64_t seed) { return play_seed(scenario, seed); };
  plan.taken = [&tally](std::uint64_t seed, const std::string& report) { tally.take(seed, report); };
  const CampaignEnd end = run_campaign(plan, terminal, tally.failures());
  if (options.json != "-") {
    const auto replay = [&options](std::uint64_t seed) { return replay_of(options, seed); };
    for (const std::string& line : tally.failures().lines(terminal, "seeds", replay)) terminal.line(line);
    for (const std::string& line : tally.lines(terminal, end)) terminal.line(line);
  }
  if (!options.json.empty() && !write_file(options.json, json_of(options, seeds, end, tally).dump(2) + "\n")) {
    return exit_usage;
  }
  return verdict_of(end, tally);
}

}  // namespace hawser::tools
