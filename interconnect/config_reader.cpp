// From TOML to Config: the one place that knows the format. What values may be is the business of the key table and of
// find_problems; this file finds them, converts them, and puts file, line and column before every complaint.
#include <hawser/base/nearest.hpp>
#include <hawser/base/quantity.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/config_checks.hpp>
#include <hawser/interconnect/config_keys.hpp>

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace hawser {
namespace {

constexpr std::size_t file_bytes_max = 1u << 20;
constexpr std::size_t problems_max = 100;
constexpr std::size_t dots_per_line_max = 32;
constexpr std::size_t shown_max = 60;

// What a file says may be anything; what we print of it may not.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, shown_max)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return text.size() > shown_max ? out + "..." : out;
}

std::string_view kind_of(const toml::node& node) noexcept {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    default:
      return "nothing";
  }
}

std::string wanted(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::flag:
      return "true or false";
    case KeyKind::count:
      return "a whole number";
    case KeyKind::number:
      return "a number";
    case KeyKind::duration:
      return "a duration with its unit, for example \"200ms\" or \"1.5s\"";
    case KeyKind::size:
      return "a size, for example \"64KiB\", or a whole number of bytes";
    case KeyKind::endpoint:
      return "text, for example \"127.0.0.1:7001\"";
    case KeyKind::choice:
      return "one of the words " + range_text(key);
    default:
      return "text";
  }
}

// The value in the form in which the table takes it; nothing, with `problem`, when it has none.
std::optional<KeyValue> convert(const ConfigKey& key, const toml::node& node, std::string& problem) {
  switch (key.kind) {
    case KeyKind::text:
    case KeyKind::node_id:
    case KeyKind::endpoint:
    case KeyKind::choice:
      if (const auto text = node.value_exact<std::string>()) return *text;
      break;
    case KeyKind::flag:
      if (const auto flag = node.value_exact<bool>()) return *flag;
      break;
    case KeyKind::count:
      if (const auto whole = node.value_exact<std::int64_t>()) return *whole;
      break;
    case KeyKind::number:
      if (const auto whole = node.value_exact<std::int64_t>()) return static_cast<double>(*whole);
      if (const auto number = node.value_exact<double>()) {
        if (std::isfinite(*number)) return *number;
        problem = std::isnan(*number) ? "is not a number (nan)" : "is infinite";
        return std::nullopt;
      }
      break;
    case KeyKind::duration:
      if (const auto text = node.value_exact<std::string>()) {
        if (const auto duration = parse_duration(*text, problem)) return std::int64_t{duration->count()};
        problem = "is no duration: " + shown(problem);
        return std::nullopt;
      }
      if (node.is_number()) {
        problem = "has no unit: write for example \"200ms\", \"1.5s\" or \"10min\"";
        return std::nullopt;
      }
      break;
    case KeyKind::size:
      if (const auto whole = node.value_exact<std::int64_t>()) return *whole;
      if (const auto text = node.value_exact<std::string>()) {
        if (const auto size = parse_size(*text, problem)) return static_cast<std::int64_t>(*size);
        problem = "is no size: " + shown(problem);
        return std::nullopt;
      }
      break;
  }
  problem = "is " + std::string{kind_of(node)} + ", and must be " + wanted(key);
  return std::nullopt;
}

