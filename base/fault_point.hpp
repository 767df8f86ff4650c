// Named points in the code at which a simulation may interfere: what is lawful, and rare in practice, made frequent.
//
// A point never breaks a promise: it puts something off to a later turn, cuts a batch short, changes an order that
// nobody may rely on. In production there is no FaultPoints, and a point costs one comparison with null.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace hawser {

enum class FaultPoint : std::uint8_t {
  flush_delayed,      // a peer's messages leave in a later turn
  flush_reordered,    // the peers of a turn are flushed in the reverse order
  batch_cut_small,    // a batch ends after its first message
  ack_withheld,       // the control lane says nothing in this turn: no acknowledgement, no heartbeat
  credit_withheld,    // an acknowledgement grants nothing new; the credit is said later
  hello_delayed,      // the connection stands, our hello waits
  welcome_delayed,    // a hello is answered in a later turn
  dial_delayed,       // a dial that is due waits
  handler_delayed,    // a message that could start its handler waits
  completion_delayed  // what has ended is told in a later round
};
inline constexpr std::size_t fault_point_count = 10;

inline constexpr std::array<std::string_view, fault_point_count> fault_point_names{
    "flush_delayed", "flush_reordered", "batch_cut_small", "ack_withheld",    "credit_withheld",
    "hello_delayed", "welcome_delayed", "dial_delayed",    "handler_delayed", "completion_delayed"};
constexpr std::string_view to_string(FaultPoint point) noexcept {
  return fault_point_names[static_cast<std::size_t>(point)];
}
constexpr std::optional<FaultPoint> fault_point_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < fault_point_count; ++i) {
    if (fault_point_names[i] == name) return static_cast<FaultPoint>(i);
  }
  return std::nullopt;
}

class FaultPoints {
 public:
  // Whether the point fires now. `subject` narrows it down: the type of a handler, else empty.
  virtual bool fires(FaultPoint point, std::string_view subject) = 0;

 protected:
  ~FaultPoints() = default;
};

}  // namespace hawser
