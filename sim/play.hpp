// Plays a scenario in a world with a watch over it, and says how it went.
//
// A report is a function of the scenario (its seed included) and of `until_event`: nothing else in the options changes
// the trace hash. The first violation ends the run.
#pragma once

#include <hawser/interconnect/outcome.hpp>
#include <hawser/sim/scenario.hpp>
#include <hawser/sim/violation.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

class World;
class Watch;

enum class Verdict : std::uint8_t { pass, fail, inconclusive };
std::string_view to_string(Verdict verdict) noexcept;

struct PlayOptions {
  std::size_t trace_rows = 4000;          // kept for the story of a violation
  std::ostream* trace_to = nullptr;       // prints the trace as it comes; must outlive the call
  std::uint64_t until_event = 0;          // stop after so many events of the world; 0: never. Then nothing is concluded
  std::uint64_t events_max = 50'000'000;  // more than this is inconclusive
  std::uint64_t watch_stride = 8;         // events between two looks at a snapshot
  std::size_t story_rows = 40;
  // Called before the first event: for those who look into the run. Must not change it.
  std::function<void(World&, Watch&)> on_start;
};

struct ExpectationResult {
  Verdict verdict = Verdict::pass;
  std::string expected;  // the expectation as a sentence
  std::string seen;      // what was seen instead, or when it was reached
};

struct PlayReport {
  Verdict verdict = Verdict::pass;
  std::string why;  // of a verdict that is not pass, in one sentence
  std::uint64_t seed = 0;
  std::uint64_t trace_hash = 0;
  std::vector<Violation> violations;
  std::vector<ExpectationResult> expectations;  // in the order of the scenario
  std::uint64_t events = 0;                     // of the world
  std::uint64_t looks = 0;                      // at snapshots
  Duration virtual_time{0};
  std::uint64_t submitted = 0;
  std::uint64_t handled = 0;
  std::array<std::uint64_t, outcome_kind_count> outcomes{};
  // What happened at least once, and how often: `fault/partition`, `event/peer_state/silent`,
  // `outcome/expired/in_queue`.
  std::map<std::string, std::uint64_t> sometimes;
};

// REQUIRES: problems_of(scenario) is empty.
PlayReport play(const Scenario& scenario, const PlayOptions& options = {});

}  // namespace hawser::sim
