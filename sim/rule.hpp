// What the network does to everything from one host to another: one directed pair, one rule.
//
// A rule is a value: the whole truth about its pair at one time. Whoever composes several faults computes the rule that
// holds while all of them do, and hands it to Network::set_rule, which carries out what the change means for the
// connections that stand.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/runtime.hpp>
#include <hawser/sim/delay.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace hawser::sim {

inline constexpr std::uint32_t always = 1'000'000;  // a chance in millionths

// Gilbert and Elliott's two states, stepped once per frame. Off while enter is 0.
struct Burst {
  std::uint32_t enter = 0;       // chance per frame to turn bad
  std::uint32_t leave = always;  // chance per frame to turn good again
  std::uint32_t loss = 0;        // of a segment, in the bad state
  Duration extra_delay{0};       // of a frame, in the bad state

  friend bool operator==(const Burst&, const Burst&) = default;
};

struct Rule {
  Delay delay;
  Duration extra_delay{0};  // of every segment, beside it: what a slow partition adds and a heal takes away
  // Black hole: what is sent or under way is lost, nobody is told. A connection direction that has lost something never
  // delivers again, since TCP has no gaps; one that carried nothing meanwhile goes on as if nothing had been.
  bool cut = false;
  // The same for single lanes: bit 1 << LaneClass.
  std::uint8_t lanes_cut = 0;
  // Frames that hold a message, request or reply of one of these types are lost, each with all that follows it on its
  // connection; what was under way before passes.
  std::vector<TypeId> types_cut;
  // Jam: nothing arrives until it is lifted; then everything does, in order, one delay later.
  bool hold = false;
  // The process over there does not read single lanes: connections are set up, their data waits in its machine until
  // the bit is lifted.
  std::uint8_t lanes_held = 0;
  // New connections get no answer; established ones go on.
  bool syn_drop = false;
  // Chance in millionths that a segment (1460 bytes) is lost: TCP sends it again after 200 ms, 400 ms …; what stands
  // behind it on its connection waits. After eight tries the connection is reset.
  std::uint32_t loss = 0;
  Burst burst;
  // Bytes per second of the pair, all connections together; 0 is without limit.
  std::uint64_t bytes_per_second = 0;
  // One direction of a gateway that this pair shares with others, as Network::set_gateway_rate numbers them; 0 is none.
  std::uint32_t gateway = 0;
  // What one connection holds in this direction before its sender is told `full`.
  std::size_t buffer_bytes = std::size_t{1} << 20;
  // Larger frames get stuck, with everything behind them on their connection, until the hole is closed.
  std::size_t frame_bytes_max = std::numeric_limits<std::size_t>::max();
  // Chances in millionths per frame: it comes twice; an older frame of the pair comes before it, perhaps one of an
  // earlier connection; one bit is flipped; its end is missing. TCP does none of this: broken or hostile middle boxes
  // do.
  std::uint32_t duplicate = 0;
  std::uint32_t replay = 0;
  std::uint32_t corrupt = 0;
  std::uint32_t truncate = 0;

  bool cuts(LaneClass lane) const noexcept { return cut || (lanes_cut >> static_cast<unsigned>(lane) & 1U) != 0; }
  bool holds(LaneClass lane) const noexcept { return (lanes_held >> static_cast<unsigned>(lane) & 1U) != 0; }
  bool tampers() const noexcept { return (duplicate | replay | corrupt | truncate) != 0; }
  bool narrow() const noexcept { return gateway != 0 || bytes_per_second != 0; }
  bool loses() const noexcept { return (loss | burst.enter) != 0; }
};

constexpr std::uint8_t lane_bit(LaneClass lane) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(lane));
}

}  // namespace hawser::sim
