// What a node looks like from outside, at one instant: an immutable value, the one source of everything that is shown.
//
// Every state carries its Reason. Unreachable peers are rows like all others. Taking a snapshot is allowed on any
// thread.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/base/reason.hpp>
#include <hawser/base/time.hpp>
#include <hawser/base/time_buckets.hpp>
#include <hawser/detector/detector_record.hpp>
#include <hawser/detector/peer_state.hpp>
#include <hawser/interconnect/endpoint.hpp>
#include <hawser/interconnect/event_log.hpp>
#include <hawser/interconnect/hears.hpp>
#include <hawser/interconnect/isolation/stance.hpp>
#include <hawser/interconnect/ledger.hpp>
#include <hawser/interconnect/runtime.hpp>
#include <hawser/resilience/load_shedder.hpp>

#include <array>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

enum class LaneState : std::uint8_t { idle, waiting, dialling, greeting, open };
std::string_view to_string(LaneState state) noexcept;

// idle: nobody needs it. waiting: for the next dial (next_at). dialling: the transport tries. greeting: connected, our
// hello is not answered yet. open: messages flow.
struct LaneSnapshot {
  LaneClass lane = LaneClass::control;
  LaneState state = LaneState::idle;
  Reason reason;
  std::uint64_t dials = 0;
  Duration next_delay_max{0};  // ceiling of the delay before the next dial
  std::size_t unacknowledged_bytes = 0;
};

struct BreakerSnapshot {
  std::string state = "closed";  // closed, open, half_open, ramping, forced_open, disabled
  Reason reason;
  std::uint64_t opened = 0;  // how often
};

// One group of a channel, where messages have named groups. Group 0: those that named none.
struct GroupSnapshot {
  std::uint64_t group = 0;
  std::size_t held_messages = 0;
  std::size_t held_bytes = 0;
  std::uint64_t turned_away = 0;  // messages that found no room
};

struct ChannelSnapshot {
  TypeId type = TypeId::none;
  std::string name;
  bool replies = false;  // the row of replies to this peer
  LaneClass lane = LaneClass::ordinary;
  LedgerRow ledger;
  std::size_t queued_messages = 0;  // not yet sent
  std::size_t sent_messages = 0;    // sent, verdict not yet known
  Duration oldest_age{0};           // of the oldest message held
  std::size_t borrowed_bytes = 0;   // beyond the channel's share
  TimeBuckets queue_waits;          // from admission to the first transmission
  std::vector<GroupSnapshot> groups;
  BreakerSnapshot breaker;
};

// A peer's health in one line.
struct PeerHealth {
  NodeId id;
  PeerState state = PeerState::connecting;
  bool degraded = false;
  Reason reason;
  double phi = 0.0;
  Duration round_trip{0};  // smoothed; zero before the first
  Incarnation incarnation = Incarnation::unknown;
  std::uint32_t flaps = 0;
  BreakerSnapshot breaker;
};
// `up`, `unreachable (silent) for 3.2 s, next dial in 0.4 s`
std::ostream& operator<<(std::ostream&, const PeerHealth&);

struct InboundSnapshot {
  TypeId type = TypeId::none;
  std::string name;
  std::uint64_t received = 0;    // sequence number of the last message taken
  std::uint64_t duplicates = 0;  // dropped because they had been taken before
  std::size_t queued_messages = 0;
  std::size_t held_bytes = 0;      // waiting for their handler, or with it
  std::size_t promised_bytes = 0;  // of credit not used yet: room is kept for it
  std::size_t borrowed_bytes = 0;  // of both, beyond the channel's share
  std::array<std::uint64_t, outcome_kind_count> verdicts{};
  TimeBuckets handler_times;  // of those on the loop one in Inbox::handler_sample, of all others each
};

struct PeerSnapshot {
  PeerHealth health;
  Endpoint endpoint;
  std::vector<LaneSnapshot> lanes;
  std::vector<ChannelSnapshot> channels;
  std::vector<InboundSnapshot> inbound;
  LedgerRow ledger;               // the sum of the channels
  std::size_t outbound_room = 0;  // taken of the peer's bound: what is held, and what is kept for it
  std::size_t inbound_room = 0;
  std::uint64_t heartbeats_sent = 0;
  std::uint64_t heartbeats_answered = 0;
  DetectorRecord detector;  // what it promised, and what came of it
  TimeBuckets round_trips;  // of heartbeats, less what the peer held the answer
  std::uint64_t sessions = 0;
  Duration session_age{0};
  std::optional<Instant> heard_at;  // when its last heartbeat came; nothing: never
  // Whom it says it hears, by id, as of its last word about that, shared and never changed; null: it never said.
  std::shared_ptr<const std::vector<Hears>> hears;
};

// A member of the view, by the life of it that is meant.
struct ViewMemberSnapshot {
  NodeId id;
  Incarnation incarnation = Incarnation::unknown;

  friend bool operator==(const ViewMemberSnapshot&, const ViewMemberSnapshot&) = default;
};

// What is turned away at the door, and why: `[intake]` of the configuration.
struct IntakeSnapshot {
  bool guards = false;            // cascade prevention
  bool sheds = false;             // requests stand in line
  bool observes = false;          // nothing is enforced
  std::string_view level;         // normal, throttle, limit, fail_fast
  Reason reason;                  // of the level
  std::uint32_t pressure = 0;     // 0 .. 1000
  std::uint8_t priority_min = 0;  // the lowest that is let in
  std::uint64_t turned_away = 0;  // by the guard
  Reason line_reason;             // admits, or why requests are turned away, since when
  std::uint32_t places = 0;       // how many there are now
  std::uint32_t taken = 0;
  std::size_t waiting = 0;
  Duration service{0};  // the median time that a request holds its place; zero while nothing is known
  std::uint64_t admitted = 0;
  std::array<std::uint64_t, shed_reasons> rejected{};  // by ShedReason
};

struct NodeSnapshot {
  NodeId id;
  std::string cluster;
  Incarnation incarnation = Incarnation::unknown;
  Endpoint endpoint;
  std::string version;
  Instant taken_at{};
  Instant started_at{};
  Stance stance = Stance::joining;
  Reason stance_reason;
  Epoch epoch;                           // of the view it serves in, or served in last; zero before the first
  std::vector<ViewMemberSnapshot> view;  // by seniority; empty without a strategy
  bool view_settled = false;             // every other member of it has left all older ones
  Instant serving_until{};               // zero: it does not serve; `never` where nothing can end it
  // What may_serve() would have answered, and for how long that holds without another word of its quorum.
  bool may_serve() const noexcept { return taken_at < serving_until; }
  Duration lease_remaining() const noexcept { return may_serve() ? until(taken_at, serving_until) : Duration::zero(); }
  std::string strategy;
  std::vector<PeerSnapshot> peers;  // by id
  LedgerRow ledger;                 // the sum of the peers, and of sends to unknown ids
  std::size_t held_bytes = 0;
  // Room taken of the node's bound: what is held, and what is kept for it, each way.
  std::size_t outbound_room = 0;
  std::size_t inbound_room = 0;
  TransportStats transport;
  std::uint64_t frames_rejected = 0;  // malformed, stale, not addressed to us
  std::uint64_t sessions_refused = 0;
  Duration loop_lag{0};
  TimeBuckets loop_lags;  // of every timer that was due
  Reason local_health;    // healthy, late, stalled, peers_silent: how this node itself is
  std::uint64_t stalls = 0;
  std::optional<IntakeSnapshot> intake;  // where the configuration wants any of it
  std::vector<Event> events;             // the last transitions, oldest first
};

}  // namespace hawser
