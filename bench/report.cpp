#include "report.hpp"

#include "machine.hpp"
#include "statistics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace hawser::bench {
namespace {

using Cells = std::vector<std::string>;

template <typename Get>
Spread spread(const std::vector<Figures>& runs, Get get) {
  std::vector<double> values;
  for (const Figures& run : runs) values.push_back(get(run));
  return spread_of(std::move(values));
}

// Pair by pair: the median of ratios, not the ratio of medians.
template <typename Get>
Spread ratio(const RowResult& result, Get get) {
  std::vector<double> values;
  for (std::size_t i = 0; i < result.hawser.size(); ++i) values.push_back(get(result.hawser[i]) / get(result.plain[i]));
  return spread_of(std::move(values));
}

std::string triple(const Spread& spread, int decimals) {
  return number(spread.min, decimals) + ' ' + number(spread.median, decimals) + ' ' + number(spread.max, decimals);
}

std::string target_text(const std::optional<Target>& target, int decimals = 2) {
  return target ? number(target->must, decimals) + ' ' + number(target->aim, decimals) : "";
}

double rate(const Figures& figures) { return figures.per_second(); }
double cpu(const Figures& figures) { return figures.cpu_per_million(); }
double p50(const Figures& figures) { return figures.p50_us; }
double p99(const Figures& figures) { return figures.p99_us; }

Cells rate_header() {
  return {"message",  "plain /s",      "hawser /s", "ratio min med max",
          "must aim", "cpu s/M plain", "hawser",    "cpu ratio min med max",
          "must aim", "lost"};
}

Cells rate_cells(const RowResult& result) {
  const bool both = !result.hawser.empty();
  return {result.row.label,
          number(spread(result.plain, rate).median, 0),
          both ? number(spread(result.hawser, rate).median, 0) : "-",
          both ? triple(ratio(result, rate), 2) : "-",
          target_text(result.row.target),
          number(spread(result.plain, cpu).median, 3),
          both ? number(spread(result.hawser, cpu).median, 3) : "-",
          both ? triple(ratio(result, cpu), 2) : "-",
          target_text(result.row.cpu_target),
          std::to_string(lost(result))};
}

Cells latency_header() {
  return {"message",  "plain p50 us",          "p99",          "hawser p50 us", "p99", "p50 ratio min med max",
          "must aim", "p99 ratio min med max", "cpu ratio med"};
}

Cells latency_cells(const RowResult& result) {
  const bool both = !result.hawser.empty();
  return {result.row.label,
          number(spread(result.plain, p50).median, 1),
          number(spread(result.plain, p99).median, 1),
          both ? number(spread(result.hawser, p50).median, 1) : "-",
          both ? number(spread(result.hawser, p99).median, 1) : "-",
          both ? triple(ratio(result, p50), 2) : "-",
          target_text(result.row.target),
          both ? triple(ratio(result, p99), 2) : "-",
          both ? number(ratio(result, cpu).median, 2) : "-"};
}

Cells call_header() {
  return {"message",  "plain p50 ns",          "p99",      "hawser p50 ns", "p99",
          "must aim", "p50 ratio min med max", "must aim", "lost"};
}

Cells call_cells(const RowResult& result) {
  const bool both = !result.hawser.empty();
  return {result.row.label,
          number(1000 * spread(result.plain, p50).median, 0),
          number(1000 * spread(result.plain, p99).median, 0),
          both ? number(1000 * spread(result.hawser, p50).median, 0) : "-",
          both ? number(1000 * spread(result.hawser, p99).median, 0) : "-",
          target_text(result.row.call_target, 0),
          both ? triple(ratio(result, p50), 2) : "-",
          target_text(result.row.target),
          std::to_string(lost(result))};
}

nlohmann::ordered_json to_json(const Spread& spread) {
  return {{"min", spread.min}, {"median", spread.median}, {"max", spread.max}};
}

nlohmann::ordered_json to_json(const std::vector<Figures>& runs) {
  auto list = nlohmann::ordered_json::array();
  for (const Figures& run : runs) {
    list.push_back({{"accepted", run.accepted},
                    {"delivered", run.delivered},
                    {"seconds", run.seconds},
                    {"cpu_seconds", run.cpu_seconds},
                    {"per_second", run.per_second()},
                    {"cpu_seconds_per_million", run.cpu_per_million()},
                    {"p50_us", run.p50_us},
                    {"p99_us", run.p99_us}});
  }
  return list;
}

nlohmann::ordered_json to_json(const RowResult& result, Measure measure) {
  nlohmann::ordered_json json{{"label", result.row.label}, {"bytes", result.row.hawser.bytes}};
  if (!result.hawser.empty()) {
    json["ratio"] = to_json(measure == Measure::rate ? ratio(result, rate) : ratio(result, p50));
    json["cpu_ratio"] = to_json(ratio(result, cpu));
  }
  if (result.row.target) json["target"] = {{"must", result.row.target->must}, {"aim", result.row.target->aim}};
  json["plain"] = to_json(result.plain);
  json["hawser"] = to_json(result.hawser);
  return json;
}

nlohmann::ordered_json to_json(const SimAnswer& answer) {
  nlohmann::ordered_json question{
      {"name", "sim"}, {"others_cpus", answer.others_cpus}, {"rows", nlohmann::ordered_json::array()}};
  for (std::size_t i = 0; i < answer.loads.size(); ++i) {
    nlohmann::ordered_json row{{"label", answer.loads[i].label}, {"nodes", answer.loads[i].nodes}};
    row["runs"] = nlohmann::ordered_json::array();
    for (const SimFigures& run : answer.runs[i]) {
      row["runs"].push_back({{"amount", run.amount},
                             {"cpu_seconds", run.cpu_seconds},
                             {"events", run.events},
                             {"bytes_per_node", run.bytes_per_node}});
    }
    question["rows"].push_back(std::move(row));
  }
  return question;
}

nlohmann::ordered_json to_json(const InspectAnswer& answer) {
  nlohmann::ordered_json question{{"name", "inspect"}, {"scrapes", answer.scrapes}, {"snapshots", answer.snapshots}};
  for (const auto& [name, cost] : {std::pair{"cpu_at_rest", &answer.at_rest}, std::pair{"cpu_paced", &answer.paced}}) {
    question[name] = {{"label", cost->label},
                      {"alone", cost->alone},
                      {"looked_at", cost->looked_at},
                      {"cost_per_node", to_json(cost->cpu_per_node())}};
  }
  question["share_of_traffic"] = answer.share_of_traffic();
  question["per_second"] = {{"alone", answer.alone}, {"looked_at", answer.looked_at}};
  question["texts"] = nlohmann::ordered_json::array();
  for (const TextCost& cost : answer.texts) {
    question["texts"].push_back({{"label", cost.label}, {"bytes", cost.bytes}, {"cpu_ms", cost.ms}});
  }
  return question;
}

nlohmann::ordered_json to_json(const PeersAnswer& answer) {
  nlohmann::ordered_json question{{"name", "peers"},
                                  {"others_cpus", answer.others_cpus},
                                  {"peers", answer.peers},
                                  {"runs", nlohmann::ordered_json::array()}};
  for (const PeersFigures& run : answer.runs) {
    question["runs"].push_back({{"connect_seconds", run.connect_seconds},
                                {"connect_cpu_seconds", run.connect_cpu_seconds},
                                {"idle_cpu_percent", run.idle_cpu_percent},
                                {"idle_kernel_percent", run.idle_kernel_percent},
                                {"pair_bytes", run.pair_bytes},
                                {"peer_node_bytes", run.peer_node_bytes},
                                {"suspicions", run.suspicions}});
  }
  return question;
}

}  // namespace

