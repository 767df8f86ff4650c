// What a node turns away at its door so that it does not fall: cascade prevention on intake.
//
// Pressure comes from how full the inbound queues are, from how late the loop runs, and from what the embedding program
// says of its memory and of what it depends on. Messages that have come and are refused end as overloaded (intake), the
// least important first; replies, control traffic and ungated types always pass. Pure: time is an argument. Belongs to
// the loop, but for report().
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/resilience/cascade_preventor.hpp>

#include <atomic>
#include <cstdint>

namespace hawser {

struct IntakeConfig {
  bool guard = false;         // off: nothing is looked at
  bool observe_only = false;  // says in the event log what it would do, and lets everything pass
  Duration lag_max{200'000};  // a loop this late is under full pressure; 20 ms .. 1 min
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

  bool admits(std::uint8_t priority) { return preventor_.admit(priority, false) == CascadeAnswer::pass; }
  const CascadePreventor& preventor() const noexcept { return preventor_; }

 private:
  CascadePreventor preventor_;
  Instant next_;
  Duration late_{0};
  std::atomic<std::int64_t> memory_{0};
  std::atomic<std::int64_t> downstream_{0};
};

}  // namespace hawser
