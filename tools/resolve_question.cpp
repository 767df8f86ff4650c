#include "resolve_question.hpp"

#include <hawser/base/nearest.hpp>
#include <hawser/base/quantity.hpp>
#include "text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace hawser::tools {
namespace {

constexpr std::array<std::string_view, 13> keys{"members", "strategy",     "strategies", "quorum", "referee",
                                                "role",    "cut",          "links",      "down",   "heartbeat",
                                                "lease",   "stable_after", "detection"};
constexpr std::array<std::string_view, 3> member_keys{"id", "weight", "role"};

class QuestionReader {
 public:
  QuestionReader(const std::string& file, ResolveQuestion& question, TomlProblems& problems)
      : file_(file), question_(question), problems_(problems) {}

  void entry(const TomlEntry& entry) {
    const std::string& key = entry.key;
    const TomlValue& value = entry.value;
    if (key == "members") return members(value);
    if (key == "strategy" || key == "strategies") return strategies(key, value);
    if (key == "quorum") return whole(key, value, question_.quorum);
    if (key == "referee") return text(key, value, question_.referee);
    if (key == "role") return text(key, value, question_.role);
    if (key == "cut") return named(key, value, " | ", question_.cut);
    if (key == "links") return named(key, value, ",", question_.links);
    if (key == "down") return named(key, value, ",", question_.down);
    if (key == "heartbeat") return duration(key, value, question_.settings.heartbeat);
    if (key == "lease") return duration(key, value, question_.settings.lease);
    if (key == "stable_after") return duration(key, value, question_.settings.stable_after);
    if (key == "detection") return duration(key, value, question_.detection);
    unknown(entry, keys);
  }

 private:
  template <std::size_t n>
  void unknown(const TomlEntry& entry, const std::array<std::string_view, n>& known) {
    std::string all;
    for (const std::string_view name : known) all += (all.empty() ? "" : ", ") + std::string{name};
    const std::string_view near = nearest_name(entry.key, known);
    problems_.say(entry.place,
                  "there is no key '" + toml_shown(entry.key) + "'; " +
                      (near.empty() ? "the keys are " + all : "did you mean '" + std::string{near} + "'?"));
  }
  void wants(const std::string& key, const TomlValue& value, const std::string& what) {
    problems_.say(value.place, key + " is " + std::string{words_for(value.kind)} + "; it must be " + what);
  }
  void text(const std::string& key, const TomlValue& value, std::string& field) {
    if (!value.is(TomlKind::text)) return wants(key, value, "a text");
    field = value.text;
  }
  void whole(const std::string& key, const TomlValue& value, std::uint32_t& field) {
    if (!value.is(TomlKind::whole)) return wants(key, value, "a whole number");
    if (value.whole < 1 || value.whole > 1'000'000) {
      problems_.say(value.place, key + " is " + std::to_string(value.whole) + "; it must lie between 1 and 1000000");
      return;
    }
    field = static_cast<std::uint32_t>(value.whole);
  }
  void duration(const std::string& key, const TomlValue& value, Duration& field) {
    if (!value.is(TomlKind::text)) return wants(key, value, "a text with a unit, like \"200ms\"");
    std::string problem;
    const auto parsed = parse_duration(value.text, problem);
    if (!parsed) return problems_.say(value.place, key + ": " + problem);
    field = *parsed;
  }
  // A text as on the command line, or a list of its parts; of a cut each part may be a list of members.
  void named(const std::string& key, const TomlValue& value, std::string_view separator, NamedText& field) {
    std::string text = value.text;
    if (value.is(TomlKind::list)) {
      for (const TomlValue& part : value.items) {
        if (!text.empty()) text += separator;
        if (part.is(TomlKind::text)) {
          text += part.text;
          continue;
        }
        if (key != "cut" || !part.is(TomlKind::list)) return wants("a part of " + key, part, "a text");
        bool first = true;
        for (const TomlValue& one : part.items) {
          if (!one.is(TomlKind::text)) return wants("a member in " + key, one, "a text");
          text += (first ? "" : ",") + one.text;
          first = false;
        }
      }
    } else if (!value.is(TomlKind::text)) {
      return wants(key, value, "a text or a list");
    }
    field = {text, file_ + ":" + std::to_string(value.place.line) + ": " + key};
  }
  void strategies(const std::string& key, const TomlValue& value) {
    question_.strategies.clear();
    const auto one = [&](const TomlValue& name) {
      if (!name.is(TomlKind::text)) return wants(key, name, "a text");
      std::string problem;
      const auto strategy = read_strategy(name.text, problem);
      if (!strategy) return problems_.say(name.place, problem);
      question_.strategies.push_back(*strategy);
    };
    if (!value.is(TomlKind::list)) return one(value);
    for (const TomlValue& name : value.items) one(name);
  }
  void members(const TomlValue& value) {
    if (!value.is(TomlKind::list)) return wants("members", value, "a list of names or tables");
    question_.members.clear();
    for (const TomlValue& item : value.items) member(item);
    if (value.items.empty()) problems_.say(value.place, "there are no members");
  }
  void member(const TomlValue& item) {
    MemberConfig member;
    std::string name = item.text;
    TomlPlace at = item.place;
    if (item.is(TomlKind::table)) {
      for (const TomlEntry& entry : item.entries) {
        if (entry.key == "id") {
          text("id", entry.value, name);
          at = entry.value.place;
        } else if (entry.key == "weight") {
          whole("weight", entry.value, member.weight);
        } else if (entry.key == "role") {
          text("role", entry.value, member.role);
        } else {
          unknown(entry, member_keys);
        }
      }
      if (item.find("id") == nullptr) return problems_.say(item.place, "a member has no id");
    } else if (!item.is(TomlKind::text)) {
      return wants("a member", item, "a name, or a table with id, weight and role");
    }
    const auto id = NodeId::parse(name);
    if (!id) {
      problems_.say(at, "'" + toml_shown(name) + "' is no name of a node: 1 to 64 of a-z 0-9 . _ -");
      return;
    }
    const bool twice = std::any_of(question_.members.begin(), question_.members.end(),
                                   [&](const MemberConfig& other) { return other.id == *id; });
    if (twice) return problems_.say(at, "member " + name + " is named twice");
    member.id = *id;
    question_.members.push_back(member);
  }

