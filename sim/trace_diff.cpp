#include <hawser/sim/trace_diff.hpp>

#include <algorithm>
#include <array>
#include <istream>

namespace hawser::sim {
namespace {

constexpr std::array<std::string_view, 6> column_names{"time", "host", "kind", "other", "number", "text"};

// The text is the last column and may hold tabs itself.
std::vector<std::string_view> columns_of(std::string_view row) {
  std::vector<std::string_view> columns;
  while (columns.size() + 1 < column_names.size()) {
    const std::size_t tab = row.find('\t');
    if (tab == std::string_view::npos) break;
    columns.push_back(row.substr(0, tab));
    row.remove_prefix(tab + 1);
  }
  columns.push_back(row);
  return columns;
}

std::vector<std::string> differing_columns(std::string_view one, std::string_view other) {
  const std::vector<std::string_view> left = columns_of(one);
  const std::vector<std::string_view> right = columns_of(other);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
    const bool both = i < left.size() && i < right.size();
    if (!both || left[i] != right[i]) names.emplace_back(column_names[i]);
  }
  return names;
}

std::vector<std::string> rest_of(std::string row, std::istream& in, std::size_t context) {
  std::vector<std::string> rows{std::move(row)};
  std::string next;
  while (rows.size() <= context && std::getline(in, next)) rows.push_back(next);
  return rows;
}

}  // namespace

std::string TraceDifference::sentence() const {
  if (first.empty()) return "the first trace ends after row " + std::to_string(row - 1) + ", the second goes on";
  if (second.empty()) return "the second trace ends after row " + std::to_string(row - 1) + ", the first goes on";
  std::string text = "row " + std::to_string(row) + " differs in ";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == columns.size() ? " and " : ", ") + columns[i];
  }
  return text;
}

TraceComparison compare_traces(std::istream& first, std::istream& second, std::size_t context) {
  TraceComparison result;
  std::vector<std::string> before;
  std::string one;
  std::string other;
  while (true) {
    const bool more_of_first = static_cast<bool>(std::getline(first, one));
    const bool more_of_second = static_cast<bool>(std::getline(second, other));
    if (!more_of_first && !more_of_second) return result;
    if (more_of_first && more_of_second && one == other) {
      ++result.rows;
      if (context == 0) continue;
      if (before.size() == context) before.erase(before.begin());
      before.push_back(one);
      continue;
    }
    TraceDifference difference;
    difference.row = result.rows + 1;
    difference.before = std::move(before);
    if (more_of_first && more_of_second) difference.columns = differing_columns(one, other);
    if (more_of_first) difference.first = rest_of(one, first, context);
    if (more_of_second) difference.second = rest_of(other, second, context);
    result.difference = std::move(difference);
    return result;
  }
}

}  // namespace hawser::sim
