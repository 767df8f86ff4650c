// How the disasters look: three tables for people, one object for machines.
#pragma once

#include "disaster_promises.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace hawser::tools {

// 0.25 ms, 12 ms, 1.5 s
std::string brief(Duration time);
// 98.7, of 987 permille
std::string percent_text(std::uint64_t permille);

// One line per row, each column as wide as its widest cell; the first `left` columns are aligned to the left.
void print_columns(const std::vector<std::vector<std::string>>& lines, std::size_t left, std::ostream& out);

// What became of the calls, what adapted, what was refused and why, and what each side has; then what was not kept.
void show_disasters(const std::vector<DisasterRow>& rows, std::ostream& out);
std::string disasters_json(const std::vector<DisasterRow>& rows, std::uint64_t seed);

}  // namespace hawser::tools
