// What a handler is told beside the message: who sent it, how old it is, until when it matters.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/base/pooled.hpp>
#include <hawser/base/time.hpp>

#include <atomic>
#include <memory>

namespace hawser {

// Set when nobody waits for the work any more: the caller gave up, its deadline passed, or its node is gone. Copies
// share the flag; any thread may ask.
class Cancellation {
 public:
  Cancellation() = default;
  static Cancellation make() {
    Cancellation cancellation;
    cancellation.flag_ = std::allocate_shared<std::atomic<bool>>(PoolAllocator<std::atomic<bool>>{}, false);
    return cancellation;
  }
  bool requested() const noexcept { return flag_ != nullptr && flag_->load(std::memory_order_relaxed); }
  void request() const noexcept {
    if (flag_ != nullptr) flag_->store(true, std::memory_order_relaxed);
  }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;  // none: a plain message, which nobody waits for
};

struct Delivery {
  NodeId node;  // the sender
  Incarnation incarnation = Incarnation::unknown;
  Epoch epoch;           // in which the sender served when it sent this
  Duration age{0};       // since the send was called; too small by one base one-way delay, and by 1 ms at most
  Instant deadline{};    // when the message expires, on this node's clock
  bool request = false;  // an answer is awaited
  Cancellation cancellation;

  bool cancelled() const noexcept { return cancellation.requested(); }
};

}  // namespace hawser
