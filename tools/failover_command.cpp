#include "failover_command.hpp"

#include "campaign.hpp"
#include "exit_code.hpp"
#include <hawser/sim/failover.hpp>
#include "terminal.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <vector>

namespace hawser::tools {
namespace {

using namespace std::chrono_literals;
using sim::FailoverFault;

constexpr std::uint64_t runs_max = 10'000;

struct Settings {
  std::string name;
  Config config;
  Duration bound{0};  // of every row; zero: none
};

struct Row {
  std::string settings;
  FailoverFault fault;
  Duration bound{0};
  std::vector<Duration> isolated;
  std::vector<Duration> removed;
  std::string problem;  // of the first run that had one, with its seed
};

Settings defaults() { return {"defaults", Config{}, 2500ms}; }

Settings aggressive() {
  Settings settings{"50 ms, 500 ms, 300 ms", Config{}, 1000ms};
  settings.config.detector.heartbeat = 50ms;
  settings.config.isolation.lease = 500ms;
  settings.config.isolation.stable_after = 300ms;
  return settings;
}

Row play(const FailoverCommandOptions& options, const Settings& settings, FailoverFault fault) {
  Row row{settings.name, fault, settings.bound, {}, {}, {}};
  for (std::uint64_t i = 0; i < options.runs; ++i) {
    sim::FailoverOptions one;
    one.fault = fault;
    one.nodes = options.nodes;
    one.config = settings.config;
    one.seed = options.seed + i;
    const sim::FailoverRun run = sim::fail_over(one);
    if (!run.problem.empty()) {
      if (row.problem.empty()) row.problem = "seed " + std::to_string(one.seed) + ": " + run.problem;
      continue;
    }
    row.isolated.push_back(run.isolated);
    row.removed.push_back(run.removed);
  }
  std::sort(row.isolated.begin(), row.isolated.end());
  std::sort(row.removed.begin(), row.removed.end());
  return row;
}

bool good(const Row& row) {
  if (!row.problem.empty()) return false;
  return row.bound == Duration::zero() || row.removed.back() < row.bound;
}

std::string median_and_max(const std::vector<Duration>& times) {
  if (times.empty() || times.back() == Duration::zero()) return "-";
  const auto seconds = [](Duration time) { return decimal(static_cast<double>(time.count()) / 1e6, 2); };
  return seconds(times[times.size() / 2]) + " / " + seconds(times.back()) + " s";
}

void show(const std::vector<Row>& rows) {
  Terminal terminal;
  Table table{{{"heartbeat, lease, stable_after"},
               {"fault"},
               {"loser isolated: median / max", Align::right},
               {"all winners told removed", Align::right},
               {"bound", Align::right}}};
  for (const Row& row : rows) {
    const std::string bound =
        row.bound == Duration::zero() ? "-" : decimal(static_cast<double>(row.bound.count()) / 1e6, 2) + " s";
    table.row({row.settings, std::string{to_string(row.fault)}, median_and_max(row.isolated),
               median_and_max(row.removed), bound});
  }
  for (const std::string& line : table.lines(terminal)) terminal.line(line);
  for (const Row& row : rows) {
    if (good(row)) continue;
    terminal.line(terminal.styled(row.settings + ", " + std::string{to_string(row.fault)} + ": " +
                                      (row.problem.empty() ? "later than its bound" : printable(row.problem)),
                                  Style::bad));
  }
}

void print_json(const std::vector<Row>& rows) {
  const auto list = [](const std::vector<Duration>& times) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const Duration time : times) all.push_back(time.count());
    return all;
  };
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    out.push_back({{"settings", row.settings},
                   {"fault", to_string(row.fault)},
                   {"isolated_us", list(row.isolated)},
                   {"removed_us", list(row.removed)},
                   {"bound_us", row.bound.count()},
                   {"good", good(row)},
                   {"problem", row.problem}});
  }
  std::cout << out.dump(2) << '\n' << std::flush;
}

int usage(const std::string& problem) {
  std::fprintf(stderr, "hawser: %s\n", printable(problem).c_str());
  return exit_usage;
}

}  // namespace

int sim_failover(const FailoverCommandOptions& options) {
  if (options.nodes < 3 || options.nodes > 32) return usage("--nodes is 3 to 32");
  if (options.runs < 1 || options.runs > runs_max) return usage("--runs is 1 to " + std::to_string(runs_max));
  const auto strategy = strategy_of(options.strategy);
  if (!strategy || *strategy == Strategy::none) {
    return usage("--strategy is one of keep_majority, static_quorum, keep_oldest, referee, arbiter; not '" +
                 options.strategy + "'");
  }
  std::vector<Settings> settings{defaults(), aggressive()};
  if (!options.config.empty()) {
    const Config file = Config::load(options.config);
    Settings own{options.config, Config{}, Duration::zero()};
    own.config.detector = file.detector;
    own.config.isolation.lease = file.isolation.lease;
    own.config.isolation.stable_after = file.isolation.stable_after;
    own.config.clock_drift = file.clock_drift;
    settings = {std::move(own)};
  }
  std::vector<Row> rows;
  for (Settings& each : settings) {
    each.config.strategy = *strategy;
    each.config.state_dir = "state";
    if (*strategy == Strategy::static_quorum) each.config.isolation.quorum = options.nodes / 2 + 1;
    if (*strategy == Strategy::referee) each.config.isolation.referee = "n1";
    // The bounds are promised for votes of members; an arbiter's keys may live longer.
    if (*strategy == Strategy::arbiter) each.bound = Duration::zero();
    for (std::size_t fault = 0; fault < sim::failover_fault_count; ++fault) {
      rows.push_back(play(options, each, static_cast<FailoverFault>(fault)));
    }
  }
  if (options.json) {
    print_json(rows);
  } else {
    show(rows);
  }
  return std::all_of(rows.begin(), rows.end(), good) ? exit_fine : exit_unhealthy;
}

}  // namespace hawser::tools
