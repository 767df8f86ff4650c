#include "exhaust_command.hpp"

#include "campaign.hpp"
#include "exit_code.hpp"
#include <hawser/sim/exhaust.hpp>
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

namespace hawser::tools {
namespace {

using Json = nlohmann::ordered_json;
using sim::GraphRun;
using sim::ReachabilityGraph;

constexpr std::size_t story_rows = 4000;

struct Slice {
  std::uint32_t first = 1;
  std::uint32_t of = 1;
};

std::optional<Slice> slice_of(const std::string& text) {
  Slice slice;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, slice.first);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '/') return std::nullopt;
  const auto of = std::from_chars(first.ptr + 1, end, slice.of);
  if (of.ec != std::errc{} || of.ptr != end) return std::nullopt;
  if (slice.first < 1 || slice.first > slice.of) return std::nullopt;
  return slice;
}

// What is known of the graphs with the same number of links that work both ways.
struct Row {
  std::uint64_t graphs = 0;
  std::set<std::uint32_t> shapes;
  std::uint64_t failed = 0;
  std::vector<std::int64_t> recoveries_us;
  std::int64_t slowest_us = -1;
  std::uint32_t slowest = 0;
};

unsigned links_of(const ReachabilityGraph& graph) {
  unsigned links = 0;
  for (unsigned one = 0; one < graph.nodes; ++one) {
    for (unsigned other = one + 1; other < graph.nodes; ++other) links += graph.linked(one, other) ? 1 : 0;
  }
  return links;
}

std::string text_of(const sim::Violation& violation) {
  std::ostringstream text;
  text << violation;
  return text.str();
}

// A number of the campaign is a graph with a strategy.
struct Plot {
  Strategy strategy;
  ReachabilityGraph graph;
};

// Empty when there is none of that name.
std::vector<Strategy> strategies_of(const std::string& name) {
  std::vector<Strategy> chosen;
  for (std::size_t i = 0; i < strategy_count; ++i) {
    const auto strategy = static_cast<Strategy>(i);
    if (name == "all" || name == to_string(strategy)) chosen.push_back(strategy);
  }
  return chosen;
}

Plot plot_of(const ExhaustCommandOptions& options, std::uint64_t number) {
  const std::uint64_t graphs = sim::graph_count(options.nodes);
  return {strategies_of(options.strategy)[number / graphs],
          {options.nodes, static_cast<std::uint32_t>(number % graphs)}};
}

sim::ExhaustOptions sim_options(const ExhaustCommandOptions& options, Strategy strategy, std::size_t rows) {
  sim::ExhaustOptions result;
  result.seed = options.seed;
  result.strategy = strategy;
  result.cold = options.cold;
  result.trace_rows = rows;
  return result;
}

// The story of a violation costs every run its rows; so only a run that failed is played again, with them.
std::string play(const ExhaustCommandOptions& options, std::uint64_t number) {
  const auto [strategy, graph] = plot_of(options, number);
  GraphRun run = sim::impose(graph, sim_options(options, strategy, 0));
  if (!run.violations.empty()) run = sim::impose(graph, sim_options(options, strategy, story_rows));
  Json answer{{"recovered_us", run.recovered_after.count()},
              {"events", run.events},
              {"messages", run.messages},
              {"handled", run.handled},
              {"simulated_us", run.simulated.count()}};
  if (!run.violations.empty()) {
    answer["invariant"] = std::string{to_string(run.violations.front().finding.invariant)};
    answer["text"] = text_of(run.violations.front());
  }
  return answer.dump(-1, ' ', false, Json::error_handler_t::replace);
}

class Exhaustion {
 public:
  explicit Exhaustion(const ExhaustCommandOptions& options) : options_(options) {}

  void take(std::uint64_t number, const std::string& text) {
    const Json answer = Json::parse(text);
    const auto [strategy, graph] = plot_of(options_, number);
    Row& row = rows_[by_strategy() ? static_cast<unsigned>(strategy) : links_of(graph)];
    ++row.graphs;
    row.shapes.insert(graph.shape());
    events_ += answer["events"].get<std::uint64_t>();
    messages_ += answer["messages"].get<std::uint64_t>();
    handled_ += answer["handled"].get<std::uint64_t>();
    simulated_us_ += answer["simulated_us"].get<std::int64_t>();
    if (answer.contains("invariant")) {
      ++row.failed;
      failures_.add({number, answer["invariant"],
                     "graph " + graph.text() + strategy_text(strategy) + "\n" + answer["text"].get<std::string>()});
      return;
    }
    const auto recovered = answer["recovered_us"].get<std::int64_t>();
    row.recoveries_us.push_back(recovered);
    if (recovered > row.slowest_us || (recovered == row.slowest_us && number < row.slowest)) {
      row.slowest_us = recovered;
      row.slowest = graph.edges;
    }
  }

