#include "failover_command.hpp"

#include "campaign.hpp"
#include "exit_code.hpp"
#include "failover_real.hpp"
#include <hawser/sim/failover.hpp>
#include "terminal.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>
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

// Where they ran: in the simulator, or as processes.
struct Times {
  std::vector<Duration> isolated;
  std::vector<Duration> removed;
  std::string problem;  // of the first run that had one, with its seed or number

  void add(const sim::FailoverRun& run, const std::string& which) {
    if (!run.problem.empty()) {
      if (problem.empty()) problem = which + ": " + run.problem;
      return;
    }
    isolated.push_back(run.isolated);
    removed.push_back(run.removed);
    std::sort(isolated.begin(), isolated.end());
    std::sort(removed.begin(), removed.end());
  }
};

struct Row {
  std::string settings;
  FailoverFault fault;
  Duration bound{0};
  Times simulated;
  std::optional<Times> real;
};

Settings defaults() { return {"defaults", Config{}, 2500ms}; }

Settings aggressive() {
  Settings settings{"50 ms, 500 ms, 300 ms", Config{}, 1000ms};
  settings.config.detector.heartbeat = 50ms;
  settings.config.isolation.lease = 500ms;
  settings.config.isolation.stable_after = 300ms;
  return settings;
}

Times simulate(const FailoverCommandOptions& options, const Settings& settings, FailoverFault fault) {
  Times times;
  for (std::uint64_t i = 0; i < options.runs; ++i) {
    sim::FailoverOptions one;
    one.fault = fault;
    one.nodes = options.nodes;
    one.config = settings.config;
    one.seed = options.seed + i;
    times.add(sim::fail_over(one), "seed " + std::to_string(one.seed));
  }
  return times;
}

// One cluster for all rows of these settings. What is left when it breaks down has the problem that it had. False: it
// was interrupted, and the rows that have no run are gone.
bool measure(const FailoverCommandOptions& options, const Settings& settings, std::vector<Row>& rows,
             Terminal& terminal) {
  RealFailover cluster{settings.config, options.nodes, options.seed};
  for (Row& row : rows) {
    row.real.emplace();
    for (std::uint64_t i = 0; i < options.runs; ++i) {
      const std::string which = "run " + std::to_string(i + 1);
      if (!options.json) {
        terminal.live({settings.name + ", " + std::string{to_string(row.fault)} + ": " + which + " of " +
                       std::to_string(options.runs) + " on real processes"});
      }
      const sim::FailoverRun run = cluster.fail_over(row.fault);
      if (cluster.interrupted()) {
        terminal.live({});
        std::erase_if(rows, [](const Row& each) { return !each.real || each.real->removed.empty(); });
        return false;
      }
      row.real->add(run, which);
      if (cluster.broken()) break;
    }
  }
  terminal.live({});
  return true;
}

bool good(const Times& times, Duration bound) {
  return times.problem.empty() && (bound == Duration::zero() || times.removed.empty() || times.removed.back() < bound);
}

bool good(const Row& row) { return good(row.simulated, row.bound) && (!row.real || good(*row.real, row.bound)); }

std::string median_and_max(const std::vector<Duration>& times) {
  if (times.empty() || times.back() == Duration::zero()) return "-";
  const auto seconds = [](Duration time) { return decimal(static_cast<double>(time.count()) / 1e6, 2); };
  return seconds(times[times.size() / 2]) + " / " + seconds(times.back()) + " s";
}