std::string machine_text() {
  std::string text;
  for (const auto& [name, value] : describe_machine()) {
    text += name + std::string(name.size() < 10 ? 10 - name.size() : 1, ' ') + value + '\n';
  }
  return text;
}

std::string number(double value, int decimals) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string lay_out(const std::vector<Cells>& lines) {
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string text;
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - line[i].size(), ' ');
      text += i == 0 ? line[i] + padding : "  " + padding + line[i];
    }
    text += '\n';
  }
  return text;
}

std::string to_table(const Answer& answer, const Settings& settings) {
  std::vector<Cells> lines;
  switch (answer.question.measure) {
    case Measure::rate:
      lines.push_back(rate_header());
      for (const RowResult& row : answer.rows) lines.push_back(rate_cells(row));
      break;
    case Measure::latency:
      lines.push_back(latency_header());
      for (const RowResult& row : answer.rows) lines.push_back(latency_cells(row));
      break;
    case Measure::call:
      lines.push_back(call_header());
      for (const RowResult& row : answer.rows) lines.push_back(call_cells(row));
      break;
  }
  return std::string{answer.question.name} + ": " + std::string{answer.question.headline} + "\n" +
         std::to_string(settings.pairs) + " interleaved pairs of " + number(settings.measured_ms / 1000.0, 1) +
         " s; absolutes are medians, ratios are hawser to plain in the same pair\n" + "others kept " +
         number(answer.others_cpus, 2) + " CPUs busy meanwhile\n" + lay_out(lines);
}