  FailureTable& failures() noexcept { return failures_; }
  std::string replay(std::uint64_t number) const {
    const auto [strategy, graph] = plot_of(options_, number);
    return "hawser sim exhaust --nodes " + std::to_string(options_.nodes) + " --graph " + std::to_string(graph.edges) +
           (strategy == Strategy::none ? "" : " --strategy " + std::string{to_string(strategy)}) + " --seed " +
           std::to_string(options_.seed) + (options_.cold ? " --cold" : "");
  }

  void show(Terminal& terminal, const CampaignEnd& end) {
    Table table{{by_strategy() ? Table::Column{"strategy"} : Table::Column{"links both ways", Align::right},
                 {"graphs", Align::right},
                 {"shapes", Align::right},
                 {"failed", Align::right},
                 {"recovered after: median", Align::right},
                 {"slowest", Align::right},
                 {"the slowest graph"}}};
    for (auto& [key, row] : rows_) {
      table.row(cells(by_strategy() ? std::string{to_string(static_cast<Strategy>(key))} : std::to_string(key), row));
    }
    Row all = whole();
    table.row(cells("all", all));
    for (const std::string& line : table.lines(terminal)) terminal.line(line);
    terminal.line("");
    terminal.line(grouped(end.runs) + " graphs in " + span_text(end.wall_seconds) + ", " + decimal(end.cpu_seconds, 1) +
                  " CPU s on " + std::to_string(end.jobs) + " workers; " + grouped(events_) + " events, " +
                  grouped(messages_) + " messages, " + span_text(static_cast<double>(simulated_us_) / 1e6) +
                  " simulated");
    for (const std::string& line :
         failures_.lines(terminal, "graphs", [this](std::uint64_t number) { return replay(number); })) {
      terminal.line(line);
    }
  }

  Json json(const CampaignEnd& end, std::uint64_t planned) {
    Row all = whole();
    Json result{{"command", "exhaust"},
                {"nodes", options_.nodes},
                {"slice", options_.slice},
                {"seed", options_.seed},
                {"cold", options_.cold},
                {"strategy", options_.strategy},
                {"planned", planned},
                {"graphs", end.runs},
                {"shapes", all.shapes.size()},
                {"failed", failures_.count()},
                {"interrupted", end.interrupted}};
    result["slowest_recovery_us"] = all.slowest_us;
    result["slowest_graph"] = all.slowest;
    result["events"] = events_;
    result["messages"] = messages_;
    result["handled"] = handled_;
    result["simulated_us"] = simulated_us_;
    result["wall_seconds"] = end.wall_seconds;
    result["cpu_seconds"] = end.cpu_seconds;
    result["failures"] = Json::array();
    for (const auto& [invariant, group] : failures_.groups()) {
      result["failures"].push_back({{"invariant", invariant},
                                    {"count", group.count},
                                    {"smallest", group.smallest.number},
                                    {"numbers", group.numbers},
                                    {"text", group.smallest.text},
                                    {"replay", replay(group.smallest.number)}});
    }
    return result;
  }

 private:
  bool by_strategy() const { return options_.strategy == "all"; }
  static std::string strategy_text(Strategy strategy) {
    return strategy == Strategy::none ? "" : ", " + std::string{to_string(strategy)};
  }

  Row whole() const {
    Row all;
    for (const auto& [links, row] : rows_) {
      all.graphs += row.graphs;
      all.failed += row.failed;
      all.shapes.insert(row.shapes.begin(), row.shapes.end());
      all.recoveries_us.insert(all.recoveries_us.end(), row.recoveries_us.begin(), row.recoveries_us.end());
      if (row.slowest_us <= all.slowest_us) continue;
      all.slowest_us = row.slowest_us;
      all.slowest = row.slowest;
    }
    return all;
  }

