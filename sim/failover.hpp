// How long a place stays empty: from a fault until the losing side has stopped, and until the winning side has been
// told that it may take over.
//
// Whole nodes in a watched world, all serving in one settled view; then one thing breaks, at a time drawn from the
// seed. The loser is the most junior member. Times are true times, of the last node that it took.
#pragma once

#include <hawser/interconnect/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::sim {

enum class FailoverFault : std::uint8_t {
  crash,  // one loses power
  cut,    // one is cut off from all others
  link,   // nothing passes between two of them, which everybody else reaches
};
inline constexpr std::size_t failover_fault_count = 3;
std::string_view to_string(FailoverFault fault) noexcept;

struct FailoverOptions {
  FailoverFault fault = FailoverFault::crash;
  std::size_t nodes = 5;  // 3 ..
  Config config;          // with a strategy
  std::uint64_t seed = 1;
};

struct FailoverRun {
  std::string problem;   // what went wrong, a broken invariant or a patience that ended; empty: nothing
  Duration isolated{0};  // the loser serves no more; zero after a crash
  Duration removed{0};   // every winner serves, and was told that the loser is removed
};

// A function of its options.
FailoverRun fail_over(const FailoverOptions& options);

}  // namespace hawser::sim
