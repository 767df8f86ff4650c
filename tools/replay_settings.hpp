// Settings for a replay: lines of `key = value`, a flat subset of TOML, bound to the fields of a configuration struct.
//
// Durations carry their unit ("1.5s", or "forever"), counts are whole numbers, choices are words; quotes are optional,
// # begins a comment. Whatever is wrong is told with its line, and an unknown key with the nearest known one.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser::tools {

class ReplaySettings {
 public:
  // The key, and what it sets; the fields outlive apply().
  ReplaySettings& bind(const std::string& key, Duration& field);
  ReplaySettings& bind(const std::string& key, std::uint32_t& field);
  ReplaySettings& bind(const std::string& key, std::uint64_t& field);
  ReplaySettings& bind(const std::string& key, double& field);
  ReplaySettings& bind(const std::string& key, bool& field);
  template <typename E>
  ReplaySettings& bind(const std::string& key, E& field, const std::vector<std::pair<std::string, E>>& words) {
    std::string known;
    for (const auto& [word, value] : words) known += (known.empty() ? "" : ", ") + word;
    setters_[key] = [&field, words, known](std::string_view text, std::string& problem) {
      for (const auto& [word, value] : words) {
        if (word == text) {
          field = value;
          return true;
        }
      }
      problem = "'" + std::string{text.substr(0, 40)} + "' is none of " + known;
      return false;
    };
    return *this;
  }

  // All that is wrong with the text, one sentence each; empty when every line was taken.
  std::vector<std::string> apply(std::string_view text) const;
  // For --help: every key.
  std::string keys() const;

 private:
  using Setter = std::function<bool(std::string_view text, std::string& problem)>;
  std::map<std::string, Setter> setters_;
};

}  // namespace hawser::tools
