// From a file to Config. What values may be is the business of the key table and of find_problems; this file finds what
// is not in the table (the peers), and puts file, line and column before every complaint.
#include <hawser/base/toml_tree.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/config_checks.hpp>
#include <hawser/interconnect/config_tree.hpp>

#include <optional>
#include <utility>

namespace hawser {
namespace {

class Reader {
 public:
  Config read(std::string_view text, const std::string& file) {
    if (const std::optional<TomlValue> root = parse_toml(text, "configuration", problems_)) {
      for (const TomlEntry& entry : root->entries) {
        if (problems_.full()) break;
        if (entry.key == "peers") {
          peers(entry.value);
        } else {
          settings_.entry(entry);
        }
      }
      coherence();
    }
    if (!problems_.empty()) throw ConfigError{problems_.lines(file)};
    return std::move(config_);
  }

 private:
  void peers(const TomlValue& value) {
    if (value.is(TomlKind::table)) {
      for (const TomlEntry& entry : value.entries) {
        if (problems_.full()) return;
        peer(entry.place, entry.place, entry.key, entry.value);
      }
    } else if (value.is(TomlKind::list)) {
      for (const TomlValue& entry : value.items) {
        if (problems_.full()) return;
        peer_of_list(entry);
      }
    } else {
      problems_.say(value.place, "peers is " + std::string{words_for(value.kind)} +
                                     ", and must be a section [peers] of lines like n2 = \"127.0.0.1:7002\"");
    }
  }

  // `whole` is the place of the entry, `at` that of its name.
  void peer(const TomlPlace& whole, const TomlPlace& at, std::string_view name, const TomlValue& address) {
    const std::optional<NodeId> id = NodeId::parse(name);
    if (!id) {
      problems_.say(at, "peers: '" + toml_shown(name) + "' is no node id: 1 to 64 of a-z 0-9 . _ -");
      return;
    }
    const bool text = address.is(TomlKind::text);
    std::string problem =
        "is " + std::string{words_for(address.kind)} + ", and must be text, for example \"127.0.0.1:7002\"";
    const std::optional<Endpoint> endpoint = text ? Endpoint::parse(address.text, problem) : std::nullopt;
    if (!endpoint) {
      problems_.say(address.place, "peers." + id->text() + (text ? ": " : " ") + toml_shown_whole(problem));
      return;
    }
    places_["peers." + id->text()] = whole;
    config_.peers.push_back({*id, *endpoint});
  }

  void peer_of_list(const TomlValue& entry) {
    if (!entry.is(TomlKind::table)) {
      problems_.say(entry.place,
                    "a peer is " + std::string{words_for(entry.kind)} + ", and must be a table with id and endpoint");
      return;
    }
    for (const TomlEntry& each : entry.entries) {
      if (each.key != "id" && each.key != "endpoint") {
        problems_.say(each.place, "unknown key " + toml_shown(each.key) + " of a peer: it has id and endpoint");
      }
    }
    const TomlValue* const id = entry.find("id");
    const TomlValue* const endpoint = entry.find("endpoint");
    if (id == nullptr || !id->is(TomlKind::text) || endpoint == nullptr) {
      problems_.say(entry.place, "a peer needs both id and endpoint, as text");
      return;
    }
    peer(entry.place, id->place, id->text, *endpoint);
  }

  TomlPlace place(const std::string& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? settings_.place(key) : found->second;
  }

  // What the struct as a whole does not allow. A key that was already complained about has kept its default, so that
  // nothing is said twice.
  void coherence() {
    for (ConfigProblem& problem : find_problems(config_)) {
      if (settings_.refused(problem.key)) continue;
      if (problem.key == "id" && settings_.has("id")) continue;
      problems_.say(place(problem.key), toml_shown_whole(problem.sentence));
    }
  }

  Config config_;
  TomlProblems problems_;
  SettingsReader settings_{config_, problems_, {"peers"}};
  std::map<std::string, TomlPlace> places_;  // of peers
};

}  // namespace

Config Config::load(const std::string& path) {
  std::string problem;
  const std::optional<std::string> text = read_text_file(path, problem);
  if (text) return parse(*text, path);
  if (problem == "cannot be opened") problem += "; `hawser config init` writes a first configuration";
  throw ConfigError{{path + ": " + problem}};
}

Config Config::parse(std::string_view text, const std::string& name_for_errors) {
  return Reader{}.read(text, name_for_errors);
}

}  // namespace hawser
