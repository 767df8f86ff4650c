// The transport's way up to its node. A node may take its transport down from inside any of these calls: afterwards
// nothing is told any more, and whoever made the call must look whether `closed` before touching its sockets.
#pragma once

#include <hawser/interconnect/runtime.hpp>

#include <utility>

namespace hawser {

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

  TransportStats stats;

 private:
  TransportEvents* events_;
  bool told_ = false;
};

}  // namespace hawser
