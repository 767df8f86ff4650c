// A question is a table: rows that set a Hawser load against the plain load of the same size, with the targets.
#pragma once

#include "load.hpp"
#include "pair.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::bench {

// Which figure a question is about. Rates are better high, latencies, calls and CPU low; every ratio is Hawser to
// plain.
enum class Measure : std::uint8_t { rate, latency, call };

// Of the ratio, except for calls with a target in nanoseconds.
struct Target {
  double must = 0;
  double aim = 0;
};

struct Row {
  std::string label;
  Load plain;
  Load hawser;
  std::optional<Target> target;
  std::optional<Target> cpu_target;   // of CPU time per message
  std::optional<Target> call_target;  // of one call, in nanoseconds
};

struct Question {
  std::string_view name;
  std::string_view headline;
  Measure measure = Measure::rate;
  std::vector<Row> rows;
};

// Whether a row's plain side is libzmq, so that it can be measured without a node.
inline bool against_libzmq(const Row& row) noexcept { return row.plain.side == Side::plain; }

std::vector<Question> all_questions();

struct Settings {
  unsigned pairs = 5;
  std::uint32_t measured_ms = 1000;
  std::uint32_t warm_up_ms = 200;
  std::uint32_t backoff_us = 50;
  bool plain_only = false;
  Wrappers hawser_wrappers;
};

// One entry per pair in both vectors; `hawser` is empty when only the plain side was asked for.
struct RowResult {
  Row row;
  std::vector<Figures> plain;
  std::vector<Figures> hawser;
};

// Messages that were accepted and neither counted by the receiver nor answered, over all runs of both sides.
std::uint64_t lost(const RowResult& result) noexcept;

struct Answer {
  Question question;
  std::vector<RowResult> rows;
  double others_cpus = 0;  // how many CPUs others kept busy meanwhile, on average: above 0.1 the figures are doubtful
};

// Runs every load of the question once per pair, forwards and backwards in turn, so that a machine that drifts drifts
// under both sides. Throws what run_pair throws.
Answer ask(const Question& question, const Settings& settings);

}  // namespace hawser::bench
