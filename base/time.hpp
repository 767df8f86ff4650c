// Time as the cores know it: a number that somebody hands in.
//
// Nothing in this library but the runtimes reads a clock. An Instant is microseconds on one node's own steady clock;
// instants of two nodes must never be compared. All arithmetic that could overflow saturates through `later`.
#pragma once

#include <chrono>
#include <cstdint>

namespace hawser {

using Duration = std::chrono::microseconds;

// The clock of one node. It has no now(): time is an argument.
struct NodeClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<NodeClock>;
  static constexpr bool is_steady = true;
};

using Instant = NodeClock::time_point;

// "Not due": later than everything else.
inline constexpr Instant never = Instant::max();
inline constexpr Duration forever = Duration::max();

constexpr Instant instant_from_us(std::int64_t us) noexcept { return Instant{Duration{us}}; }
constexpr std::int64_t to_us(Instant at) noexcept { return at.time_since_epoch().count(); }
constexpr std::int64_t to_us(Duration d) noexcept { return d.count(); }

// `from + delay`, or `never` where that would overflow. A negative delay gives `from`.
constexpr Instant later(Instant from, Duration delay) noexcept {
  if (delay <= Duration::zero()) return from;
  if (from >= never - delay) return never;
  return from + delay;
}

// How long until `at`; zero when it has passed, `forever` when it never comes.
constexpr Duration until(Instant now, Instant at) noexcept {
  if (at == never) return forever;
  return at <= now ? Duration::zero() : at - now;
}

}  // namespace hawser
