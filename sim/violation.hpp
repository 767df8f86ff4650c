// What a broken invariant looks like: which one, when, between whom, what was seen, and the story before it.
//
// A Finding is what a checker knows: pure checkers add findings and read no world. A Violation is a finding with its
// place in a run, which is enough to replay it: the seed.
#pragma once

#include <hawser/sim/virtual_clock.hpp>

#include <cstdint>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser::sim {

// The invariants that have a checker. Their words are what a violation is called.
enum class Invariant : std::uint8_t {
  conservation,  // one outcome per message; the books balance and are true
  at_most_once,
  ttl,
  order,
  memory,
  bulkheads,
  completeness,
  accuracy,
  self_suspicion,
  breaker,
  backoff,
  isolation,
  recovery,
  fencing,
  metastability,
  hygiene,
  gray,
};
std::string_view to_string(Invariant invariant) noexcept;

struct Finding {
  Invariant invariant = Invariant::conservation;
  std::vector<std::string> nodes;
  std::string text;

  friend bool operator==(const Finding&, const Finding&) = default;
};

class Findings {
 public:
  void add(Invariant invariant, std::vector<std::string> nodes, std::string text) {
    found_.push_back({invariant, std::move(nodes), std::move(text)});
  }
  bool empty() const noexcept { return found_.empty(); }
  const std::vector<Finding>& all() const noexcept { return found_; }
  std::vector<Finding> take() noexcept { return std::exchange(found_, {}); }

 private:
  std::vector<Finding> found_;
};

struct Violation {
  Finding finding;
  WorldTime at = world_begin;
  std::uint64_t event = 0;  // World::events_run
  std::uint64_t seed = 0;
  std::vector<std::string> story;  // the last rows of the trace about these nodes, oldest first
};
std::ostream& operator<<(std::ostream& out, const Violation& violation);

// Thrown out of World::run_for and run_until, between two events; its text is the whole violation.
class InvariantViolated : public std::runtime_error {
 public:
  explicit InvariantViolated(Violation violation);
  const Violation& violation() const noexcept { return violation_; }

 private:
  Violation violation_;
};

}  // namespace hawser::sim
