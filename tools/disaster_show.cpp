#include "disaster_show.hpp"

#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace hawser::tools {
namespace {

using Cells = std::vector<std::string>;
using Json = nlohmann::json;

std::string tenths(std::int64_t tenths) { return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10); }

std::string brief_or_dash(const std::optional<Duration>& time) { return time ? brief(*time) : "-"; }

std::string p99_of(const Histogram& times) { return times.empty() ? "-" : brief(times.quantile(990'000)); }

Cells call_cells(const std::string& name, const std::string& who, const DisasterSide& side) {
  const DisasterPhase& during = side.score.during();
  const auto healed = side.score.healed();
  return {name,
          who,
          percent_text(side.score.before().served_permille()),
          percent_text(during.served_permille()),
          percent_text(during.calls == 0 ? 0 : during.helped * 1000 / during.calls),
          percent_text(side.score.after().served_permille()),
          p99_of(side.score.before().answered),
          p99_of(during.answered),
          p99_of(side.score.after().answered),
          brief_or_dash(refused_in(side)),
          healed ? brief(*healed) : "never"};
}

Cells adapting_cells(const DisasterRow& row) {
  const DisasterSide& kit = row.guarded;
  const auto healed = kit.score.healed();
  Cells cells{std::string{row.plot->name}};
  for (const auto& timeout : {kit.timeout_before, kit.timeout_after}) {
    cells.push_back(timeout ? brief(timeout->timeout) : "-");
    cells.push_back(timeout ? brief(timeout->p95 + timeout->margin) : "-");
  }
  cells.push_back(kit.open_time == Duration::zero() ? "-" : brief(kit.open_time));
  cells.push_back(healed ? brief(*healed) : "never");
  cells.push_back(brief(heal_bound(kit)));
  return cells;
}

template <class Reasons>
std::string list_of(const Reasons& reasons) {
  std::string text;
  for (const auto& [reason, times] : reasons) text += (text.empty() ? "" : ", ") + reason + " " + std::to_string(times);
  return text;
}

std::string reasons_of(const DisasterSide& side) {
  std::string all = list_of(side.score.during().reasons);
  if (!side.crowd.empty()) all += (all.empty() ? "the crowd: " : "; the crowd: ") + list_of(side.crowd);
  return all.empty() ? "none" : all;
}

Json phase_json(const DisasterPhase& phase) {
  Json reasons = Json::object();
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

Json timeout_json(const std::optional<DisasterTimeout>& timeout) {
  if (!timeout) return nullptr;
  return {{"timeout_us", timeout->timeout.count()},
          {"measured_p95_us", timeout->p95.count()},
          {"margin_us", timeout->margin.count()}};
}

Json side_json(const DisasterSide& side) {
  Json json{{"before", phase_json(side.score.before())},
            {"during", phase_json(side.score.during())},
            {"after", phase_json(side.score.after())},
            {"open_time_us", side.open_time.count()},
            {"healed_us", nullptr},
            {"timeout_before", timeout_json(side.timeout_before)},
            {"timeout_after", timeout_json(side.timeout_after)},
            {"crowd", Json::object()},
            {"crowd_refused_p99_us", side.crowd_refusals.quantile(990'000).count()}};
  if (const auto healed = side.score.healed()) json["healed_us"] = healed->count();
  for (const auto& [reason, times] : side.crowd) json["crowd"][reason] = times;
  return json;
}

}  // namespace

std::string brief(Duration time) {
  const std::int64_t us = time.count();
  if (us >= 1'000'000) return tenths(us / 100'000) + " s";
  if (us >= 10'000) return std::to_string(us / 1000) + " ms";
  return tenths(us / 100) + " ms";
}

std::string percent_text(std::uint64_t permille) { return tenths(static_cast<std::int64_t>(permille)); }

void print_columns(const std::vector<Cells>& lines, std::size_t left, std::ostream& out) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  }
  for (const Cells& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += (i == 0 ? "" : "  ") + pad(line[i], widths[i], i < left ? Align::left : Align::right);
    }
    out << text << '\n';
  }
}

void show_disasters(const std::vector<DisasterRow>& rows, std::ostream& out) {
  std::vector<Cells> calls{{"disaster", "node", "before %", "during %", "of it helped %", "after %", "p99 before",
                            "during", "after", "refused in", "healed after"}};
  std::vector<Cells> adapting{{"kit", "timeout before", "p95 + margin", "timeout after", "p95 + margin", "open time",
                               "healed after", "promised within"}};
  std::size_t width = 0;
  for (const DisasterRow& row : rows) {
    calls.push_back(call_cells(std::string{row.plot->name}, "naive", row.naive));
    calls.push_back(call_cells("", "kit", row.guarded));
    adapting.push_back(adapting_cells(row));
    width = std::max(width, row.plot->name.size());
  }
  print_columns(calls, 2, out);
  out << "\nmeasured: timeouts beside what they follow, and how long breakers stayed open\n";
  print_columns(adapting, 1, out);
  const auto line = [&](std::string_view name, const std::string& text) {
    out << "  " << pad(name, width) << "  " << text << '\n';
  };
  out << "\nwhat was not answered as asked while it lasted, by reason\n";
  for (const DisasterRow& row : rows) {
    line(row.plot->name, std::string{row.plot->fault});
    line("", "naive  " + reasons_of(row.naive));
    line("", "kit    " + reasons_of(row.guarded));
  }
  out << "\nwhat each side has\n";
  for (const DisasterRow& row : rows) {
    line(row.plot->name, "both   " + std::string{row.plot->both});
    line("", "naive  " + std::string{row.plot->naive});
    line("", "kit    " + std::string{row.plot->guarded});
  }
  for (const DisasterRow& row : rows) {
    for (const BrokenPromise& broken : broken_promises(row)) out << "not kept: " << broken.sentence << '\n';
  }
}

std::string disasters_json(const std::vector<DisasterRow>& rows, std::uint64_t seed) {
  Json json{{"seed", seed}, {"disasters", Json::array()}, {"problems", Json::array()}};
  for (const DisasterRow& row : rows) {
    json["disasters"].push_back({{"name", row.plot->name},
                                 {"fault", row.plot->fault},
                                 {"world", row.plot->world},
                                 {"both_have", row.plot->both},
                                 {"naive_has", row.plot->naive},
                                 {"kit_has", row.plot->guarded},
                                 {"naive", side_json(row.naive)},
                                 {"kit", side_json(row.guarded)}});
    for (const BrokenPromise& broken : broken_promises(row)) json["problems"].push_back(broken.sentence);
  }
  return json.dump(2);
}

}  // namespace hawser::tools
