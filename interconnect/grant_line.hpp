// Who waits for a node's reserve of inbound room, over all peers: first come, first served.
//
// A large message is granted its whole room at once or not at all, and who waits for it holds nothing of what others
// wait for, so nobody waits in a circle. Belongs to the loop.
#pragma once

#include <hawser/interconnect/reserve.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>

namespace hawser {

// One peer's inbox, as far as it waits.
class GrantWaiter {
 public:
  // There may be room now. Must not grant from inside the call.
  virtual void room_freed() = 0;

 protected:
  ~GrantWaiter() = default;
};

class GrantLine {
 public:
  bool may_take(const GrantWaiter& who) const noexcept { return line_.empty() || line_.front() == &who; }
  void join(GrantWaiter& who) {
    if (std::find(line_.begin(), line_.end(), &who) == line_.end()) line_.push_back(&who);
  }
  void leave(const GrantWaiter& who) {
    const bool first = !line_.empty() && line_.front() == &who;
    forget(who);
    if (first) freed();
  }
  void forget(const GrantWaiter& who) { std::erase(line_, &who); }
  void freed() {
    if (!line_.empty()) line_.front()->room_freed();
  }

 private:
  std::deque<GrantWaiter*> line_;
};

// What a node may hold, each way; its peers share it.
struct NodePools {
  explicit NodePools(std::size_t node_bytes) noexcept
      : out(node_bytes - Pool::node_part(node_bytes), Pool::node_part(node_bytes)),
        in(node_bytes - Pool::node_part(node_bytes), Pool::node_part(node_bytes)) {}

  Pool out;
  Pool in;
  GrantLine line;
};

}  // namespace hawser
