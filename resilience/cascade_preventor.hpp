// One number for how close this node is to falling, and what to give up so that it does not take others along.
//
// Each signal becomes 0 .. 1000 between its low and its high mark; the pressure is the largest of them. It rises at
// once and falls by at most 1000 per fall_time, so that recovery is a ramp and not a second stampede. Levels are
// entered at their mark (>=) and left one at a time after the pressure stayed below mark - hysteresis (<) for `hold`
// (>=):
//   normal: all passes · throttle: optional work waits outside, intake falls with pressure · limit: besides,
//   concurrency is cut and low priorities are refused · fail_fast: only the highest priority passes.
// A full queue cuts no concurrency, all other signals do: served more slowly it would stay full for ever.
// Invariants: integers only; a stalled clock never lowers the pressure; equal inputs give equal answers. Pure; not
// thread safe. Admission by overload level after DAGOR (Zhou et al., WeChat, 2018).
#pragma once

#include <hawser/base/reason.hpp>
#include <hawser/base/time.hpp>

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace hawser {

// Where a signal begins to press (0) and where it presses fully (1000). low < high.
struct PressureMarks {
  std::int64_t low = 0;
  std::int64_t high = 1;
};

struct CascadeConfig {
  PressureMarks queue_permille{500, 950};        // how full the queues are
  PressureMarks loop_lag_us{10'000, 200'000};    // how late the loop runs its timers
  PressureMarks memory_permille{800, 970};       // of what the process may use
  PressureMarks downstream_permille{200, 900};   // of what this node depends on, how much is unhealthy
  std::uint32_t throttle_at = 300;               // 1 .. limit_at
  std::uint32_t limit_at = 600;                  // .. fail_fast_at
  std::uint32_t fail_fast_at = 900;              // .. 1000
  std::uint32_t hysteresis = 100;                // below throttle_at
  Duration hold{1'000'000};                      // 0 ..
  Duration fall_time{5'000'000};                 // from 1000 to 0; 0: at once
  std::uint32_t concurrency_min_permille = 250;  // what is left of concurrency under full pressure; 1 .. 1000
  bool observe_only = false;                     // says what it would do, and lets everything pass
};

struct PressureSignals {
  std::int64_t queue_permille = 0;
  std::int64_t loop_lag_us = 0;
  std::int64_t memory_permille = 0;
  std::int64_t downstream_permille = 0;
};

enum class CascadeLevel : std::uint8_t { normal, throttle, limit, fail_fast };
std::string_view to_string(CascadeLevel level) noexcept;
std::ostream& operator<<(std::ostream&, CascadeLevel);

enum class CascadeAnswer : std::uint8_t {
  pass,
  optional_refused,  // optional work, and the level is not normal
  throttled,         // this one is of the share that intake gives up
  priority_refused,  // its priority is below what the level lets in
};
std::string_view to_string(CascadeAnswer answer) noexcept;

class CascadePreventor {
 public:
  // REQUIRES: problems_of(config).empty() (coherence.hpp).
  explicit CascadePreventor(const CascadeConfig& config, Instant now = Instant{});

  // Values below low press not at all, negative ones included. Call it at least a few times per fall_time; when it is
  // called less often, the level steps down more slowly, never faster.
  void update(const PressureSignals& signals, Instant now);

  // May this call come in? Priorities as in LoadShedder, 0 .. 7.
  CascadeAnswer admit(std::uint8_t priority, bool optional);
  // The share of intake that passes, 0 .. 1000. The highest priority is never throttled.
  std::uint32_t intake_permille() const noexcept;
  // What concurrency limits should be multiplied with: by the worst signal but the queue, falling as the pressure does;
  // 1000 below the level `limit`.
  std::uint32_t concurrency_permille() const noexcept;
  // The lowest priority that the level lets in: 0 below `limit`, 4 in it, 7 in fail_fast.
  std::uint8_t priority_min() const noexcept;
  bool optional_allowed() const noexcept;

  std::uint32_t pressure() const noexcept { return pressure_; }
  CascadeLevel level() const noexcept { return level_; }
  // `cause` names the signal that pressed most when the level changed: queue, loop_lag, memory, downstream, recovered.
  const Reason& reason() const noexcept { return reason_; }
  std::uint64_t transitions() const noexcept { return transitions_; }
  std::uint64_t refusals() const noexcept { return refusals_; }  // in observe_only: those that would have been

 private:
  std::uint32_t share() const noexcept;
  std::uint64_t fall(Instant now) noexcept;
  std::uint32_t mark_of(CascadeLevel level) const noexcept;
  void enter(CascadeLevel level, std::string_view cause, Instant now);

  CascadeConfig config_;
  CascadeLevel level_ = CascadeLevel::normal;
  std::uint32_t pressure_ = 0;
  std::uint32_t strain_ = 0;  // the same without the queue
  Instant updated_;
  Instant calm_since_ = never;   // since when the pressure has been low enough to step down
  std::uint32_t credit_ = 1000;  // of the throttle: the first call passes
  Reason reason_;
  std::uint64_t transitions_ = 0;
  std::uint64_t refusals_ = 0;
};

}  // namespace hawser
