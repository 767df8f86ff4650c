// How a send ended. Every message that was submitted ends in exactly one Outcome.
//
// The question a caller has is "may it have been handled?", and every outcome answers it:
//   yes, once  delivered, refused
//   no         expired, queue_full, circuit_open, unreachable, isolated, overloaded, too_large, unhandled, closed
//   maybe      unknown: it left us, and the peer or the time ran out before we heard
#pragma once

#include <hawser/base/assert.hpp>
#include <hawser/base/time.hpp>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace hawser {

// The numbers travel (in verdicts): append, never reorder.
enum class OutcomeKind : std::uint8_t {
  delivered = 0,
  refused = 1,       // the peer's handler failed
  expired = 2,       // its TTL ended before any handler started
  queue_full = 3,    // the channel's room is taken
  circuit_open = 4,  // a breaker refuses; next_at says when to ask again
  unreachable = 5,   // no such peer, or nobody answers there
  isolated = 6,      // this node or the peer may not act for the cluster now
  overloaded = 7,    // shed, here or there
  too_large = 8,     // larger than the largest message
  unhandled = 9,     // the peer has no handler for the type
  closed = 10,       // this node is stopping
  unknown = 11,
};
inline constexpr std::size_t outcome_kind_count = 12;

enum class Handled : std::uint8_t { no, yes, maybe };

// What was behind it. The numbers travel: append, never reorder.
enum class Cause : std::uint8_t {
  none = 0,
  peer_restarted = 1,     // a new incarnation of the peer has taken over
  unknown_peer = 2,       // no peer of that id is configured
  connect_refused = 3,    // its address refuses connections
  silent = 4,             // it was heard before and is no longer
  never_heard = 5,        // nothing was ever heard from it
  refused_by_peer = 6,    // it turned our session away; its reason is in the peer's snapshot
  deadline = 7,           // a request's deadline passed after it had left
  verdict_lost = 8,       // sent, and no verdict came before the TTL and the verdict window ended
  dropped_oldest = 9,     // made way for a newer message of its channel
  superseded = 10,        // replaced by a newer message of its key
  channel_messages = 11,  // the channel's bound in messages
  channel_bytes = 12,     // the channel's bound in bytes
  peer_bytes = 13,        // the peer's reserve
  node_bytes = 14,        // the node's reserve
  channel_breaker = 15,   // the breaker of this type to this peer
  peer_breaker = 16,      // the breaker of the whole peer
  in_queue = 17,          // expired before it left
  on_arrival = 18,        // expired on the way
  in_inbox = 19,          // expired in the peer's inbound queue
  handler_threw = 20,
  malformed = 21,     // the payload could not be read
  no_reply = 22,      // the handler of the type answers nothing, and a request wants an answer
  peer_removed = 23,  // remove_peer
  peer_stopped = 24,  // the peer said that it stops
  self_isolated = 25,
  peer_isolated = 26,
  stopping = 27,
  cancelled = 28,       // the caller gave up
  intake = 29,          // shed on arrival at the peer
  reply_room = 30,      // no room for the reply: at the peer, or at the caller
  channel_groups = 31,  // more groups at once than a channel has shares for
};
inline constexpr std::size_t cause_count = 32;

std::string_view to_string(OutcomeKind kind) noexcept;
std::string_view to_string(Cause cause) noexcept;
std::string_view to_string(Handled handled) noexcept;
Handled handled(OutcomeKind kind) noexcept;

struct Outcome {
  OutcomeKind kind = OutcomeKind::unknown;
  Cause cause = Cause::none;
  // Where asking again makes sense, and when: the breaker's next probe, the next dial.
  std::optional<Instant> next_at;

  Handled handled() const noexcept { return hawser::handled(kind); }
  bool delivered() const noexcept { return kind == OutcomeKind::delivered; }

  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend bool operator==(const Outcome& outcome, OutcomeKind other) noexcept { return outcome.kind == other; }
};

// `unreachable (silent)`
std::ostream& operator<<(std::ostream&, OutcomeKind);
std::ostream& operator<<(std::ostream&, Cause);
std::ostream& operator<<(std::ostream&, const Outcome&);

// A value, or how the attempt to get it ended.
template <typename T>
class Result {
 public:
  Result() : state_(std::in_place_index<1>, Outcome{}) {}                // unknown; awaitable operators want one
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT
  Result(Outcome outcome) : state_(std::in_place_index<1>, outcome) {}   // NOLINT

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // REQUIRES: ok().
  T& value() {
    HAWSER_ASSERT(ok(), "a Result without a value was read");
    return std::get<0>(state_);
  }
  const T& value() const {
    HAWSER_ASSERT(ok(), "a Result without a value was read");
    return std::get<0>(state_);
  }
  T& operator*() { return value(); }
  T* operator->() { return &value(); }

  // `delivered` when there is a value.
  Outcome outcome() const noexcept {
    return ok() ? Outcome{OutcomeKind::delivered, Cause::none, std::nullopt} : std::get<1>(state_);
  }

 private:
  std::variant<T, Outcome> state_;
};

}  // namespace hawser
