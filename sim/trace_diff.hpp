// Where two traces part: the first row that differs, which columns do, and what stood around it.
//
// Reads rows as Trace::print writes them (time, host, kind, other, number, text, separated by tabs), one pair at a
// time, so that traces of any length can be compared. What follows the first difference is consequence and is not
// compared.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

struct TraceDifference {
  std::uint64_t row = 1;            // of the first difference, counted from 1
  std::vector<std::string> before;  // the last rows that are the same, oldest first
  // The row that differs and those behind it; empty when that trace has ended.
  std::vector<std::string> first;
  std::vector<std::string> second;
  std::vector<std::string> columns;  // that differ, by name: "time", "number"; none when one trace has ended

  // "row 1204 differs in time and number", "the first trace ends after row 88".
  std::string sentence() const;
};

struct TraceComparison {
  std::uint64_t rows = 0;  // that are the same, from the beginning on
  std::optional<TraceDifference> difference;
};

// `context`: rows shown before and behind.
TraceComparison compare_traces(std::istream& first, std::istream& second, std::size_t context = 5);

}  // namespace hawser::sim
