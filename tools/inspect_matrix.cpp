// `hawser matrix`: rows are nodes, columns whom they hear. Each row is that node's own word where it was asked itself,
// else the youngest of what others last heard from it.
#include "inspect_fields.hpp"
#include "inspect_show.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>
#include <utility>

namespace hawser::tools {
namespace {

using nlohmann::json;

struct Word {
  const json* hears = nullptr;
  bool own = false;
  bool fresh = false;
  std::int64_t age_us = -1;  // -1: never heard
  std::string by;            // who passed it on
};

bool better(const Word& one, const Word& other) {
  if (one.own != other.own) return one.own;
  if (one.fresh != other.fresh) return one.fresh;
  return one.age_us >= 0 && (other.age_us < 0 || one.age_us < other.age_us);
}

std::string cell_of(const std::string& state, const Terminal& terminal) {
  const std::string word = state == "unreachable" ? "cut" : state == "connecting" ? "..." : state;
  return word.empty() ? "-" : terminal.styled(word, style_of(state));
}

std::string source_of(const Word& word) {
  if (word.own) return "its own word";
  if (word.age_us < 0) return "never heard";
  return (word.fresh ? "said to " : "silent since, said to ") + word.by + " " + about_time(word.age_us) + " ago";
}

}  // namespace

Lines matrix_lines(const std::vector<Answer>& answers, const Terminal& terminal) {
  std::set<std::string> nodes;
  std::map<std::string, Word> best;
  std::set<std::string> cuts;
  for (const Answer& answer : answers) {
    const json& said = answer.said;
    for (const json& node : rows(said, "nodes")) {
      if (node.is_string()) nodes.insert(printable(node.get<std::string>()));
    }
    for (const json& row : rows(said, "rows")) {
      const json& at = field(row, "said_at_us");
      const Word word{&field(row, "hears"), flag_at(row, "own"), flag_at(row, "fresh"),
                      at.is_number_integer() ? ago_us(said, at.get<std::int64_t>()) : -1, text_at(said, "node")};
      const auto [known, fresh] = best.try_emplace(text_at(row, "node"), word);
      if (!fresh && better(word, known->second)) known->second = word;
    }
    for (const json& cut : rows(said, "cuts")) {
      cuts.insert("what " + text_at(cut, "from") + " sends does not reach " + text_at(cut, "to") + " (" +
                  text_at(cut, "cause") + ", by the word of " + text_at(said, "node") + ")");
    }
  }
  std::vector<Table::Column> columns{{"hears"}};
  for (const std::string& node : nodes) columns.push_back({node});
  columns.push_back({"by"});
  Table table{std::move(columns)};
  for (const auto& [node, word] : best) {
    std::vector<std::string> cells{node};
    for (const std::string& other : nodes) {
      cells.push_back(other == node ? "." : cell_of(text_at(*word.hears, other.c_str()), terminal));
    }
    cells.push_back(source_of(word));
    table.row(std::move(cells));
  }
  Lines lines = table.lines(terminal);
  for (const std::string& cut : cuts) lines.push_back(terminal.styled("! " + cut, Style::bad));
  return lines;
}

}  // namespace hawser::tools
