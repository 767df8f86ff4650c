// From TOML to a scenario. What values may be is the business of the key tables and of find_problems; this file finds
// them, converts them, and puts file, line and column before every complaint.
#include <hawser/base/quantity.hpp>
#include <hawser/base/toml_tree.hpp>
#include <hawser/interconnect/config_tree.hpp>
#include <hawser/sim/field_reader.hpp>
#include <hawser/sim/scenario_checks.hpp>
#include <hawser/sim/scenario_file.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace hawser::sim {
namespace {

constexpr std::string_view sections = "config node link stream fault expect";
// What the stage gives every node, whatever drives it.
const std::set<std::string> given{"id", "listen", "insecure"};

class Reader {
 public:
  ParsedScenario read(std::string_view text, const std::string& file) {
    if (const std::optional<TomlValue> root = parse_toml(text, "scenario", problems_)) {
      top(*root);
      if (nodes_read_) coherence();
    }
    return {std::move(scenario_), problems_.lines(file)};
  }

 private:
  void top(const TomlValue& root) {
    for (const TomlEntry& entry : root.entries) {
      if (problems_.full()) return;
      if (entry.key == "config") {
        config(entry.value, "config.", scenario_.config);
      } else if (entry.key == "node") {
        node(entry);
      } else if (entry.key == "link") {
        list(entry, scenario_.links, links_max, &Reader::link);
      } else if (entry.key == "stream") {
        list(entry, scenario_.streams, streams_max, &Reader::stream);
      } else if (entry.key == "fault") {
        list(entry, scenario_.faults, faults_max, &Reader::fault);
      } else if (entry.key == "expect") {
        list(entry, scenario_.expectations, expectations_max, &Reader::expectation);
      } else if (leaf(scenario_fields(), entry, scenario_, "", "a scenario", sections) && entry.key == "nodes") {
        nodes_read_ = true;
      }
    }
    if (root.find("nodes") == nullptr) {
      problems_.say({}, "nodes is missing: nodes = 3, or nodes = [\"n1\", \"n2\", \"n3\"]");
    }
  }

