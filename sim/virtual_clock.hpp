// Time in a simulation: the world's own, and what each host's clock makes of it.
//
// World time is the true time, in whole microseconds since the run began. A host's clock has an offset, a rate and may
// be stepped forward or frozen, but never runs backwards. All of it is integer arithmetic, so that a run is the same
// everywhere.
#pragma once

#include <hawser/base/time.hpp>

#include <chrono>
#include <cstdint>

namespace hawser::sim {

struct WorldClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<WorldClock>;
  static constexpr bool is_steady = true;
};
using WorldTime = WorldClock::time_point;

inline constexpr WorldTime world_begin{};
inline constexpr WorldTime world_never = WorldTime::max();
constexpr std::int64_t to_us(WorldTime at) noexcept { return at.time_since_epoch().count(); }

// `from + delay`, or world_never where that would overflow. A negative delay gives `from`.
constexpr WorldTime later(WorldTime from, Duration delay) noexcept {
  if (delay <= Duration::zero()) return from;
  if (from >= world_never - delay) return world_never;
  return from + delay;
}

class VirtualClock {
 public:
  static constexpr std::int32_t frozen = -1'000'000;  // parts per million: the rate at which nothing moves

  explicit VirtualClock(Instant at_begin = {}) noexcept : local_base_(at_begin) {}

  // What the clock shows at world time `at`. REQUIRES: `at` is not before the last change of rate or step.
  Instant read(WorldTime at) const noexcept;
  // The first world time at which the clock shows at least `local`; world_never on a frozen clock. May lie in the past.
  WorldTime when(Instant local) const noexcept;

  // From `now` on the clock gains `ppm` microseconds per second. -1 000 000 freezes it. REQUIRES: at least that.
  void set_rate(WorldTime now, std::int32_t ppm) noexcept;
  std::int32_t rate() const noexcept { return ppm_; }
  // The clock jumps forward, as after a suspend. REQUIRES: forward >= 0.
  void step(WorldTime now, Duration forward) noexcept;

 private:
  WorldTime world_base_ = world_begin;
  Instant local_base_;
  std::int32_t ppm_ = 0;
};

}  // namespace hawser::sim
