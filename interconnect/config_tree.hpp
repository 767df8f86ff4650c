// From a tree to settings: what configuration and scenario files have in common.
#pragma once

#include <hawser/base/toml_tree.hpp>
#include <hawser/interconnect/config_settings.hpp>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser {

// The value in the form in which the table takes it; nothing, with `problem`, when it has none.
std::optional<KeyValue> convert_setting(const ConfigKey& key, const TomlValue& value, std::string& problem);

// Every key of the tree that is in the table of the configuration, sections and [types.Name] included.
class SettingsReader {
 public:
  // REQUIRES: both outlive it. `beside` are words that may stand beside the keys, `hidden` keys that may not be set.
  SettingsReader(Config& config, TomlProblems& problems, std::vector<std::string_view> beside = {},
                 std::set<std::string> hidden = {})
      : config_(config), problems_(problems), beside_(std::move(beside)), hidden_(std::move(hidden)) {}

  // Called for each key that was read, by its full name. Ranges hold, and it is in the configuration already.
  std::function<void(const std::string& name, const KeyValue& value)> on_setting;

  // One entry at the top of a configuration. `prefix` stands before names in complaints: `config.`.
  void entry(const TomlEntry& entry, const std::string& prefix = {});

  // The place of a key that was read (or refused for its value), by its full name; the whole file for others.
  TomlPlace place(const std::string& name) const;
  const std::map<std::string, TomlPlace>& places() const noexcept { return places_; }
  bool has(const std::string& name) const { return places_.contains(name); }
  // A key that kept its default since its value was refused.
  bool refused(const std::string& name) const { return refused_.contains(name); }

 private:
  void section(const TomlEntry& entry, const std::string& prefix);
  void types(const TomlEntry& entry, const std::string& prefix);
  void leaf(const std::string& name, const std::string& type, const TomlEntry& entry, const std::string& prefix);

  Config& config_;
  TomlProblems& problems_;
  std::vector<std::string_view> beside_;
  std::set<std::string> hidden_;
  std::map<std::string, TomlPlace> places_;
  std::set<std::string> refused_;
};

}  // namespace hawser
