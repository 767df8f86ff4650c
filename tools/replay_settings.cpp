#include "replay_settings.hpp"

#include <hawser/base/nearest.hpp>
#include <hawser/base/quantity.hpp>
#include "text.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <system_error>

namespace hawser::tools {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

template <typename N>
bool parse_count(std::string_view text, N& field, std::string& problem) {
  N value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) {
    field = value;
    return true;
  }
  problem = "'" + printable(text.substr(0, 40)) + "' is not a whole number that fits; write for example 20";
  return false;
}

}  // namespace

ReplaySettings& ReplaySettings::bind(const std::string& key, Duration& field) {
  setters_[key] = [&field](std::string_view text, std::string& problem) {
    if (text == "forever") {
      field = forever;
      return true;
    }
    const auto value = parse_duration(text == "0" ? "0s" : text, problem);
    if (value) field = *value;
    return value.has_value();
  };
  return *this;
}

ReplaySettings& ReplaySettings::bind(const std::string& key, std::uint32_t& field) {
  setters_[key] = [&field](std::string_view text, std::string& problem) { return parse_count(text, field, problem); };
  return *this;
}

ReplaySettings& ReplaySettings::bind(const std::string& key, std::uint64_t& field) {
  setters_[key] = [&field](std::string_view text, std::string& problem) { return parse_count(text, field, problem); };
  return *this;
}

ReplaySettings& ReplaySettings::bind(const std::string& key, double& field) {
  setters_[key] = [&field](std::string_view text, std::string& problem) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size()) {
      field = value;
      return true;
    }
    problem = "'" + printable(text.substr(0, 40)) + "' is no number; write for example 8.5";
    return false;
  };
  return *this;
}

ReplaySettings& ReplaySettings::bind(const std::string& key, bool& field) {
  return bind(key, field, std::vector<std::pair<std::string, bool>>{{"true", true}, {"false", false}});
}

std::vector<std::string> ReplaySettings::apply(std::string_view text) const {
  std::vector<std::string> problems;
  std::set<std::string> seen;
  std::vector<std::string_view> names;
  for (const auto& [key, setter] : setters_) names.push_back(key);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = trimmed(line.substr(0, std::min(line.find('#'), line.size())));
    if (line.empty()) continue;
    const auto complain = [&](const std::string& what) {
      problems.push_back("line " + std::to_string(number) + ": " + what);
    };
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      complain("'" + printable(line.substr(0, 40)) + "' is no `key = value`");
      continue;
    }
    const std::string key{trimmed(line.substr(0, equals))};
    std::string_view value = trimmed(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    const auto found = setters_.find(key);
    if (found == setters_.end()) {
      const std::string_view near = nearest_name(key, names);
      complain("there is no key '" + printable(key.substr(0, 40)) + "'" +
               (near.empty() ? "; the keys are " + keys() : "; did you mean '" + std::string{near} + "'?"));
      continue;
    }
    if (!seen.insert(key).second) complain("'" + key + "' is given twice");
    std::string problem;
    if (!found->second(value, problem)) complain(key + ": " + problem);
  }
  return problems;
}

std::string ReplaySettings::keys() const {
  std::string all;
  for (const auto& [key, setter] : setters_) all += (all.empty() ? "" : ", ") + key;
  return all;
}

}  // namespace hawser::tools
