// The settings of a circuit breaker and the names of its states.
//
// Every rule can be switched off alone. problems() refuses what contradicts itself, naming both keys.
#pragma once

#include <hawser/base/time.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

enum class BreakerState : std::uint8_t { closed, open, half_open, ramping, forced_open, disabled };
std::string_view to_string(BreakerState state) noexcept;
std::ostream& operator<<(std::ostream&, BreakerState);

enum class BreakerMode : std::uint8_t {
  enabled,
  forced_open,   // by hand: nothing passes
  disabled,      // by hand: everything passes, nothing is counted
  observe_only,  // decides and says so (state, reason, refusals()), and lets everything pass
};
std::string_view to_string(BreakerMode mode) noexcept;

// success and failure speak about the peer; neutral says nothing about it.
enum class Verdict : std::uint8_t { success, failure, neutral };

struct BreakerConfig {
  std::uint32_t consecutive_failures = 5;  // 0 switches the rule off
  std::uint32_t failure_count = 0;         // failures within the window, whatever their share; 0 switches the rule off
  std::uint32_t failure_percent = 50;      // 1 .. 100; 0 switches the rule off
  std::uint32_t slow_percent = 80;         // 1 .. 100; 0 switches the rule off
  Duration slow_limit{2'000'000};          // above 0; `forever` makes nothing slow
  std::uint32_t calls_min = 20;            // below this many calls, shares say nothing; 1 ..
  Duration window{10'000'000};             // of the shares; above 0
  std::uint32_t window_calls = 0;  // when above 0: the shares are of the last so many calls instead; >= calls_min
  Duration open_for{1'000'000};    // the first open time; above 0
  std::uint32_t open_factor_permille = 2000;  // growth with each opening in a row; >= 1000
  Duration open_max{30'000'000};              // its ceiling; >= open_for
  std::uint32_t open_jitter_permille = 200;   // an open time is shortened at random by up to this share; 0 .. 1000
  Duration stable_after{10'000'000};          // closed for so long, the open time starts small again
  std::uint32_t successes_to_close = 2;       // answered probes; 1 ..
  std::uint32_t probes_max = 2;               // leased at once; >= 1
  Duration probe_lease{5'000'000};            // an unreturned probe frees its place after this; above 0
  Duration call_lease{60'000'000};            // an unreturned call counts as hanging until this; above slow_limit
  std::uint32_t evidence_needed = 2;  // answered heartbeats that half-open a breaker which the detector opened; 1 ..
  Duration ramp_time{4'000'000};      // 0: no ramp
  BreakerMode mode = BreakerMode::enabled;

  // Everything that contradicts itself, one sentence each with both keys named; empty when usable.
  std::vector<std::string> problems() const;
};

}  // namespace hawser
