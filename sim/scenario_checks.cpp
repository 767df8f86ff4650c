#include <hawser/sim/scenario_checks.hpp>

#include <hawser/base/nearest.hpp>
#include <hawser/base/quantity.hpp>
#include <hawser/base/toml_tree.hpp>
#include <hawser/interconnect/config_checks.hpp>
#include <hawser/interconnect/outcome.hpp>
#include <hawser/sim/scenario_file.hpp>
#include <hawser/sim/scenario_keys.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace hawser::sim {
namespace {

constexpr std::size_t problems_max = 200;
constexpr std::int64_t flaps_max = 10'000;

constexpr std::string_view peer_states = "connecting up suspect unreachable";
constexpr std::string_view stances = "joining serving isolated";
constexpr std::string_view event_kinds =
    "peer_state breaker gray session lane dial stance view arbiter node refused stall task";

std::string shown(Duration duration) { return format_duration(duration); }

class Checker {
 public:
  explicit Checker(const Scenario& scenario) : scenario_(scenario) {}

  std::vector<ScenarioProblem> all() {
    fields(scenario_fields(), scenario_, "");
    nodes();
    configurations();
    sections("link", scenario_.links, links_max, &Checker::link);
    sections("stream", scenario_.streams, streams_max, &Checker::stream);
    sections("fault", scenario_.faults, faults_max, &Checker::fault);
    sections("expect", scenario_.expectations, expectations_max, &Checker::expectation);
    return std::move(problems_);
  }

 private:
  void say(std::string key, std::string sentence) {
    if (problems_.size() < problems_max) problems_.push_back({std::move(key), std::move(sentence)});
  }

  template <typename Struct>
  void fields(std::span<const Field<Struct>> rows, const Struct& section, const std::string& prefix) {
    for (const Field<Struct>& row : rows) check_field(row, row.get(section), prefix);
  }

  void check_field(const FieldInfo& row, const FieldValue& value, const std::string& prefix) {
    const std::string problem = range_problem(row, value);
    if (!problem.empty()) say(prefix + std::string{row.name}, std::string{row.name} + " " + problem);
  }

  // Fields of an entry that has only some of the keys: those it must not have hold their defaults.
  template <typename Struct>
  void fields_of(std::span<const Field<Struct>> rows, const Struct& section, std::string_view what,
                 std::string_view keys, std::string_view optional, const std::string& prefix) {
    static const Struct untouched;
    for (const Field<Struct>& row : rows) {
      const FieldValue value = row.get(section);
      if (has_word(keys, row.name)) {
        check_field(row, value, prefix);
      } else if (value == row.get(untouched)) {
        continue;
      } else if (has_word(optional, row.name)) {
        check_field(row, value, prefix);
      } else {
        say(prefix + std::string{row.name}, std::string{what} + " takes no key " + std::string{row.name});
      }
    }
  }

  template <typename Section>
  void sections(const std::string& name, const std::vector<Section>& all, std::size_t most,
                void (Checker::*check)(const Section&, const std::string&)) {
    if (all.size() > most) {
      say(name, "there are " + std::to_string(all.size()) + " sections [[" + name + "]], and at most " +
                    std::to_string(most) + " are allowed");
      return;
    }
    for (std::size_t i = 0; i < all.size(); ++i) (this->*check)(all[i], name + "[" + std::to_string(i) + "].");
  }

  void nodes() {
    for (const std::string& name : scenario_.nodes) {
      if (!NodeId::valid(name)) {
        say("nodes", "nodes: '" + toml_shown(name) + "' is no node id: 1 to 64 of a-z 0-9 . _ -");
      } else if (!known_.insert(name).second) {
        say("nodes", "nodes: " + name + " is named twice");
      }
    }
    known("stable", "stable", scenario_.stable);
    for (const auto& [name, settings] : scenario_.node) known("node." + name, "node", {name});
  }

  void known(const std::string& key, std::string_view what, const Names& names) {
    for (const std::string& name : names) {
      if (known_.contains(name)) continue;
      const std::vector<std::string_view> candidates(known_.begin(), known_.end());
      say(key, std::string{what} + ": there is no node '" + toml_shown(name) + "'" + hint(name, candidates));
    }
  }

  void word(const std::string& key, std::string_view what, const std::string& value, std::string_view words) {
    if (!value.empty() && value.find(' ') == std::string::npos && has_word(words, value)) return;
    const std::vector<std::string_view> candidates = words_of(words);
    std::string list;
    for (const std::string_view candidate : candidates) list += (list.empty() ? "" : ", ") + std::string{candidate};
    const std::string near = hint(value, candidates);
    say(key,
        std::string{what} + " is '" + toml_shown(value) + "'" + (near.empty() ? ", and must be one of " + list : near));
  }

  void type(const std::string& key, const std::string& name) {
    const auto& types = stream_types();
    if (std::find(types.begin(), types.end(), name) != types.end()) return;
    std::string list;
    for (const std::string_view each : types) list += (list.empty() ? "" : " ") + std::string{each};
    word(key, "type", name, list);
  }

