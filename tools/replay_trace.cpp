#include "replay_trace.hpp"

#include <hawser/base/nearest.hpp>
#include <hawser/base/quantity.hpp>
#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <istream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace hawser::tools {
namespace {

constexpr std::array<std::string_view, 6> column_names{"time",      "outcome",  "latency",
                                                       "operation", "priority", "deadline"};
constexpr std::array<std::pair<std::string_view, AttemptEnd>, 5> outcomes{{{"success", AttemptEnd::success},
                                                                           {"failure", AttemptEnd::failure},
                                                                           {"timeout", AttemptEnd::timeout},
                                                                           {"overloaded", AttemptEnd::overloaded},
                                                                           {"ignored", AttemptEnd::ignored}}};

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t comma = line.find(',');
    std::string_view field = line.substr(0, comma);
    while (!field.empty() && field.front() == ' ') field.remove_prefix(1);
    while (!field.empty() && (field.back() == ' ' || field.back() == '\r')) field.remove_suffix(1);
    fields.push_back(field);
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A thousand years: what is longer is a mistake, and sums of two never overflow.
constexpr std::uint64_t us_max = 31'557'600'000'000'000;

std::optional<Duration> duration(std::string_view text, std::string& problem) {
  const auto bare = number(text);
  const auto value =
      bare && *bare <= us_max ? Duration{static_cast<std::int64_t>(*bare)} : parse_duration(text, problem);
  if (!bare && !parse_duration(text, problem)) return std::nullopt;
  return value;
}

bool set(ReplayEvent& event, std::string_view column, std::string_view text, std::string& problem) {
  if (column == "outcome") {
    const auto found =
        std::find_if(outcomes.begin(), outcomes.end(), [&](const auto& known) { return known.first == text; });
    if (found == outcomes.end()) {
      problem = "'" + printable(text.substr(0, 40)) + "' is none of success, failure, timeout, overloaded, ignored";
      return false;
    }
    event.outcome = found->second;
    return true;
  }
  if (column == "operation" || column == "priority") {
    const auto value = number(text);
    if (!value || (column == "priority" && *value > 7)) {
      problem = "'" + printable(text.substr(0, 40)) + "' is no whole number" + (column == "priority" ? " 0 .. 7" : "");
      return false;
    }
    (column == "operation") ? event.operation = *value : event.priority = static_cast<std::uint8_t>(*value);
    return true;
  }
  if (column == "deadline" && (text.empty() || text == "forever")) return true;
  const auto value = duration(text, problem);
  if (!value || static_cast<std::uint64_t>(value->count()) > us_max) {
    if (problem.empty()) problem = "'" + printable(text.substr(0, 40)) + "' is too long a time";
    return false;
  }
  if (column == "time") event.time = Instant{*value};
  if (column == "latency") event.latency = *value;
  if (column == "deadline") event.deadline = *value;
  return true;
}

// A header names columns; its first word is no time.
std::optional<std::string> read_header(const std::vector<std::string_view>& fields,
                                       std::vector<std::string_view>& columns) {
  columns.clear();
  for (const std::string_view field : fields) {
    const auto known = std::find(column_names.begin(), column_names.end(), field);
    if (known == column_names.end()) {
      const std::vector<std::string_view> names{column_names.begin(), column_names.end()};
      const std::string_view near = nearest_name(field, names);
      return "there is no column '" + printable(field.substr(0, 40)) + "'" +
             (near.empty() ? "; the columns are time, outcome, latency, operation, priority, deadline"
                           : "; did you mean '" + std::string{near} + "'?");
    }
    if (std::find(columns.begin(), columns.end(), *known) != columns.end()) {
      return "the column '" + std::string{*known} + "' is named twice";
    }
    columns.push_back(*known);
  }
  if (std::find(columns.begin(), columns.end(), "time") == columns.end()) return "no column is called 'time'";
  return std::nullopt;
}

}  // namespace

std::vector<ReplayEvent> read_trace(std::istream& in, std::string& problem) {
  std::vector<ReplayEvent> events;
  std::vector<std::string_view> columns{column_names.begin(), column_names.begin() + 3};
  std::string line;
  bool first = true;
  for (std::size_t at = 1; problem.empty() && std::getline(in, line); ++at) {
    if (line.empty() || line == "\r" || line.front() == '#') continue;
    const std::vector<std::string_view> fields = fields_of(line);
    const std::string place = "line " + std::to_string(at) + ": ";
    const bool header = std::exchange(first, false) && !fields.front().empty() &&
                        (fields.front().front() < '0' || fields.front().front() > '9');
    if (header) {
      if (const auto wrong = read_header(fields, columns)) problem = place + *wrong;
      continue;
    }
    if (fields.size() != columns.size()) {
      problem = place + std::to_string(fields.size()) + " fields where there are " + std::to_string(columns.size()) +
                " columns";
      break;
    }
    ReplayEvent event;
    for (std::size_t i = 0; i < fields.size() && problem.empty(); ++i) {
      std::string wrong;
      if (!set(event, columns[i], fields[i], wrong)) problem = place + std::string{columns[i]} + ": " + wrong;
    }
    if (!problem.empty()) break;
    if (!events.empty() && event.time < events.back().time) {
      problem = place + "its time is before that of the line before; sort the trace by the time at which calls began";
    } else if (events.size() >= replay_events_max) {
      problem = place + "more than " + std::to_string(replay_events_max) + " events; cut the trace";
    } else {
      events.push_back(event);
    }
  }
  return events;
}

}  // namespace hawser::tools
