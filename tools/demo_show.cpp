#include "demo_show.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <set>
#include <utility>

namespace hawser::tools {
namespace {

constexpr double phi_worth_showing = 1.0;

std::string with_decimals(const char* format, double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

std::string seconds_text(Duration at) { return with_decimals("%5.1fs", static_cast<double>(at.count()) / 1e6); }

// How one node sees another, in a cell.
std::string cell_of(const PeerSight* peer, const Terminal& terminal) {
  if (peer == nullptr) return terminal.styled("?", Style::dim);
  const std::string breaker = peer->breaker == "closed" ? "" : peer->breaker == "open" ? "/" : "~";
  if (peer->state == "unreachable") return terminal.styled("gone" + breaker, Style::bad);
  if (peer->state == "suspect") return terminal.styled("suspect" + breaker, Style::warn);
  if (peer->state == "connecting") return terminal.styled("dialling" + breaker, Style::dim);
  if (peer->phi >= phi_worth_showing) {
    return terminal.styled("phi " + with_decimals("%.1f", peer->phi) + breaker, Style::warn);
  }
  return terminal.styled("up" + breaker, Style::good);
}

std::string life_of(Life life, const Terminal& terminal) {
  const Style style = life == Life::running ? Style::plain : life == Life::stopped ? Style::dim : Style::bad;
  return terminal.styled(to_string(life), style);
}

// Whether it may act for the cluster, in a cell.
std::string stance_of(const NodeSight* sight, const Terminal& terminal) {
  if (sight == nullptr) return terminal.styled("?", Style::dim);
  if (sight->may_serve) return terminal.styled("epoch " + sight->epoch, Style::good);
  return terminal.styled(sight->stance, sight->stance == "joining" ? Style::dim : Style::bad);
}

std::string number(std::uint64_t count) { return count == 0 ? "-" : std::to_string(count); }

nlohmann::ordered_json json_of(const LedgerSight& ledger) {
  return {{"submitted", ledger.submitted}, {"held", ledger.held},         {"outcomes", ledger.outcomes},
          {"causes", ledger.causes},       {"balanced", ledger.balanced}, {"ended", ledger.ended()}};
}

LedgerSight whole_of(const Stage& stage) {
  LedgerSight whole;
  for (const std::string& node : stage.nodes()) {
    if (const NodeSight* const sight = stage.sight(node)) whole += sight->ledger;
  }
  return whole;
}

}  // namespace

std::string note_line(const Note& note, const Terminal& terminal) {
  constexpr std::size_t margin = 11;
  const std::string_view sign = note.tone == Note::Tone::act ? ">" : note.tone == Note::Tone::seen ? "*" : "!";
  const Style style = note.tone == Note::Tone::act    ? Style::note
                      : note.tone == Note::Tone::seen ? Style::plain
                                                      : Style::bad;
  std::string line = terminal.styled(seconds_text(note.at), Style::dim) + "  " + terminal.styled(sign, style) + " ";
  if (!terminal.is_terminal() || terminal.width() <= margin + 20) return line + terminal.styled(note.text, style);
  bool first = true;
  for (const std::string& part : wrap(note.text, terminal.width() - margin)) {
    line += (first ? "" : "\n" + std::string(margin - 1, ' ')) + terminal.styled(part, style);
    first = false;
  }
  return line;
}

std::vector<std::string> demo_frame(const Stage& stage, const Story& story, Duration now, const Terminal& terminal) {
  std::vector<Table::Column> columns{{"node"}, {"is"}, {"acts in"}};
  for (const std::string& node : stage.nodes()) columns.push_back({"sees " + node});
  Table sees{columns};
  Table ends{{{"node"},
              {"delivered", Align::right},
              {"unreachable", Align::right},
              {"circuit_open", Align::right},
              {"expired", Align::right},
              {"unknown", Align::right},
              {"held", Align::right}}};
  for (const std::string& node : stage.nodes()) {
    const bool current = stage.life(node) == Life::running;
    std::vector<std::string> row{node, life_of(stage.life(node), terminal),
                                 current ? stance_of(stage.sight(node), terminal) : terminal.styled(".", Style::dim)};
    for (const std::string& other : stage.nodes()) {
      row.push_back(node == other ? ""
                    : current     ? cell_of(stage.view(node, other), terminal)
                                  : terminal.styled(".", Style::dim));
    }
    sees.row(std::move(row));
    const LedgerSight ledger = stage.sight(node) == nullptr ? LedgerSight{} : stage.sight(node)->ledger;
    const auto ended = [&](const std::string& outcome) { return number(count_of(ledger.outcomes, outcome)); };
    ends.row({node, ended("delivered"), ended("unreachable"), ended("circuit_open"), ended("expired"), ended("unknown"),
              number(ledger.held)});
  }
  std::vector<std::string> lines;
  lines.emplace_back();
  for (std::string& line : sees.lines(terminal)) lines.push_back(std::move(line));
  lines.emplace_back();
  for (std::string& line : ends.lines(terminal)) lines.push_back(std::move(line));
  const std::string progress = std::to_string(story.results().size()) + "/" + std::to_string(story.steps());
  lines.push_back(terminal.styled(seconds_text(now) + "  step " + progress + "  " + story.waiting_for() +
                                      "   (/ breaker open, ~ half open or ramping; Ctrl-C ends)",
                                  Style::dim));
  return lines;
}

std::vector<std::string> demo_books(const Stage& stage, const Terminal& terminal) {
  const LedgerSight whole = whole_of(stage);
  std::vector<Table::Column> columns{{"node"}, {"submitted", Align::right}};
  for (const auto& [outcome, count] : whole.outcomes) columns.push_back({outcome, Align::right});
  columns.push_back({"held", Align::right});
  columns.push_back({"books"});
  Table table{columns};
  const auto row = [&](const std::string& name, const LedgerSight& ledger) {
    std::vector<std::string> cells{name, std::to_string(ledger.submitted)};
    for (const auto& [outcome, count] : whole.outcomes) cells.push_back(number(count_of(ledger.outcomes, outcome)));
    cells.push_back(number(ledger.held));
    const bool sums = ledger.balanced && ledger.submitted == ledger.ended() + ledger.held;
    cells.push_back(sums ? terminal.styled("balanced", Style::good) : terminal.styled("NOT BALANCED", Style::bad));
    table.row(std::move(cells));
  };
  for (const std::string& node : stage.nodes()) {
    if (const NodeSight* const sight = stage.sight(node)) row(node, sight->ledger);
  }
  row("whole", whole);
  std::vector<std::string> lines = table.lines(terminal);
  for (const auto& [node, ledger] : stage.lost_books()) {
    lines.push_back(terminal.styled("the first life of " + node +
                                        " took its books with it: " + std::to_string(ledger.submitted) +
                                        " submitted and " + std::to_string(ledger.held) + " held when last seen",
                                    Style::dim));
  }
  return lines;
}

std::string demo_json(const Stage& stage, const Story& story,
                      const std::vector<std::pair<std::string, std::string>>& extra) {
  nlohmann::ordered_json out{{"ok", story.succeeded()}};
  for (const auto& [name, value] : extra) out[name] = value;
  out["nodes"] = stage.nodes();
  out["steps"] = nlohmann::ordered_json::array();
  for (const StepResult& step : story.results()) {
    out["steps"].push_back(
        {{"title", step.title}, {"observed", step.observed}, {"at_us", step.at.count()}, {"text", step.text}});
  }
  out["steps_planned"] = story.steps();
  for (const std::string& node : stage.nodes()) {
    if (const NodeSight* const sight = stage.sight(node)) out["ledgers"][node] = json_of(sight->ledger);
  }
  out["whole"] = json_of(whole_of(stage));
  return out.dump();
}

}  // namespace hawser::tools