  // What a node's own rules say of its configuration; the same problem once, not once per node.
  void configurations() {
    std::set<std::string> said;
    for (const std::string& name : scenario_.nodes) {
      if (!NodeId::valid(name)) continue;
      const auto own = scenario_.node.find(name);
      Config config = config_of(scenario_, name);
      // A strategy is about who the others are; where they are is the world's to say.
      if (config.strategy != Strategy::none) others(name, config);
      for (const ConfigProblem& problem : hawser::find_problems(config)) {
        const bool of_node = own != scenario_.node.end() && own->second.config.contains(problem.key);
        const std::string key = (of_node ? "node." + name + "." : std::string{}) + "config." + problem.key;
        if (said.insert(key + problem.sentence).second) say(key, toml_shown_whole(problem.sentence));
      }
    }
  }

  void others(const std::string& name, Config& config) {
    std::uint16_t port = 7001;
    for (const std::string& other : scenario_.nodes) {
      if (other != name && NodeId::valid(other)) config.peers.push_back({NodeId{other}, {"127.0.0.1", port++}});
    }
  }

  void link(const Link& link, const std::string& prefix) {
    fields(link_fields(), link, prefix);
    known(prefix + "from", "from", link.from);
    known(prefix + "to", "to", link.to);
  }

  void stream(const Stream& stream, const std::string& prefix) {
    fields(stream_fields(), stream, prefix);
    type(prefix + "type", stream.type);
    known(prefix + "from", "from", stream.from);
    known(prefix + "to", "to", stream.to);
    if (stream.stop != Duration{0} && stream.stop < stream.start) {
      say(prefix + "stop", "stop is " + shown(stream.stop) + ", before start (" + shown(stream.start) + ")");
    }
    if (stream.start > scenario_.length) {
      say(prefix + "start", "start is " + shown(stream.start) + ", after the end (" + shown(scenario_.length) + ")");
    }
  }

  void fault(const Fault& fault, const std::string& prefix) {
    const FaultVerb* const verb = find_fault_verb(fault.verb);
    if (verb == nullptr) {
      std::vector<std::string_view> names;
      for (const FaultVerb& each : fault_verbs()) names.push_back(each.name);
      const std::string near = hint(fault.verb, names);
      say(prefix + "do", "there is no verb '" + toml_shown(fault.verb) + "'" +
                             (near.empty() ? "; docs/simulation.md lists them" : near));
      return;
    }
    const std::string keys = std::string{verb->keys} + " at do";
    fields_of(fault_fields(), fault, verb->name, keys, verb->optional, prefix);
    known(prefix + "on", "on", fault.on);
    known(prefix + "from", "from", fault.from);
    known(prefix + "to", "to", fault.to);
    const auto needs = [&](std::string_view key, bool there) {
      if (has_word(verb->keys, key) && !there) say(prefix + std::string{key}, std::string{key} + " names no node");
    };
    needs("on", !fault.on.empty());
    needs("from", !fault.from.empty());
    needs("to", !fault.to.empty());
    if (verb->name == "misroute") known(prefix + "instead", "instead", {fault.instead});
    if (has_word(verb->keys, "groups")) groups(fault, prefix);
    if (verb->name == "flap") flap(fault, prefix);
    if (has_word(verb->keys, "type")) type(prefix + "type", fault.type);
    spans(fault, prefix);
    if (verb->name == "twin") twins(fault, prefix);
    if (verb->of_processes) spared(fault, prefix);
    order(fault, prefix);
  }

  void groups(const Fault& fault, const std::string& prefix) {
    std::set<std::string> seen;
    if (fault.groups.size() < 2) say(prefix + "groups", "groups: a partition has at least two sides");
    for (const Names& group : fault.groups) {
      known(prefix + "groups", "groups", group);
      if (group.empty()) say(prefix + "groups", "groups: a side without nodes");
      for (const std::string& name : group) {
        if (!seen.insert(name).second) {
          say(prefix + "groups", "groups: " + toml_shown(name) + " stands on two sides");
        }
      }
    }
  }

