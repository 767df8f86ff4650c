#include <hawser/interconnect/config_tree.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/nearest.hpp>
#include <hawser/base/quantity.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace hawser {
namespace {

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

bool is_section(std::string_view name) {
  const auto keys = config_keys();
  return std::any_of(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.section() == name; });
}

// `type` is set for keys of one type; `word` is the last part of `name`.
std::string unknown(const std::string& name, const std::string& type, std::string_view word, const std::string& prefix,
                    const std::vector<std::string_view>& beside) {
  std::string sentence = "unknown key " + toml_shown(prefix + name);
  std::vector<std::string_view> names = beside;
  names.emplace_back("types");
  const std::size_t before_word = name.size() - word.size();
  for (const ConfigKey& key : config_keys()) {
    if (key.of_types() != !type.empty()) continue;
    if (type.empty() && key.last_word() == word) return sentence + "; did you mean " + prefix + key.name + "?";
    names.push_back(type.empty() ? std::string_view{key.name} : key.last_word());
    if (type.empty() && !key.section().empty()) names.push_back(key.section());
  }
  const std::string_view near = nearest_name(type.empty() ? std::string_view{name} : word, names);
  if (near.empty()) return sentence + "; `hawser config show` lists every key";
  return sentence + "; did you mean " + prefix + (type.empty() ? "" : name.substr(0, before_word)) + std::string{near} +
         "?";
}

}  // namespace

std::optional<KeyValue> convert_setting(const ConfigKey& key, const TomlValue& value, std::string& problem) {
  switch (key.kind) {
    case KeyKind::text:
    case KeyKind::node_id:
    case KeyKind::endpoint:
    case KeyKind::choice:
      if (value.is(TomlKind::text)) return value.text;
      break;
    case KeyKind::flag:
      if (value.is(TomlKind::flag)) return value.flag;
      break;
    case KeyKind::count:
      if (value.is(TomlKind::whole)) return value.whole;
      break;
    case KeyKind::number:
      if (value.is(TomlKind::whole)) return static_cast<double>(value.whole);
      if (value.is(TomlKind::number)) {
        if (std::isfinite(value.number)) return value.number;
        problem = std::isnan(value.number) ? "is not a number (nan)" : "is infinite";
        return std::nullopt;
      }
      break;
    case KeyKind::duration:
      if (value.is(TomlKind::text)) {
        if (const auto duration = parse_duration(value.text, problem)) return std::int64_t{duration->count()};
        problem = "is no duration: " + toml_shown(problem);
        return std::nullopt;
      }
      if (value.is(TomlKind::whole) || value.is(TomlKind::number)) {
        problem = "has no unit: write for example \"200ms\", \"1.5s\" or \"10min\"";
        return std::nullopt;
      }
      break;
    case KeyKind::size:
      if (value.is(TomlKind::whole)) return value.whole;
      if (value.is(TomlKind::text)) {
        if (const auto size = parse_size(value.text, problem)) return static_cast<std::int64_t>(*size);
        problem = "is no size: " + toml_shown(problem);
        return std::nullopt;
      }
      break;
  }
  problem = "is " + std::string{words_for(value.kind)} + ", and must be " + wanted(key);
  return std::nullopt;
}

void SettingsReader::entry(const TomlEntry& entry, const std::string& prefix) {
  if (entry.key == "types") {
    types(entry, prefix);
  } else if (is_section(entry.key)) {
    section(entry, prefix);
  } else {
    leaf(entry.key, {}, entry, prefix);
  }
}

void SettingsReader::section(const TomlEntry& entry, const std::string& prefix) {
  const std::string& name = entry.key;
  if (!entry.value.is(TomlKind::table)) {
    problems_.say(entry.value.place, prefix + name + " is a section with keys of its own: write [" + prefix + name +
                                         "] on a line before them");
    return;
  }
  for (const TomlEntry& each : entry.value.entries) {
    if (problems_.full()) return;
    leaf(name + "." + each.key, {}, each, prefix);
  }
}

void SettingsReader::types(const TomlEntry& entry, const std::string& prefix) {
  if (!entry.value.is(TomlKind::table)) {
    problems_.say(entry.place,
                  prefix + "types is a section: write [" + prefix + "types.Name] with the name of a message type");
    return;
  }
  for (const TomlEntry& type : entry.value.entries) {
    if (problems_.full()) return;
    places_["types." + type.key] = type.place;
    if (!type.value.is(TomlKind::table)) {
      problems_.say(type.place, prefix + "types." + toml_shown(type.key) + " is " +
                                    std::string{words_for(type.value.kind)} + ", and must be a section [" + prefix +
                                    "types.Name] with the name of a message type");
      continue;
    }
    config_.types[type.key];
    for (const TomlEntry& each : type.value.entries) {
      if (problems_.full()) return;
      leaf("types." + type.key + "." + each.key, type.key, each, prefix);
    }
  }
}

void SettingsReader::leaf(const std::string& name, const std::string& type, const TomlEntry& entry,
                          const std::string& prefix) {
  const std::string in_table = type.empty() ? name : "types.*." + entry.key;
  const ConfigKey* const row = find_config_key(in_table);
  if (row == nullptr || row->of_types() != !type.empty() || hidden_.contains(name)) {
    problems_.say(entry.place, unknown(name, type, entry.key, prefix, beside_));
    return;
  }
  places_[name] = entry.value.place;
  std::string problem;
  const std::optional<KeyValue> value = convert_setting(*row, entry.value, problem);
  if (!value) {
    problems_.say(entry.value.place, prefix + name + " " + problem);
    return;
  }
  std::string sentence = range_problem(*row, prefix + name, *value);
  if (sentence.empty() && !row->set(config_, type, *value, problem)) {
    sentence = prefix + name + ": " + toml_shown_whole(problem);
  }
  if (!sentence.empty()) {
    problems_.say(entry.value.place, std::move(sentence));
    refused_.insert(name);
  } else if (on_setting) {
    on_setting(name, *value);
  }
}

TomlPlace SettingsReader::place(const std::string& name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? TomlPlace{} : found->second;
}

void apply_settings(const ConfigSettings& settings, Config& config) {
  for (const auto& [name, value] : settings) {
    std::string type;
    std::string in_table = name;
    if (name.starts_with("types.")) {
      const std::size_t last = name.rfind('.');
      type = name.substr(6, last - 6);
      in_table = "types.*" + name.substr(last);
    }
    const ConfigKey* const key = find_config_key(in_table);
    std::string problem;
    HAWSER_ASSERT(key != nullptr && key->set(config, type, value, problem), "settings are made from the key table");
  }
}

}  // namespace hawser