// Peers keep the order of the file, which the parser's tables do not.
template <typename Entry>
bool by_place(const Entry& a, const Entry& b) noexcept {
  const toml::source_position& x = a.first.begin;
  const toml::source_position& y = b.first.begin;
  return std::pair{x.line, x.column} < std::pair{y.line, y.column};
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  Config read(std::string_view text) {
    if (text.size() > file_bytes_max) fail_at_once("is larger than 1 MiB, which no configuration is");
    look_for_depth(text);
    if (found_.empty()) {
      try {
        const toml::table root = toml::parse(text, file_);
        top(root);
        coherence();
      } catch (const toml::parse_error& error) {
        say(error.source(), shown(error.description()));
      }
    }
    if (!found_.empty()) throw ConfigError{sorted()};
    return std::move(config_);
  }

 private:
  struct Found {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    std::string sentence;
  };

  [[noreturn]] void fail_at_once(const std::string& what) const { throw ConfigError{{file_ + ": " + what}}; }

  void say(const toml::source_region& at, std::string sentence) {
    found_.push_back({at.begin.line, at.begin.column, std::move(sentence)});
  }
  bool full() const noexcept { return found_.size() >= problems_max; }

  // Dotted keys nest without limit, and a parsed tree is destroyed by recursion: a file of a million dots must not get
  // that far. Multi-line strings are refused so that strings and comments can be told apart line by line.
  void look_for_depth(std::string_view text) {
    std::uint32_t line = 1;
    std::uint32_t column = 0;
    std::size_t dots = 0;
    char quote = 0;
    bool comment = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const char c = text[at];
      ++column;
      if (c == '\n') {
        ++line;
        column = 0;
        dots = 0;
        quote = 0;
        comment = false;
      } else if (comment) {
        continue;
      } else if (quote != 0) {
        if (c == '\\' && quote == '"' && at + 1 < text.size() && text[at + 1] != '\n') {
          ++at;
          ++column;
        } else if (c == quote) {
          quote = 0;
        }
      } else if (c == '#') {
        comment = true;
      } else if (c == '"' || c == '\'') {
        if (text.substr(at, 3) == std::string(3, c)) {
          found_.push_back({line, column, "a text over several lines has no place in a configuration"});
          return;
        }
        quote = c;
      } else if (c == '.' && ++dots > dots_per_line_max) {
        found_.push_back({line, column, "keys are nested deeper than any configuration goes"});
        return;
      }
    }
  }

  void top(const toml::table& root) {
    for (const auto& [key, node] : root) {
      if (full()) return;
      const std::string name{key.str()};
      if (name == "peers") {
        peers(node);
      } else if (name == "types") {
        types(key, node);
      } else if (is_section(name)) {
        section(name, node);
      } else {
        leaf(name, {}, key, node);
      }
    }
  }

  static bool is_section(std::string_view name) {
    const auto keys = config_keys();
    return std::any_of(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.section() == name; });
  }

  void section(const std::string& name, const toml::node& node) {
    const toml::table* const table = node.as_table();
    if (table == nullptr) {
      say(node.source(), name + " is a section with keys of its own: write [" + name + "] on a line before them");
      return;
    }
    for (const auto& [key, value] : *table) {
      if (full()) return;
      leaf(name + "." + std::string{key.str()}, {}, key, value);
    }
  }

  void types(const toml::key& key, const toml::node& node) {
    const toml::table* const table = node.as_table();
    if (table == nullptr) {
      say(key.source(), "types is a section: write [types.Name] with the name of a message type");
      return;
    }
    for (const auto& [type, overrides] : *table) {
      if (full()) return;
      const std::string name{type.str()};
      const toml::table* const keys = overrides.as_table();
      places_["types." + name] = type.source();
      if (keys == nullptr) {
        say(type.source(), "types." + shown(name) + " is " + std::string{kind_of(overrides)} +
                               ", and must be a section [types.Name] with the name of a message type");
        continue;
      }
      config_.types[name];
      for (const auto& [word, value] : *keys) {
        if (full()) return;
        leaf("types." + name + "." + std::string{word.str()}, name, word, value);
      }
    }
  }

  // `name` is the key in full; `type` is set for keys of one type.
  void leaf(const std::string& name, const std::string& type, const toml::key& key, const toml::node& node) {
    const std::string in_table = type.empty() ? name : "types.*." + std::string{key.str()};
    const ConfigKey* const row = find_config_key(in_table);
    if (row == nullptr || row->of_types() != !type.empty()) {
      say(key.source(), unknown(name, type, key.str()));
      return;
    }
    places_[name] = node.source();
    std::string problem;
    const std::optional<KeyValue> value = convert(*row, node, problem);
    if (!value) {
      say(node.source(), name + " " + problem);
      return;
    }
    std::string sentence = range_problem(*row, name, *value);
    if (sentence.empty() && !row->set(config_, type, *value, problem)) sentence = name + ": " + shown_whole(problem);
    if (sentence.empty()) return;
    say(node.source(), std::move(sentence));
    reported_.insert(name);
  }

  static std::string shown_whole(std::string_view text) {
    std::string out;
    for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return out;
  }

  std::string unknown(const std::string& name, const std::string& type, std::string_view word) const {
    std::string sentence = "unknown key " + shown(name);
    std::vector<std::string_view> names{"peers", "types"};
    const std::size_t prefix = name.size() - word.size();
    for (const ConfigKey& key : config_keys()) {
      if (key.of_types() != !type.empty()) continue;
      if (type.empty() && key.last_word() == word) return sentence + "; did you mean " + key.name + "?";
      names.push_back(type.empty() ? std::string_view{key.name} : key.last_word());
      if (type.empty() && !key.section().empty()) names.push_back(key.section());
    }
    const std::string_view near = nearest_name(type.empty() ? std::string_view{name} : word, names);
    if (near.empty()) return sentence + "; `hawser config show` lists every key";
    return sentence + "; did you mean " + (type.empty() ? "" : name.substr(0, prefix)) + std::string{near} + "?";
  }

  void peers(const toml::node& node) {
    std::vector<std::pair<toml::source_region, PeerConfig>> read;
    if (const toml::table* const table = node.as_table()) {
      for (const auto& [key, value] : *table) {
        if (full()) return;
        if (auto peer = this->peer(key.source(), key.str(), value)) read.emplace_back(key.source(), std::move(*peer));
      }
      std::sort(read.begin(), read.end(), by_place<decltype(read)::value_type>);
    } else if (const toml::array* const array = node.as_array()) {
      for (const toml::node& entry : *array) {
        if (full()) return;
        if (auto peer = peer_of_list(entry)) read.emplace_back(entry.source(), std::move(*peer));
      }
    } else {
      say(node.source(), "peers is " + std::string{kind_of(node)} +
                             ", and must be a section [peers] of lines like n2 = \"127.0.0.1:7002\"");
    }
    for (auto& [place, peer] : read) {
      places_["peers." + peer.id.text()] = place;
      config_.peers.push_back(std::move(peer));
    }
  }

  std::optional<PeerConfig> peer(const toml::source_region& at, std::string_view name, const toml::node& address) {
    const std::optional<NodeId> id = NodeId::parse(name);
    if (!id) {
      say(at, "peers: '" + shown(name) + "' is no node id: 1 to 64 of a-z 0-9 . _ -");
      return std::nullopt;
    }
    const auto text = address.value_exact<std::string>();
    std::string problem = "is " + std::string{kind_of(address)} + ", and must be text, for example \"127.0.0.1:7002\"";
    const std::optional<Endpoint> endpoint = text ? Endpoint::parse(*text, problem) : std::nullopt;
    if (!endpoint) {
      say(address.source(), "peers." + id->text() + (text ? ": " : " ") + shown_whole(problem));
      return std::nullopt;
    }
    return PeerConfig{*id, *endpoint};
  }

  std::optional<PeerConfig> peer_of_list(const toml::node& entry) {
    const toml::table* const table = entry.as_table();
    if (table == nullptr) {
      say(entry.source(), "a peer is " + std::string{kind_of(entry)} + ", and must be a table with id and endpoint");
      return std::nullopt;
    }
    for (const auto& [key, value] : *table) {
      if (key.str() != "id" && key.str() != "endpoint") {
        say(key.source(), "unknown key " + shown(key.str()) + " of a peer: it has id and endpoint");
      }
    }
    const toml::node* const id = table->get("id");
    const toml::node* const endpoint = table->get("endpoint");
    const auto name = id == nullptr ? std::nullopt : id->value_exact<std::string>();
    if (!name || endpoint == nullptr) {
      say(entry.source(), "a peer needs both id and endpoint, as text");
      return std::nullopt;
    }
    return peer(id->source(), *name, *endpoint);
  }

  // What the struct as a whole does not allow. A key that was already complained about has kept its default, so that
  // nothing is said twice.
  void coherence() {
    for (ConfigProblem& problem : find_problems(config_)) {
      if (full()) return;
      if (reported_.contains(problem.key)) continue;
      if (problem.key == "id" && places_.contains("id")) continue;
      const auto place = places_.find(problem.key);
      say(place == places_.end() ? toml::source_region{} : place->second, shown_whole(problem.sentence));
    }
  }

  std::vector<std::string> sorted() {
    std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
      return std::pair{a.line, a.column} < std::pair{b.line, b.column};
    });
    std::vector<std::string> lines;
    for (const Found& found : found_) {
      const std::string place =
          found.line == 0 ? "" : ":" + std::to_string(found.line) + ":" + std::to_string(found.column);
      lines.push_back(file_ + place + ": " + found.sentence);
    }
    if (full()) lines.push_back(file_ + ": and more; the first hundred are shown");
    return lines;
  }

  std::string file_;
  Config config_;
  std::vector<Found> found_;
  std::map<std::string, toml::source_region> places_;  // of every key that was read, by its full name
  std::set<std::string> reported_;
};

// At most one byte more than is allowed, so that a device or a huge file costs nothing.
std::string read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "rb"), &std::fclose};
  if (!file) throw ConfigError{{path + ": cannot be opened; `hawser config init` writes a first configuration"}};
  std::string text(file_bytes_max + 1, '\0');
  const std::size_t size = std::fread(text.data(), 1, text.size(), file.get());
  if (std::ferror(file.get()) != 0) throw ConfigError{{path + ": cannot be read; is it a file?"}};
  text.resize(size);
  return text;
}

}  // namespace

Config Config::load(const std::string& path) { return parse(read_file(path), path); }

Config Config::parse(std::string_view text, const std::string& name_for_errors) {
  return Reader{name_for_errors}.read(text);
}

}  // namespace hawser