  void flap(const Fault& fault, const std::string& prefix) {
    const Duration most{3'600'000'000};  // longer ones are out of range
    const Duration period = std::min(fault.down, most) + std::min(fault.up, most);
    if (period <= Duration{0} || fault.lasts < period) {
      say(prefix + "for",
          "for is " + shown(fault.lasts) + ", shorter than down and up together (" + shown(period) + ")");
    } else if (fault.lasts / period > flaps_max) {
      say(prefix + "for",
          "that flaps " + std::to_string(fault.lasts / period) + " times, and at most 10000 are allowed");
    }
  }

  void spans(const Fault& fault, const std::string& prefix) {
    const Duration least{1'000};
    if ((fault.verb == "swizzle" || fault.verb == "cold_start") && fault.lasts < least) {
      say(prefix + "for", "for is " + shown(fault.lasts) + ", and " + fault.verb + " takes at least 1ms");
    }
    if (fault.verb == "kill_storm" && fault.lasts < fault.down) {
      say(prefix + "for",
          "for is " + shown(fault.lasts) + ", shorter than down (" + shown(fault.down) + "), which each takes");
    }
    if (fault.verb == "version_skew" && fault.version_min > fault.version_max) {
      say(prefix + "version_min", "version_min is " + std::to_string(fault.version_min) + ", above version_max (" +
                                      std::to_string(fault.version_max) + ")");
    }
  }

  // A host of its own is named after the node.
  void twins(const Fault& fault, const std::string& prefix) {
    constexpr std::size_t longest = 56;
    for (const std::string& name : fault.on) {
      if (name.size() <= longest) continue;
      say(prefix + "on", "on: " + toml_shown(name) + " is longer than the 56 characters that a twin's name allows");
    }
  }

  void spared(const Fault& fault, const std::string& prefix) {
    if (fault.verb == "cold_start" && !scenario_.stable.empty()) {
      say(prefix + "do", "cold_start stops every node, and the stable core must be spared");
    }
    for (const std::string& name : fault.on) {
      if (std::find(scenario_.stable.begin(), scenario_.stable.end(), name) == scenario_.stable.end()) continue;
      say(prefix + "on",
          "on: " + toml_shown(name) + " belongs to the stable core, which " + fault.verb + " must spare");
    }
  }

  void order(const Fault& fault, const std::string& prefix) {
    if (fault.at < last_fault_) {
      say(prefix + "at", "at is " + shown(fault.at) + ", and the entry before it is at " + shown(last_fault_) +
                             ": entries stand in the order of time");
    }
    last_fault_ = std::max(last_fault_, fault.at);
    if (fault.at > scenario_.length) {
      say(prefix + "at", "at is " + shown(fault.at) + ", after the end (" + shown(scenario_.length) + ")");
    } else if (fault.lasts > scenario_.length - fault.at) {
      say(prefix + "for",
          "for is " + shown(fault.lasts) + ", which is beyond the end (" + shown(scenario_.length) + ")");
    }
  }

  void expectation(const Expectation& expected, const std::string& prefix) {
    const auto row = std::find_if(expect_rows().begin(), expect_rows().end(),
                                  [&](const ExpectRow& each) { return each.kind == expected.kind; });
    if (row == expect_rows().end()) return say(prefix + "kind", "kind is no kind of expectation");
    fields_of(expectation_fields(), expected, to_string(expected.kind), std::string{row->keys} + " kind", row->optional,
              prefix);
    known(prefix + "nodes", "nodes", expected.nodes);
    known(prefix + "peers", "peers", expected.peers);
    if (expected.kind == ExpectKind::peer) word(prefix + "state", "state", expected.state, peer_states);
    if (expected.kind == ExpectKind::stance) word(prefix + "stance", "stance", expected.stance, stances);
    if (expected.kind == ExpectKind::outcome) word(prefix + "outcome", "outcome", expected.outcome, outcomes());
    if (expected.kind == ExpectKind::event) word(prefix + "event", "event", expected.event, event_kinds);
    if (!expected.type.empty()) type(prefix + "type", expected.type);
    if (expected.min > expected.max) {
      say(prefix + "min",
          "min is " + std::to_string(expected.min) + ", above max (" + std::to_string(expected.max) + ")");
    }
    const bool point = expected.from == expected.to && expected.from != Duration{0};
    const std::string end = point ? "at" : expected.to > scenario_.length ? "to" : "from";
    if (std::max(expected.from, expected.to) > scenario_.length) {
      say(prefix + end, end + " is after the end (" + shown(scenario_.length) + ")");
    } else if (expected.to != Duration{0} && expected.to < expected.from) {
      say(prefix + "to", "to is " + shown(expected.to) + ", before from (" + shown(expected.from) + ")");
    }
  }

  static const std::string& outcomes() {
    static const std::string words = [] {
      std::string list;
      for (std::size_t i = 0; i < outcome_kind_count; ++i) {
        list += (i == 0 ? "" : " ") + std::string{to_string(static_cast<OutcomeKind>(i))};
      }
      return list;
    }();
    return words;
  }

  const Scenario& scenario_;
  std::set<std::string> known_;
  Duration last_fault_{0};
  std::vector<ScenarioProblem> problems_;
};

}  // namespace

std::string hint(std::string_view wrong, const std::vector<std::string_view>& names) {
  const std::string_view near = nearest_name(wrong, names);
  return near.empty() ? std::string{} : "; did you mean '" + std::string{near} + "'?";
}

std::vector<ScenarioProblem> find_problems(const Scenario& scenario) { return Checker{scenario}.all(); }

std::vector<std::string> problems_of(const Scenario& scenario) {
  std::vector<std::string> sentences;
  for (const ScenarioProblem& problem : find_problems(scenario))
    sentences.push_back(problem.key + ": " + problem.sentence);
  return sentences;
}

}  // namespace hawser::sim
