// The house rules that a machine can check. Each takes the files of the tree and returns what it objects to.
//
// Rules are heuristics over text: they err towards an objection, and the way out is to write the line differently, or,
// where a rule says so, a comment on it.
#pragma once

#include "tidy/source_text.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace hawser::tidy {

using Tree = std::vector<SourceFile>;
using Findings = std::vector<Finding>;

// Who may know whom (include_rules.cpp).
Findings include_arrows(const Tree& tree);
Findings third_party_places(const Tree& tree);
Findings one_file_libraries(const Tree& tree);
Findings own_header_first(const Tree& tree);
Findings include_order(const Tree& tree);

// What code may not say where (code_rules.cpp).
Findings clock_reads(const Tree& tree);
Findings unordered_containers(const Tree& tree);
Findings foreign_randomness(const Tree& tree);
Findings sleeps_in_tests(const Tree& tree);
Findings threads_and_output_in_cores(const Tree& tree);

// Temporaries that g++ 12 destroys twice (await_rules.cpp).
Findings temporaries_in_co_await(const Tree& tree);

// How a file looks (shape_rules.cpp).
Findings pragma_once(const Tree& tree);
Findings headers_without_intent(const Tree& tree);
Findings unfinished_marks(const Tree& tree);
Findings messages_without_id(const Tree& tree);
// Functions outside of classes, as clang-format lays them out; tests tell longer stories.
inline constexpr std::size_t function_lines_max = 70;
Findings long_functions(const Tree& tree);

struct FileSizes {
  std::size_t files = 0;
  std::size_t median = 0;
  std::size_t ninetieth = 0;  // nine files in ten have at most so many lines
  Findings too_long;          // above `lines_max`
};
inline constexpr std::size_t lines_max = 600;
inline constexpr std::size_t lines_of_nine_in_ten_max = 400;
FileSizes file_sizes(const Tree& tree);

}  // namespace hawser::tidy