  const std::string& file_;
  ResolveQuestion& question_;
  TomlProblems& problems_;
};

// What only another strategy understands is left out, and said.
ResolveCandidate candidate(const ResolveQuestion& question, Strategy strategy) {
  ResolveCandidate made;
  made.config.strategy = strategy;
  made.config.members = question.members;
  if (strategy == Strategy::static_quorum) made.config.quorum = question.quorum;
  if (strategy == Strategy::referee && NodeId::valid(question.referee)) made.config.referee = question.referee;
  if (strategy != Strategy::none) {
    made.config.role = question.role;
  } else if (!question.role.empty()) {
    made.notes.push_back("the voting role is left out: nobody votes");
  }
  if (strategy != Strategy::keep_majority) {
    bool weighted = false;
    for (MemberConfig& member : made.config.members) {
      weighted = weighted || member.weight != 1;
      member.weight = 1;
    }
    if (weighted) made.notes.push_back("weights are left out: they mean something with keep_majority only");
  }
  return made;
}

}  // namespace

std::optional<Strategy> read_strategy(std::string_view name, std::string& problem) {
  if (const auto strategy = strategy_of(name)) return strategy;
  std::vector<std::string> names;
  std::string all;
  for (std::size_t i = 0; i < strategy_count; ++i) {
    names.emplace_back(to_string(static_cast<Strategy>(i)));
    all += (all.empty() ? "" : ", ") + names.back();
  }
  const std::vector<std::string_view> candidates{names.begin(), names.end()};
  const std::string_view near = nearest_name(name, candidates);
  problem = "there is no strategy '" + printable(name.substr(0, 40)) + "'; " +
            (near.empty() ? "the strategies are " + all : "did you mean '" + std::string{near} + "'?");
  return std::nullopt;
}

void read_question(const TomlValue& root, const std::string& file, ResolveQuestion& question, TomlProblems& problems) {
  if (!root.is(TomlKind::table)) {
    problems.say(root.place, "it must be a table with a list `members`");
    return;
  }
  QuestionReader reader{file, question, problems};
  for (const TomlEntry& entry : root.entries) reader.entry(entry);
}

std::vector<ResolveCandidate> candidates_of(const ResolveQuestion& question, std::vector<std::string>& problems) {
  if (question.members.empty()) {
    problems.push_back("there are no members; name them with --members FILE, or in the input");
    return {};
  }
  if (question.members.size() > resolve_members_max) {
    problems.push_back(std::to_string(question.members.size()) + " members; this command plays at most " +
                       std::to_string(resolve_members_max));
    return {};
  }
  if (!question.referee.empty() && !NodeId::valid(question.referee)) {
    problems.push_back("the referee '" + printable(question.referee.substr(0, 64)) + "' is no name of a node");
    return {};
  }
  std::vector<Strategy> asked = question.strategies;
  if (asked.empty()) {
    asked = {Strategy::keep_majority, Strategy::keep_oldest};
    if (question.quorum != 0) asked.push_back(Strategy::static_quorum);
    if (!question.referee.empty()) asked.push_back(Strategy::referee);
  }
  std::vector<ResolveCandidate> candidates;
  for (const Strategy strategy : asked) {
    if (strategy == Strategy::arbiter) {
      problems.push_back(
          "the arbiter is outside of this list of members: who reaches it serves, the first to do so "
          "where several sides can; this command cannot know who that is");
      continue;
    }
    ResolveCandidate made = candidate(question, strategy);
    for (const std::string& sentence : Coterie::problems(made.config)) {
      problems.push_back(std::string{to_string(strategy)} + ": " + sentence);
    }
    candidates.push_back(std::move(made));
  }
  return candidates;
}

std::optional<Damage> damage_of(const ResolveQuestion& question, std::vector<std::string>& problems) {
  Damage damage{question.members.size()};
  const auto read = [&](const NamedText& named, auto&& reader) {
    std::string problem;
    reader(named.text, question.members, damage, problem);
    if (!problem.empty()) problems.push_back(named.where + ", " + problem);
  };
  read(question.cut, read_cut);
  read(question.links, read_links);
  read(question.down, read_down);
  if (!problems.empty()) return std::nullopt;
  return damage;
}

}  // namespace hawser::tools
