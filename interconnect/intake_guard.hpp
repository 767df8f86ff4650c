// What a node turns away at its door so that it does not fall: cascade prevention, and a line for requests.
//
// Pressure comes from how full the inbound queues are, from how late the loop runs, and from what the embedding program
// says of its memory and of what it depends on. Messages that have come and are refused end as overloaded (intake), the
// least important first; replies, control traffic and ungated types always pass. Requests that stand in line feel the
// pressure too: it closes priorities and takes places. Pure: time is an argument. Belongs to the loop, but for
// report().
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/intake_line.hpp>
#include <hawser/resilience/cascade_preventor.hpp>

#include <atomic>
#include <cstdint>
#include <memory>

namespace hawser {

struct IntakeConfig {
  bool guard = false;         // off: nothing is looked at
  bool observe_only = false;  // says in the event log what it would do, and lets everything pass
  Duration lag_max{200'000};  // a loop this late is under full pressure; 20 ms .. 1 min
  bool shed = false;          // requests stand in line (intake_line.hpp)
  std::size_t places = 1000;  // requests in the house at a time, at most; 4 .. 1 000 000
  std::size_t line = 128;     // requests that wait for a place; 0 .. 1 000 000
};

class IntakeGuard {
 public:
  static constexpr Duration interval{50'000};

  IntakeGuard(const IntakeConfig& config, Instant now);

  // The loop ran so late. Counts at the next look.
  void lagged(Duration late) noexcept;
  bool due(Instant now) const noexcept { return now >= next_; }
  // True when the level has changed. `queue_permille`: how full the inbound queues are.
  bool look(std::int64_t queue_permille, Instant now);
  // From the embedding program, 0 .. 1000 each. Any thread.
  void report(std::int64_t memory_permille, std::int64_t downstream_permille) noexcept;

  bool admits(std::uint8_t priority) { return !guards_ || preventor_.admit(priority, false) == CascadeAnswer::pass; }
  // When whoever is turned away by the guard may ask again: by then the level may be another.
  Duration retry_after() const noexcept;
  bool guards() const noexcept { return guards_; }
  // Where the configuration wants requests to stand in one; null otherwise.
  IntakeLine* line() noexcept { return line_.get(); }
  const IntakeLine* line() const noexcept { return line_.get(); }
  const CascadePreventor& preventor() const noexcept { return preventor_; }

 private:
  const bool guards_;
  CascadePreventor preventor_;
  std::shared_ptr<IntakeLine> line_;  // with places that requests hold, which may outlive us
  Instant next_;
  Duration late_{0};
  std::atomic<std::int64_t> memory_{0};
  std::atomic<std::int64_t> downstream_{0};
};

}  // namespace hawser
