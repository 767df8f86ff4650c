// Runs a program twice under conditions that differ in all that must not matter, and compares the traces that it
// writes.
//
// The two processes differ in the layout of their address space, in what fresh and freed memory holds, in where the
// allocator puts things (upwards from the heap, or downwards in mappings), in locale and time zone, in the number of
// CPUs they may use, and in real time. A trace that is the same in both was, as far as this can tell, a function of
// scenario and seed alone. The check is one-sided: it can find chance, not prove its absence.
#pragma once

#include <hawser/sim/trace_diff.hpp>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace hawser::tools {

struct RunConditions {
  std::string text;  // in words
  std::vector<std::pair<std::string, std::string>> environment;
  bool one_cpu = false;
};
std::array<RunConditions, 2> two_conditions();

struct DeterminismCheck {
  std::string problem;  // why there is nothing to compare; empty: there is
  sim::TraceComparison comparison;

  bool same() const noexcept { return problem.empty() && !comparison.difference; }
};

// Runs `command` twice with one more word at its end: the file to which it is to write its trace. Programs are looked
// up as execvp does. What they print goes where ours does.
DeterminismCheck check_determinism(const std::vector<std::string>& command, std::size_t context = 5);

}  // namespace hawser::tools
