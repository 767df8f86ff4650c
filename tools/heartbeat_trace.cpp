#include "heartbeat_trace.hpp"

#include <hawser/base/nearest.hpp>
#include <hawser/base/quantity.hpp>
#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <istream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace hawser::tools {
namespace {

constexpr std::array<std::string_view, 3> column_names{"time", "sequence", "round_trip"};
// A thousand years: what is longer is a mistake, and sums of two never overflow.
constexpr std::int64_t us_max = 31'557'600'000'000'000;

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t comma = line.find(',');
    std::string_view field = line.substr(0, comma);
    while (field.starts_with(' ')) field.remove_prefix(1);
    while (field.ends_with(' ') || field.ends_with('\r')) field.remove_suffix(1);
    fields.push_back(field);
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<std::int64_t> duration_us(std::string_view text, std::string& problem) {
  if (const auto bare = number(text)) return *bare;
  const auto value = parse_duration(text, problem);
  return value ? std::optional{value->count()} : std::nullopt;
}

class Reader {
 public:
  void read(std::istream& in) {
    std::string line;
    for (std::size_t at = 1; problem_.empty() && std::getline(in, line); ++at) {
      if (line.empty() || line == "\r" || line.front() == '#') continue;
      std::string wrong;
      take(fields_of(line), wrong);
      if (!wrong.empty()) problem_ = "line " + std::to_string(at) + ": " + wrong;
    }
  }
  HeartbeatTrace trace_;
  std::string problem_;

 private:
  void take(const std::vector<std::string_view>& fields, std::string& wrong) {
    if (columns_.empty() && fields.front().find_first_of("abcdefghijklmnopqrstuvwxyz_") == 0) {
      return header(fields, wrong);
    }
    if (columns_.empty()) {
      columns_ = fields.size() == 1 ? std::vector<std::string_view>{"time"}
                                    : std::vector<std::string_view>{"sequence", "round_trip"};
      trace_.by_sequence = fields.size() != 1;
    }
    if (fields.size() != columns_.size()) {
      wrong = std::to_string(fields.size()) + " fields where there are " + std::to_string(columns_.size()) + " columns";
      return;
    }
    HeartbeatLine line;
    bool lost = false;
    for (std::size_t i = 0; i < fields.size() && wrong.empty(); ++i) set(line, columns_[i], fields[i], lost, wrong);
    if (!wrong.empty() || lost) return;
    if (!trace_.by_sequence && !trace_.lines.empty() && line.arrival < trace_.lines.back().arrival) {
      wrong = "its time is before that of the line before; sort the trace by time";
    } else if (trace_.lines.size() >= heartbeats_max) {
      wrong = "more than " + std::to_string(heartbeats_max) + " replies; cut the trace";
    } else {
      trace_.lines.push_back(line);
    }
  }

  void header(const std::vector<std::string_view>& fields, std::string& wrong) {
    for (const std::string_view field : fields) {
      const auto known = std::find(column_names.begin(), column_names.end(), field);
      if (known == column_names.end()) {
        const std::string_view near = nearest_name(field, column_names);
        wrong = "there is no column '" + printable(field.substr(0, 40)) + "'" +
                (near.empty() ? "; the columns are time, or sequence and round_trip"
                              : "; did you mean '" + std::string{near} + "'?");
        return;
      }
      if (std::find(columns_.begin(), columns_.end(), *known) != columns_.end()) {
        wrong = "the column '" + std::string{*known} + "' is named twice";
        return;
      }
      columns_.push_back(*known);
    }
    const auto has = [&](std::string_view name) {
      return std::find(columns_.begin(), columns_.end(), name) != columns_.end();
    };
    trace_.by_sequence = !has("time");
    if (has("time") ? columns_.size() != 1 : columns_.size() != 2) {
      wrong = "the columns must be time alone, or sequence and round_trip";
    }
  }

  static void set(HeartbeatLine& line, std::string_view column, std::string_view text, bool& lost, std::string& wrong) {
    const std::string place = std::string{column} + ": ";
    if (column == "round_trip" && text.empty()) {
      lost = true;
      return;
    }
    std::string problem;
    const auto value = column == "sequence" ? number(text) : duration_us(text, problem);
    const std::int64_t most = column == "sequence" ? std::int64_t{1'000'000'000'000} : us_max;
    if (!value || *value > most) {
      wrong =
          place + (!problem.empty() ? problem : "'" + printable(text.substr(0, 40)) + "' is no whole number that fits");
      return;
    }
    if (column == "time") line.arrival = instant_from_us(*value);
    if (column == "sequence") line.sequence = static_cast<std::uint64_t>(*value);
    if (column == "round_trip") line.round_trip = Duration{*value};
  }

  std::vector<std::string_view> columns_;
};

}  // namespace

std::vector<Instant> HeartbeatTrace::arrivals(Duration interval) const {
  std::vector<Instant> all;
  all.reserve(lines.size());
  for (const HeartbeatLine& line : lines) {
    if (!by_sequence) {
      all.push_back(line.arrival);
      continue;
    }
    // An interval of hours times a sequence of billions is past the end of time, and stays there.
    const auto most = static_cast<std::uint64_t>(us_max / std::max<std::int64_t>(interval.count(), 1));
    const auto sequence = static_cast<std::int64_t>(std::min(line.sequence, most));
    all.push_back(later(instant_from_us(sequence * interval.count()), line.round_trip));
  }
  std::stable_sort(all.begin(), all.end());
  return all;
}

HeartbeatTrace read_heartbeats(std::istream& in, std::string& problem) {
  Reader reader;
  reader.read(in);
  problem = reader.problem_;
  return std::move(reader.trace_);
}

}  // namespace hawser::tools
