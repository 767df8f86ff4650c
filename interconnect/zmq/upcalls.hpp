// The transport's way up to its node. A node may take its transport down from inside any of these calls: afterwards
// nothing is told any more, and whoever made the call must look whether `closed` before touching its sockets.
#pragma once

#include <hawser/interconnect/runtime.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace hawser {

// What the transport counts, on the loop; snapshots read it on any thread.
struct SharedTransportStats {
  using Count = std::atomic<std::uint64_t>;
  Count dials{0};
  Count connections_accepted{0};
  Count connections_refused{0};
  Count connections_open{0};
  Count handshakes_failed{0};
  Count frames_in{0};
  Count frames_out{0};
  Count bytes_in{0};
  Count bytes_out{0};
  Count frames_malformed{0};

  TransportStats read() const noexcept {
    TransportStats result;
    result.dials = dials;
    result.connections_accepted = connections_accepted;
    result.connections_refused = connections_refused;
    result.connections_open = connections_open;
    result.handshakes_failed = handshakes_failed;
    result.frames_in = frames_in;
    result.frames_out = frames_out;
    result.bytes_in = bytes_in;
    result.bytes_out = bytes_out;
    result.frames_malformed = frames_malformed;
    return result;
  }
};

class Upcalls {
 public:
  explicit Upcalls(TransportEvents& events) noexcept : events_(&events) {}

  bool closed() const noexcept { return events_ == nullptr; }
  void close() noexcept { events_ = nullptr; }

  // Calls `what` with the node's side, and remembers that this turn has told something.
  template <typename F>
  void tell(F&& what) {
    if (events_ == nullptr) return;
    told_ = true;
    std::forward<F>(what)(*events_);
  }

  void end_turn() {
    if (!std::exchange(told_, false) || events_ == nullptr) return;
    events_->turn_ended();
  }

  SharedTransportStats stats;

 private:
  TransportEvents* events_;
  bool told_ = false;
};

}  // namespace hawser
