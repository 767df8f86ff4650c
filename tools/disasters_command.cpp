#include "disasters_command.hpp"

#include "exit_code.hpp"
#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string_view>

namespace hawser::tools {
namespace {

using namespace std::chrono_literals;

constexpr Duration fast_enough = 100ms;
constexpr Duration heals_after_opening = 5s;

std::string decimal_of(std::int64_t thousandths) {
  return std::to_string(thousandths / 10) + "." + std::to_string(thousandths % 10);
}

// 0.25 ms, 12 ms, 1.5 s
std::string brief(Duration time) {
  const std::int64_t us = time.count();
  if (us >= 1'000'000) return decimal_of(us / 100'000) + " s";
  if (us >= 10'000) return std::to_string(us / 1000) + " ms";
  return decimal_of(us / 100) + " ms";
}

Duration heal_bound(const DisasterSide& side) { return side.open_time + heals_after_opening; }

const Histogram& refusals(const DisasterSide& side) {
  const Histogram& counted = side.score.during().refusals;
  return counted.empty() ? side.crowd_refusals : counted;
}

std::string percent(std::uint64_t permille) { return decimal_of(static_cast<std::int64_t>(permille)); }

std::vector<std::string> cells(const std::string& name, const std::string& who, const DisasterSide& side) {
  const DisasterPhase& during = side.score.during();
  const auto healed = side.score.healed();
  return {name,
          who,
          percent(side.score.before().served_permille()),
          percent(during.served_permille()),
          percent(during.calls == 0 ? 0 : during.helped * 1000 / during.calls),
          percent(side.score.after().served_permille()),
          during.answered.empty() ? "-" : brief(during.answered.quantile(990'000)),
          refusals(side).empty() ? "-" : brief(refusals(side).quantile(990'000)),
          side.timeout ? brief(side.timeout->timeout) + " / " + brief(side.timeout->p95 + side.timeout->margin) : "-",
          healed ? brief(*healed) : "never",
          side.open_time == Duration::zero() ? "-" : brief(side.open_time)};
}

std::string reasons_of(const DisasterSide& side) {
  std::string all;
  const auto add = [&all](const auto& reasons) {
    for (const auto& [reason, times] : reasons) all += (all.empty() ? "" : ", ") + reason + " " + std::to_string(times);
  };
  add(side.score.during().reasons);
  if (!side.crowd.empty()) {
    all += all.empty() ? "the crowd: " : "; the crowd: ";
    std::string crowd;
    for (const auto& [reason, times] : side.crowd) {
      crowd += (crowd.empty() ? "" : ", ") + reason + " " + std::to_string(times);
    }
    all += crowd;
  }
  return all.empty() ? "none" : all;
}

void print_table(const std::vector<DisasterRow>& rows, std::ostream& out) {
  std::vector<std::vector<std::string>> lines{{"disaster", "node", "before %", "during %", "of it helped %", "after %",
                                               "p99", "refused in", "timeout / p95 + margin", "healed after",
                                               "open time"}};
  for (const DisasterRow& row : rows) {
    lines.push_back(cells(std::string{row.plot->name}, "naive", row.naive));
    lines.push_back(cells("", "kit", row.guarded));
  }
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  }
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += (i == 0 ? "" : "  ") + pad(line[i], widths[i], i < 2 ? Align::left : Align::right);
    }
    out << text << '\n';
  }
  out << "\nwhat was refused or answered by other means while it lasted, by reason\n";
  for (const DisasterRow& row : rows) {
    out << "  " << pad(row.plot->name, widths[0]) << "  " << row.plot->fault << '\n';
    out << "  " << pad("", widths[0]) << "  naive  " << reasons_of(row.naive) << '\n';
    out << "  " << pad("", widths[0]) << "  kit    " << reasons_of(row.guarded) << '\n';
  }
}

nlohmann::json phase_json(const DisasterPhase& phase) {
  nlohmann::json reasons = nlohmann::json::object();
  for (const auto& [reason, times] : phase.reasons) reasons[reason] = times;
  return {{"calls", phase.calls},
          {"good", phase.good},
          {"helped", phase.helped},
          {"refused", phase.refused},
          {"failed", phase.failed},
          {"open", phase.open()},
          {"served_permille", phase.served_permille()},
          {"answered_p50_us", phase.answered.quantile(500'000).count()},
          {"answered_p99_us", phase.answered.quantile(990'000).count()},
          {"refused_p99_us", phase.refusals.quantile(990'000).count()},
          {"refused_max_us", phase.refusals.max().count()},
          {"reasons", reasons}};
}

nlohmann::json side_json(const DisasterSide& side) {
  nlohmann::json json{{"before", phase_json(side.score.before())},
                      {"during", phase_json(side.score.during())},
                      {"after", phase_json(side.score.after())},
                      {"open_time_us", side.open_time.count()},
                      {"healed_us", nullptr},
                      {"timeout", nullptr},
                      {"crowd", nlohmann::json::object()},
                      {"crowd_refused_p99_us", side.crowd_refusals.quantile(990'000).count()}};
  if (const auto healed = side.score.healed()) json["healed_us"] = healed->count();
  if (side.timeout) {
    json["timeout"] = {{"timeout_us", side.timeout->timeout.count()},
                       {"p95_us", side.timeout->p95.count()},
                       {"margin_us", side.timeout->margin.count()}};
  }
  for (const auto& [reason, times] : side.crowd) json["crowd"][reason] = times;
  return json;
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

std::vector<std::string> disaster_problems(const DisasterRow& row) {
  std::vector<std::string> found;
  const DisasterSide& kit = row.guarded;
  const std::string name{row.plot->name};
  const auto demand = [&](bool kept, const std::string& sentence) {
    if (!kept) found.push_back(name + ": " + sentence);
  };
  demand(kit.score.before().served_permille() >= 990, "calls are lost before anything has happened");
  demand(kit.score.during().served_permille() >= row.plot->during_permille,
         "only " + percent(kit.score.during().served_permille()) + " % are answered while it lasts, " +
             percent(row.plot->during_permille) + " % should be");
  demand(kit.score.during().served_permille() >= row.naive.score.during().served_permille() + 50,
         "it is hardly better than the naive node");
  demand(refusals(kit).quantile(990'000) < fast_enough,
         "a refusal took " + brief(refusals(kit).quantile(990'000)) + " (p99)");
  const auto healed = kit.score.healed();
  demand(healed.has_value(), "it never heals");
  if (healed) {
    demand(*healed <= heal_bound(kit), "it heals after " + brief(*healed) + ", not within " + brief(heal_bound(kit)));
  }
  if (kit.timeout) {
    const Duration wanted = kit.timeout->p95 + kit.timeout->margin;
    demand(std::chrono::abs(kit.timeout->timeout - wanted) <= wanted / 10,
           "its timeout is " + brief(kit.timeout->timeout) + ", p95 + margin is " + brief(wanted));
  }
  return found;
}

void print_disasters(const std::vector<DisasterRow>& rows, const DisastersOptions& options, std::ostream& out) {
  std::vector<std::string> problems;
  for (const DisasterRow& row : rows) {
    for (std::string& sentence : disaster_problems(row)) problems.push_back(std::move(sentence));
  }
  if (options.json) {
    nlohmann::json json{{"seed", options.seed}, {"disasters", nlohmann::json::array()}, {"problems", problems}};
    for (const DisasterRow& row : rows) {
      json["disasters"].push_back({{"name", row.plot->name},
                                   {"fault", row.plot->fault},
                                   {"world", row.plot->world},
                                   {"naive", side_json(row.naive)},
                                   {"kit", side_json(row.guarded)}});
    }
    out << json.dump(2) << '\n';
    return;
  }
  print_table(rows, out);
  for (const std::string& sentence : problems) out << "not kept: " << sentence << '\n';
}

int disasters(const DisastersOptions& options) {
  std::vector<std::string> names;
  for (const DisasterPlot& plot : disaster_plots()) names.emplace_back(plot.name);
  if (!options.only.empty() && std::find(names.begin(), names.end(), options.only) == names.end()) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    std::fprintf(stderr, "--only: there is no disaster '%s'. There are: %s\n", options.only.c_str(), all.c_str());
    return exit_usage;
  }
  const std::vector<DisasterRow> rows = play_disasters(options);
  print_disasters(rows, options, std::cout);
  const bool kept =
      std::all_of(rows.begin(), rows.end(), [](const DisasterRow& row) { return disaster_problems(row).empty(); });
  return kept ? exit_fine : exit_unhealthy;
}

}  // namespace hawser::tools