  // False when the entry was complained about.
  template <typename Struct>
  bool leaf(std::span<const Field<Struct>> rows, const TomlEntry& entry, Struct& to, const std::string& prefix,
            std::string_view what, std::string_view beside = {}) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& each) { return each.name == entry.key; });
    if (row == rows.end()) {
      std::vector<std::string_view> names = words_of(beside);
      for (const Field<Struct>& each : rows) names.push_back(each.name);
      problems_.say(entry.place,
                    "unknown key '" + toml_shown(entry.key) + "' of " + std::string{what} + hint(entry.key, names));
      return false;
    }
    places_[prefix + entry.key] = entry.value.place;
    std::string problem;
    std::optional<FieldValue> value = convert_field(*row, entry.value, problem);
    if (!value) {
      problems_.say(entry.value.place, entry.key + " " + problem);
      refused_.insert(prefix + entry.key);
      return false;
    }
    row->set(to, std::move(*value));
    return true;
  }

  template <typename Section>
  void list(const TomlEntry& entry, std::vector<Section>& to, std::size_t most,
            void (Reader::*read_one)(const TomlValue&, Section&, const std::string&)) {
    if (!entry.value.is(TomlKind::list)) {
      problems_.say(entry.place, entry.key + " is " + std::string{words_for(entry.value.kind)} +
                                     ", and must be sections [[" + entry.key + "]]");
      return;
    }
    if (entry.value.items.size() > most) {
      problems_.say(entry.place, "there are " + std::to_string(entry.value.items.size()) + " sections [[" + entry.key +
                                     "]], and at most " + std::to_string(most) + " are allowed");
      return;
    }
    for (const TomlValue& item : entry.value.items) {
      if (problems_.full()) return;
      const std::string name = entry.key + "[" + std::to_string(to.size()) + "]";
      places_[name] = item.place;
      Section& section = to.emplace_back();
      if (item.is(TomlKind::table)) {
        (this->*read_one)(item, section, name + ".");
      } else {
        problems_.say(item.place, entry.key + " is " + std::string{words_for(item.kind)} + ", and must be sections [[" +
                                      entry.key + "]]");
      }
    }
  }

  void link(const TomlValue& table, Link& link, const std::string& prefix) {
    for (const TomlEntry& entry : table.entries) leaf(link_fields(), entry, link, prefix, "a link");
  }

  void stream(const TomlValue& table, Stream& stream, const std::string& prefix) {
    for (const TomlEntry& entry : table.entries) leaf(stream_fields(), entry, stream, prefix, "a stream");
  }

  void fault(const TomlValue& table, Fault& fault, const std::string& prefix) {
    for (const TomlEntry& entry : table.entries) leaf(fault_fields(), entry, fault, prefix, "a fault");
    if (const FaultVerb* const verb = find_fault_verb(fault.verb)) {
      present(table, verb->name, std::string{verb->keys} + " at do", verb->optional, prefix);
    } else if (table.find("do") == nullptr) {
      problems_.say(table.place, "a fault needs the key do, its verb");
      refused_.insert(prefix + "do");
    }
  }

  void expectation(const TomlValue& table, Expectation& expected, const std::string& prefix) {
    for (const TomlEntry& entry : table.entries) {
      leaf(expectation_fields(), entry, expected, prefix, "an expectation");
    }
    for (const ExpectRow& row : expect_rows()) {
      if (row.kind == expected.kind && table.find("kind") != nullptr) {
        present(table, to_string(row.kind), std::string{row.keys} + " kind", row.optional, prefix);
      }
    }
    if (table.find("kind") == nullptr) {
      problems_.say(table.place, "an expectation needs the key kind");
      refused_.insert(prefix + "kind");
    }
    if (table.find("at") != nullptr && (table.find("from") != nullptr || table.find("to") != nullptr)) {
      problems_.say(table.place, "at is a time of its own: it does not go with from and to");
    }
  }

  // An entry has the keys of its kind, and no others.
  void present(const TomlValue& table, std::string_view what, std::string_view keys, std::string_view optional,
               const std::string& prefix) {
    for (const TomlEntry& entry : table.entries) {
      if (has_word(keys, entry.key) || has_word(optional, entry.key) || !places_.contains(prefix + entry.key)) continue;
      std::string all{keys};
      for (const std::string_view word : words_of(optional)) all += " " + std::string{word};
      std::string known;
      for (const std::string_view word : words_of(all)) known += (known.empty() ? "" : ", ") + std::string{word};
      problems_.say(entry.place, std::string{what} + " takes no key '" + entry.key + "'; it knows " + known);
      refused_.insert(prefix + entry.key);
    }
    for (const std::string_view key : words_of(keys)) {
      if (table.find(key) != nullptr) continue;
      problems_.say(table.place, std::string{what} + " needs the key " + std::string{key});
      refused_.insert(prefix + std::string{key});
    }
  }

  void config(const TomlValue& table, const std::string& prefix, ConfigSettings& to) {
    if (!table.is(TomlKind::table)) {
      problems_.say(table.place, prefix.substr(0, prefix.size() - 1) + " is a section with keys of a configuration");
      return;
    }
    Config unused;
    SettingsReader settings{unused, problems_, {}, given};
    settings.on_setting = [&](const std::string& name, const KeyValue& value) { to[name] = value; };
    for (const TomlEntry& entry : table.entries) {
      if (problems_.full()) return;
      settings.entry(entry, prefix);
    }
    for (const auto& [name, place] : settings.places()) places_[prefix + name] = place;
  }

  void node(const TomlEntry& section) {
    if (!section.value.is(TomlKind::table)) {
      problems_.say(section.place, "node is for sections [node.n1.config]");
      return;
    }
    for (const TomlEntry& node : section.value.entries) {
      if (problems_.full()) return;
      places_["node." + node.key] = node.place;
      NodeSettings& settings = scenario_.node[node.key];
      if (!node.value.is(TomlKind::table)) {
        problems_.say(node.place, "node is for sections [node.n1.config]");
        continue;
      }
      for (const TomlEntry& entry : node.value.entries) {
        if (entry.key == "config") {
          config(entry.value, "node." + node.key + ".config.", settings.config);
        } else {
          problems_.say(entry.place,
                        "unknown key '" + toml_shown(entry.key) + "' of a node" + hint(entry.key, {"config"}));
        }
      }
    }
  }

  // Where the value at fault stands, or the section it is missing from.
  TomlPlace place(std::string key) const {
    while (true) {
      const auto found = places_.find(key);
      if (found != places_.end()) return found->second;
      const std::size_t dot = key.rfind('.');
      if (dot == std::string::npos) return {};
      key.resize(dot);
    }
  }

  void coherence() {
    for (ScenarioProblem& problem : find_problems(scenario_)) {
      if (refused_.contains(problem.key)) continue;
      problems_.say(place(problem.key), std::move(problem.sentence));
    }
  }

  Scenario scenario_;
  TomlProblems problems_;
  std::map<std::string, TomlPlace> places_;
  std::set<std::string> refused_;
  bool nodes_read_ = false;
};

}  // namespace

ParsedScenario parse_scenario(std::string_view text, const std::string& name_for_errors) {
  return Reader{}.read(text, name_for_errors);
}

ParsedScenario load_scenario(const std::string& path) {
  std::string problem;
  const std::optional<std::string> text = read_text_file(path, problem);
  if (!text) return {{}, {path + ": " + problem}};
  return parse_scenario(*text, path);
}

}  // namespace hawser::sim