  std::vector<std::string> cells(const std::string& label, Row& row) const {
    std::vector<std::string> cells{label, grouped(row.graphs), grouped(row.shapes.size()), grouped(row.failed)};
    if (row.recoveries_us.empty()) return cells;
    const auto middle = row.recoveries_us.begin() + static_cast<std::ptrdiff_t>(row.recoveries_us.size() / 2);
    std::nth_element(row.recoveries_us.begin(), middle, row.recoveries_us.end());
    const auto seconds = [](std::int64_t us) { return decimal(static_cast<double>(us) / 1e6, 2) + " s"; };
    cells.push_back(seconds(*middle));
    cells.push_back(seconds(row.slowest_us));
    cells.push_back(std::to_string(row.slowest) + ": " + ReachabilityGraph{options_.nodes, row.slowest}.text());
    return cells;
  }

  ExhaustCommandOptions options_;
  std::map<unsigned, Row> rows_;
  FailureTable failures_;
  std::uint64_t events_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t handled_ = 0;
  std::int64_t simulated_us_ = 0;
};

int show_one(const ExhaustCommandOptions& options) {
  Terminal terminal;
  const ReachabilityGraph graph{options.nodes, *options.graph};
  const GraphRun run = sim::impose(graph, sim_options(options, strategies_of(options.strategy).front(), story_rows));
  terminal.line("graph " + std::to_string(graph.edges) + " of " + std::to_string(graph.nodes) +
                " nodes: " + graph.text() + " (shape " + std::to_string(graph.shape()) + ")");
  terminal.line(grouped(run.events) + " events, " + grouped(run.messages) + " messages, " + grouped(run.handled) +
                " handled");
  if (run.violations.empty()) {
    terminal.line(terminal.styled("passed", Style::good) + ", recovered " +
                  decimal(static_cast<double>(run.recovered_after.count()) / 1e6, 2) + " s after the heal");
    return exit_fine;
  }
  terminal.line(terminal.styled("failed", Style::bad));
  terminal.line(text_of(run.violations.front()));
  return exit_unhealthy;
}

int usage(const std::string& problem) {
  std::fprintf(stderr, "hawser: %s\n", printable(problem).c_str());
  return exit_usage;
}

}  // namespace

int sim_exhaust(const ExhaustCommandOptions& options) {
  if (options.nodes != 3 && options.nodes != 4) {
    return usage("--nodes is 3 or 4: 64 or 4096 graphs; five nodes would be a million");
  }
  const std::uint32_t graphs = sim::graph_count(options.nodes);
  if (options.graph && *options.graph >= graphs) {
    return usage("--graph is below " + std::to_string(graphs) + " for " + std::to_string(options.nodes) + " nodes");
  }
  const std::optional<Slice> slice = slice_of(options.slice);
  if (!slice) return usage("--slice is K/N with 1 <= K <= N, for example 2/8; not '" + options.slice + "'");
  const std::vector<Strategy> strategies = strategies_of(options.strategy);
  if (strategies.empty()) {
    return usage("--strategy is one of none, keep_majority, static_quorum, keep_oldest, referee, arbiter, all; not '" +
                 options.strategy + "'");
  }
  if (options.graph && strategies.size() > 1) return usage("--graph is played with one --strategy, not with all");
  if (options.graph) return show_one(options);

  Terminal terminal;
  Exhaustion exhaustion{options};
  CampaignPlan plan;
  plan.unit = "graphs";
  plan.jobs = options.jobs;
  plan.show_progress = options.json != "-";
  const std::uint64_t begin = slice->first - 1;
  const std::uint64_t all = graphs * strategies.size();
  plan.total = begin >= all ? 0 : (all - begin + slice->of - 1) / slice->of;
  plan.next = [at = begin, all, of = slice->of]() mutable -> std::optional<std::uint64_t> {
    if (at >= all) return std::nullopt;
    return std::exchange(at, at + of);
  };
  plan.work = [&options](std::uint64_t number) { return play(options, number); };
  plan.taken = [&](std::uint64_t number, const std::string& answer) { exhaustion.take(number, answer); };
  const CampaignEnd end = run_campaign(plan, terminal, exhaustion.failures());
  if (options.json != "-") exhaustion.show(terminal, end);
  if (!options.json.empty() && !write_file(options.json, exhaustion.json(end, *plan.total).dump(2) + "\n")) {
    return exit_usage;
  }
  if (!exhaustion.failures().empty()) return exit_unhealthy;
  if (end.interrupted) std::fprintf(stderr, "hawser: interrupted; the other graphs were not looked at\n");
  return end.interrupted ? exit_usage : exit_fine;
}

}  // namespace hawser::tools