std::string to_table(const Parts& parts) {
  const auto table = [](const char* headline, const char* of_what, const char* unit,
                        const std::vector<PartCost>& costs) {
    std::vector<std::vector<std::string>> lines{{of_what, std::string{"ns per "} + unit + " min", "median", "max"}};
    for (const PartCost& cost : costs) {
      const Spread spread = spread_of(cost.nanoseconds);
      lines.push_back({cost.label, number(spread.min, 0), number(spread.median, 0), number(spread.max, 0)});
    }
    return std::string{headline} + '\n' + lay_out(lines);
  };
  return table("policies: what each part of the resilience kit costs a call that it lets through", "part of the kit",
               "check", parts.kit) +
         '\n' +
         table("policies: what it costs to account for every message, both ends, opaque 64 B in batches of 512", "step",
               "message", parts.delivery);
}

std::string to_json(const std::vector<Answer>& answers, const Parts& parts, const SimAnswer* simulator,
                    const InspectAnswer* inspect, const PeersAnswer* peers, const Settings& settings) {
  nlohmann::ordered_json json;
  for (const auto& [name, value] : describe_machine()) json["machine"][name] = value;
  json["pairs"] = settings.pairs;
  json["measured_ms"] = settings.measured_ms;
  json["backoff_us"] = settings.backoff_us;
  json["questions"] = nlohmann::ordered_json::array();
  for (const Answer& answer : answers) {
    nlohmann::ordered_json question{
        {"name", answer.question.name}, {"others_cpus", answer.others_cpus}, {"rows", nlohmann::ordered_json::array()}};
    for (const RowResult& row : answer.rows) question["rows"].push_back(to_json(row, answer.question.measure));
    json["questions"].push_back(std::move(question));
  }
  for (const PartCost& cost : parts.kit) {
    json["kit_ns_per_check"].push_back({{"part", cost.label}, {"runs", cost.nanoseconds}});
  }
  for (const PartCost& cost : parts.delivery) {
    json["delivery_ns_per_message"].push_back({{"step", cost.label}, {"runs", cost.nanoseconds}});
  }
  if (simulator != nullptr) json["questions"].push_back(to_json(*simulator));
  if (inspect != nullptr) json["questions"].push_back(to_json(*inspect));
  if (peers != nullptr) json["questions"].push_back(to_json(*peers));
  return json.dump(2) + '\n';
}

}  // namespace hawser::bench
