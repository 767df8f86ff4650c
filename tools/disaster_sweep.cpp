#include "disaster_sweep.hpp"

#include "campaign.hpp"
#include "disaster_show.hpp"
#include "disasters_command.hpp"
#include "exit_code.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <ostream>

namespace hawser::tools {
namespace {

using Json = nlohmann::ordered_json;

// What is kept of one row.
Json measures_of(const DisasterRow& row) {
  Json broken = Json::array();
  for (const BrokenPromise& each : broken_promises(row)) broken.push_back({each.promise, each.sentence});
  const DisasterSide& kit = row.guarded;
  const auto healed = kit.score.healed();
  std::int64_t error = 0;
  for (const auto& timeout : {kit.timeout_before, kit.timeout_after}) {
    if (timeout) error = std::max(error, timeout_error_permille(*timeout));
  }
  return {{"name", row.plot->name},
          {"naive_permille", row.naive.score.during().served_permille()},
          {"kit_permille", kit.score.during().served_permille()},
          {"refused_us", refused_in(kit).value_or(Duration::zero()).count()},
          {"healed_us", healed ? healed->count() : heal_bound(kit).count() + 1},
          {"spare_us", healed ? (heal_bound(kit) - *healed).count() : -1},
          {"open_time_us", kit.open_time.count()},
          {"timeout_error_permille", error},
          {"broken", broken}};
}

// The worst of each, over all seeds.
struct Worst {
  std::uint64_t seeds = 0;
  std::uint64_t broken = 0;  // seeds with a broken promise
  std::uint64_t naive_permille_max = 0;
  std::uint64_t kit_permille_min = 1000;
  std::int64_t refused_us_max = 0;
  std::int64_t healed_us_max = 0;
  std::int64_t spare_us_min = std::numeric_limits<std::int64_t>::max();
  std::int64_t open_time_us_max = 0;
  std::int64_t timeout_error_permille_max = 0;

  void take(const Json& row) {
    ++seeds;
    broken += row["broken"].empty() ? 0 : 1;
    naive_permille_max = std::max(naive_permille_max, row["naive_permille"].get<std::uint64_t>());
    kit_permille_min = std::min(kit_permille_min, row["kit_permille"].get<std::uint64_t>());
    refused_us_max = std::max(refused_us_max, row["refused_us"].get<std::int64_t>());
    healed_us_max = std::max(healed_us_max, row["healed_us"].get<std::int64_t>());
    spare_us_min = std::min(spare_us_min, row["spare_us"].get<std::int64_t>());
    open_time_us_max = std::max(open_time_us_max, row["open_time_us"].get<std::int64_t>());
    timeout_error_permille_max =
        std::max(timeout_error_permille_max, row["timeout_error_permille"].get<std::int64_t>());
  }
};

using WorstByName = std::map<std::string, Worst>;

void show(const WorstByName& all, std::ostream& out) {
  std::vector<std::vector<std::string>> lines{
      {"disaster", "seeds", "naive during %: most", "kit during %: least", "promised %", "refused in: longest",
       "open time: longest", "healed after: longest", "to spare: least", "timeout off by %: most", "broke a promise"}};
  for (const DisasterPlot& plot : disaster_plots()) {
    const auto found = all.find(std::string{plot.name});
    if (found == all.end()) continue;
    const Worst& worst = found->second;
    lines.push_back(
        {found->first, std::to_string(worst.seeds), percent_text(worst.naive_permille_max),
         percent_text(worst.kit_permille_min), percent_text(plot.during_permille),
         brief(Duration{worst.refused_us_max}), brief(Duration{worst.open_time_us_max}),
         brief(Duration{worst.healed_us_max}), worst.spare_us_min < 0 ? "none" : brief(Duration{worst.spare_us_min}),
         percent_text(static_cast<std::uint64_t>(worst.timeout_error_permille_max)), std::to_string(worst.broken)});
  }
  print_columns(lines, 1, out);
}

Json json_of(const DisasterSweepOptions& options, const CampaignEnd& end, const WorstByName& all,
             const FailureTable& failures) {
  Json json{{"first_seed", options.seeds.first}, {"last_seed", options.seeds.last}, {"seeds", end.runs},
            {"interrupted", end.interrupted},    {"disasters", Json::array()},      {"failures", Json::array()}};
  for (const auto& [name, worst] : all) {
    json["disasters"].push_back({{"name", name},
                                 {"seeds", worst.seeds},
                                 {"broken", worst.broken},
                                 {"naive_permille_max", worst.naive_permille_max},
                                 {"kit_permille_min", worst.kit_permille_min},
                                 {"refused_us_max", worst.refused_us_max},
                                 {"open_time_us_max", worst.open_time_us_max},
                                 {"healed_us_max", worst.healed_us_max},
                                 {"spare_us_min", worst.spare_us_min},
                                 {"timeout_error_permille_max", worst.timeout_error_permille_max}});
  }
  for (const auto& [promise, group] : failures.groups()) {
    json["failures"].push_back({{"promise", promise},
                                {"count", group.count},
                                {"smallest_seed", group.smallest.number},
                                {"seeds", group.numbers},
                                {"text", group.smallest.text}});
  }
  return json;
}

}  // namespace

int sweep_disasters(const DisasterSweepOptions& options, std::ostream& out) {
  Terminal terminal;
  FailureTable failures;
  WorstByName all;
  CampaignPlan plan;
  plan.unit = "seeds";
  plan.jobs = options.jobs;
  plan.show_progress = !options.json;
  plan.total = options.seeds.last - options.seeds.first + 1;
  plan.next = [seed = options.seeds.first, left = *plan.total]() mutable -> std::optional<std::uint64_t> {
    if (left == 0) return std::nullopt;
    --left;
    return seed++;
  };
  plan.work = [&options](std::uint64_t seed) {
    Json rows = Json::array();
    for (const DisasterRow& row : play_disasters({options.only, seed, false})) rows.push_back(measures_of(row));
    return rows.dump();
  };
  plan.taken = [&](std::uint64_t seed, const std::string& answer) {
    for (const Json& row : Json::parse(answer)) {
      const auto name = row["name"].get<std::string>();
      all[name].take(row);
      for (const Json& broken : row["broken"]) {
        failures.add({seed, name + ", " + broken[0].get<std::string>(), broken[1].get<std::string>()});
      }
    }
  };
  const CampaignEnd end = run_campaign(plan, terminal, failures);
  if (options.json) {
    out << json_of(options, end, all, failures).dump(2) << '\n';
  } else {
    show(all, out);
    const auto replay = [&options](std::uint64_t seed) {
      return "hawser disasters" + (options.only.empty() ? "" : " --only " + options.only) + " --seed " +
             std::to_string(seed);
    };
    for (const std::string& line : failures.lines(terminal, "seeds", replay)) out << line << '\n';
  }
  if (!failures.empty()) return exit_unhealthy;
  if (!end.interrupted) return exit_fine;
  std::fprintf(stderr, "hawser: interrupted; the other seeds were not looked at\n");
  return exit_inconclusive;
}

}  // namespace hawser::tools
