// A simulated TCP connection: two sides, two pipes, and what it takes to set it up and to end it.
//
// Forward runs from the dialler to the listener and carries the frames; backward carries the one answer. A side that is
// closed while the other is open makes the connection half-open: what arrives at the closed side is answered by a
// reset, as a kernel does for a connection it does not know, unless the machine is off.
#pragma once

#include <hawser/base/ring.hpp>
#include <hawser/interconnect/runtime.hpp>
#include <hawser/sim/event_queue.hpp>

#include <cstdint>

namespace hawser::sim {

using MachineId = Owner;  // a host and its machine have the same index

// A transport as the network knows it. Owned by the SimTransport.
struct Attachment {
  MachineId machine = 0;
  TransportConfig config;
  TransportEvents* events = nullptr;
  TransportStats stats;
  Endpoint bound;
  bool listening = false;
  std::size_t links_open = 0;  // dials not yet ended
};

enum class SegmentKind : std::uint8_t { syn, accepted, refused, data, fin, rst };

// Carried out by the machines alone, before there is a connection to read from.
constexpr bool sets_up(SegmentKind kind) noexcept {
  return kind == SegmentKind::syn || kind == SegmentKind::accepted || kind == SegmentKind::refused;
}

struct Segment {
  WorldTime at = world_never;  // of its arrival; never while it is held
  SegmentKind kind = SegmentKind::data;
  BufferRef frame;
};

struct Pipe {
  Ring<Segment> queue;            // arrival times never decrease
  EventId armed = EventId::none;  // the arrival of the first segment
  WorldTime last_at = world_begin;
  std::size_t buffered = 0;  // bytes accepted from the sender and not yet taken by the receiver
  bool lost = false;         // something was lost: no data ever arrives again
  bool stuck = false;        // behind a frame that does not fit through
  bool wants_writable = false;
  bool resetting = false;  // a reset is under way
  std::uint8_t close_tries = 0;
};

struct Side {
  Attachment* user = nullptr;
  bool open = false;
};

enum class Way : std::uint8_t { forward, backward };

struct Connection {
  std::uint64_t id = 0;  // 0 while the place is free
  std::uint64_t generation = 1;
  MachineId from = 0;
  MachineId to = 0;
  std::uint16_t port = 0;
  LaneClass lane = LaneClass::control;
  bool up = false;               // as the dialler sees it
  bool kernel_accepted = false;  // the listening machine has answered for its process, which may be paused
  bool delivered = false;        // some frame reached the listener's node
  std::uint8_t syn_tries = 0;
  Side dialler;
  Side listener;
  Pipe forward;
  Pipe backward;
  PeerIdentity identity;  // of the dialler
  EventId timeout = EventId::none;
  EventId syn_retry = EventId::none;

  Pipe& pipe(Way way) noexcept { return way == Way::forward ? forward : backward; }
  MachineId sender(Way way) const noexcept { return way == Way::forward ? from : to; }
  MachineId receiver(Way way) const noexcept { return way == Way::forward ? to : from; }
  Side& sending(Way way) noexcept { return way == Way::forward ? dialler : listener; }
  Side& receiving(Way way) noexcept { return way == Way::forward ? listener : dialler; }
};

}  // namespace hawser::sim
