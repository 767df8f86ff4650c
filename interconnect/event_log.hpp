// The last transitions of a node, with their causes: a ring in memory.
//
// One event per change that a person would want to know of at night. Not thread safe: it belongs to the loop.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

// Stable words: they are shown, filtered and documented.
struct Event {
  std::uint64_t number = 0;  // counts up from 1; gaps mean the ring was overrun
  Instant at{};
  std::string_view kind;   // a literal: peer_state, breaker, session, lane, dial, stance, view, node, refused, stall,
                           // arbiter, admin, intake
  NodeId peer;             // empty: the node itself
  std::string_view cause;  // a literal
  std::string text;        // a sentence for people

  friend bool operator==(const Event&, const Event&) = default;
};

inline constexpr std::size_t event_log_capacity = 512;

class EventLog {
 public:
  explicit EventLog(std::size_t capacity = event_log_capacity) : capacity_(capacity) {}

  const Event& add(Instant at, std::string_view kind, const NodeId& peer, std::string_view cause, std::string text);
  // The last ones, those numbered above `after`; oldest first.
  std::vector<Event> last(std::size_t count, std::uint64_t after = 0) const;
  std::uint64_t count() const noexcept { return count_; }

 private:
  std::size_t capacity_;
  std::uint64_t count_ = 0;
  Ring<Event> events_;
};

}  // namespace hawser