void show(const std::vector<Row>& rows, Terminal& terminal) {
  const bool real = !rows.empty() && rows.front().real.has_value();
  std::vector<Table::Column> columns{{"heartbeat, lease, stable_after"}, {"fault"}};
  const std::string isolated = "loser isolated: median / max";
  const std::string removed = "all winners told removed";
  columns.push_back({(real ? "simulated: " : "") + isolated, Align::right});
  columns.push_back({removed, Align::right});
  if (real) {
    columns.push_back({"real: " + isolated, Align::right});
    columns.push_back({removed, Align::right});
  }
  columns.push_back({"bound", Align::right});
  Table table{columns};
  for (const Row& row : rows) {
    std::vector<std::string> cells{row.settings, std::string{to_string(row.fault)},
                                   median_and_max(row.simulated.isolated), median_and_max(row.simulated.removed)};
    if (row.real) {
      cells.push_back(median_and_max(row.real->isolated));
      cells.push_back(median_and_max(row.real->removed));
    }
    cells.push_back(row.bound == Duration::zero() ? "-"
                                                  : decimal(static_cast<double>(row.bound.count()) / 1e6, 2) + " s");
    table.row(std::move(cells));
  }
  for (const std::string& line : table.lines(terminal)) terminal.line(line);
  for (const Row& row : rows) {
    const auto complain = [&](const Times& times, const std::string& where) {
      if (good(times, row.bound)) return;
      terminal.line(terminal.styled(row.settings + ", " + std::string{to_string(row.fault)} + where + ": " +
                                        (times.problem.empty() ? "later than its bound" : printable(times.problem)),
                                    Style::bad));
    };
    complain(row.simulated, real ? ", simulated" : "");
    if (row.real) complain(*row.real, ", real");
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
    nlohmann::ordered_json each{{"settings", row.settings},
                                {"fault", to_string(row.fault)},
                                {"isolated_us", list(row.simulated.isolated)},
                                {"removed_us", list(row.simulated.removed)},
                                {"bound_us", row.bound.count()},
                                {"good", good(row)},
                                {"problem", row.simulated.problem}};
    if (row.real) {
      each["real"] = {{"isolated_us", list(row.real->isolated)},
                      {"removed_us", list(row.real->removed)},
                      {"problem", row.real->problem}};
    }
    out.push_back(std::move(each));
  }
  std::cout << out.dump(2) << '\n' << std::flush;
}

int usage(const std::string& problem) {
  std::fprintf(stderr, "hawser: %s\n", printable(problem).c_str());
  return exit_usage;
}

// What is wrong with the options, or nothing.
std::string problem_of(const FailoverCommandOptions& options, unsigned nodes_max) {
  if (options.nodes < 3 || options.nodes > nodes_max) return "--nodes is 3 to " + std::to_string(nodes_max);
  if (options.runs < 1 || options.runs > runs_max) return "--runs is 1 to " + std::to_string(runs_max);
  const auto strategy = strategy_of(options.strategy);
  if (!strategy || *strategy == Strategy::none) {
    return "--strategy is one of keep_majority, static_quorum, keep_oldest, referee, arbiter; not '" +
           options.strategy + "'";
  }
  return {};
}

std::vector<Settings> settings_of(const FailoverCommandOptions& options) {
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
  for (Settings& each : settings) {
    each.config.strategy = *strategy_of(options.strategy);
    each.config.state_dir = "state";
    if (each.config.strategy == Strategy::static_quorum) each.config.isolation.quorum = options.nodes / 2 + 1;
    if (each.config.strategy == Strategy::referee) each.config.isolation.referee = "n1";
    // The bounds are promised for votes of members; an arbiter's keys may live longer.
    if (each.config.strategy == Strategy::arbiter) each.bound = Duration::zero();
  }
  return settings;
}

int measure_all(const FailoverCommandOptions& options, bool real) {
  std::vector<Settings> all_settings;
  try {
    all_settings = settings_of(options);
  } catch (const ConfigError& error) {
    for (const std::string& problem : error.problems()) std::fprintf(stderr, "%s\n", printable(problem).c_str());
    return exit_usage;
  }
  Terminal terminal;
  std::vector<Row> rows;
  bool interrupted = false;
  for (const Settings& settings : all_settings) {
    std::vector<Row> own;
    for (std::size_t fault = 0; fault < sim::failover_fault_count; ++fault) {
      own.push_back({settings.name, static_cast<FailoverFault>(fault), settings.bound, {}, {}});
    }
    // The real ones first, so that it is known at once when there can be none.
    interrupted = real && !measure(options, settings, own, terminal);
    if (!interrupted) {
      for (Row& row : own) row.simulated = simulate(options, settings, row.fault);
    }
    std::move(own.begin(), own.end(), std::back_inserter(rows));
    if (interrupted) break;
  }
  if (options.json) {
    print_json(rows);
  } else if (!rows.empty()) {
    show(rows, terminal);
  }
  if (!std::all_of(rows.begin(), rows.end(), [](const Row& row) { return good(row); })) return exit_unhealthy;
  if (!interrupted) return exit_fine;
  std::fprintf(stderr, "hawser: interrupted; the other runs were not made\n");
  return exit_inconclusive;
}

}  // namespace

int sim_failover(const FailoverCommandOptions& options) {
  if (const std::string problem = problem_of(options, 32); !problem.empty()) return usage(problem);
  return measure_all(options, false);
}

int failover(const FailoverCommandOptions& options) {
  if (const std::string problem = problem_of(options, 9); !problem.empty()) return usage(problem);
  if (strategy_of(options.strategy) == Strategy::arbiter) {
    return usage("the processes have no arbiter; `hawser sim failover --strategy arbiter` has a simulated one");
  }
  return measure_all(options, true);
}

}  // namespace hawser::tools
