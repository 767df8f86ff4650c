// Lines of a replay's answer: each a list of named fields, written as CSV with one header, or as one JSON object a
// line.
//
// Values are numbers or plain words, so that neither format needs escapes. A summary is a last JSON line, or comments.
#pragma once

#include <hawser/base/time.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hawser::tools {

class ReplayRow {
 public:
  template <typename N>
  requires std::is_integral_v<N> ReplayRow& add(std::string_view name, N value) {
    fields_.emplace_back(name, std::to_string(value));
    return *this;
  }
  ReplayRow& add(std::string_view name, Duration value) { return add(name, value.count()); }
  // `never` and `forever` are no numbers anybody wants to compute with.
  ReplayRow& add_optional(std::string_view name, bool known, std::int64_t value) {
    fields_.emplace_back(name, known ? std::to_string(value) : std::string{});
    return *this;
  }
  // Three decimals; infinity and what is no number are left out.
  ReplayRow& real(std::string_view name, double value) {
    std::array<char, 64> text{};
    if (std::abs(value) < 0.0005) value = 0;  // never `-0.000`
    if (std::isfinite(value) && std::abs(value) < 1e18) std::snprintf(text.data(), text.size(), "%.3f", value);
    fields_.emplace_back(name, text.data());
    return *this;
  }
  // From outside, a file's name: what would want an escape becomes `_`.
  ReplayRow& text(std::string_view name, std::string value) {
    for (char& c : value) {
      if (static_cast<unsigned char>(c) <= ' ' || c == '"' || c == ',' || c == '\\' || c == '#' || c == 0x7f) c = '_';
    }
    return word(name, value);
  }
  ReplayRow& word(std::string_view name, std::string_view value) {
    fields_.emplace_back(name, "\"" + std::string{value} + "\"");
    return *this;
  }

  const std::vector<std::pair<std::string, std::string>>& fields() const noexcept { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

class ReplayRows {
 public:
  ReplayRows(std::ostream& out, bool json, bool summary_only) : out_(out), json_(json), summary_only_(summary_only) {}

  void write(const ReplayRow& row) {
    if (summary_only_) return;
    if (json_) return object(row);
    if (std::exchange(first_, false)) {
      line(row, [](const auto& field) { return field.first; });
    }
    line(row, [](const auto& field) { return bare(field.second); });
  }
  void summary(const ReplayRow& row) {
    if (json_) {
      out_ << "{\"summary\":";
      object(row, "}\n");
      return;
    }
    for (const auto& [name, value] : row.fields()) out_ << "# " << name << " = " << bare(value) << '\n';
  }
  // A summary of several rows alike: as CSV a table in comments.
  void table(const std::vector<ReplayRow>& rows) {
    for (const ReplayRow& row : rows) {
      if (json_) {
        summary(row);
        continue;
      }
      if (&row == &rows.front()) {
        out_ << "# ";
        line(row, [](const auto& field) { return field.first; });
      }
      out_ << "# ";
      line(row, [](const auto& field) { return bare(field.second); });
    }
  }

 private:
  static std::string bare(const std::string& value) {
    return value.starts_with('"') ? value.substr(1, value.size() - 2) : value;
  }
  template <typename F>
  void line(const ReplayRow& row, F text) {
    bool first = true;
    for (const auto& field : row.fields()) out_ << (std::exchange(first, false) ? "" : ",") << text(field);
    out_ << '\n';
  }
  void object(const ReplayRow& row, const char* end = "\n") {
    out_ << '{';
    bool first = true;
    for (const auto& [name, value] : row.fields()) {
      out_ << (std::exchange(first, false) ? "" : ",") << '"' << name << "\":" << (value.empty() ? "null" : value);
    }
    out_ << '}' << end;
  }

  std::ostream& out_;
  bool json_;
  bool summary_only_;
  bool first_ = true;
};

}  // namespace hawser::tools
