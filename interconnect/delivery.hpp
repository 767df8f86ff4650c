// What a handler is told beside the message: who sent it, how old it is, until when it matters.
//
// While a handler works on a request, the requests it makes inherit what is left of the deadline, and are cancelled
// when its caller gives up: on its stack, on the pool, and in a coroutine across every co_await. Work that is started
// apart from it (hawser::spawn, a thread) is its own.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/base/pooled.hpp>
#include <hawser/base/time.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>

namespace hawser {

class Scheduler;

// Set when nobody waits for the work any more: the caller gave up, its deadline passed, or its node is gone. Copies
// share it; any thread may ask.
class Cancellation {
 public:
  Cancellation() = default;
  static Cancellation make() {
    Cancellation cancellation;
    cancellation.state_ = std::allocate_shared<State>(PoolAllocator<State>{});
    return cancellation;
  }
  bool requested() const noexcept { return state_ != nullptr && state_->requested.load(std::memory_order_relaxed); }
  void request() const noexcept;
  // For std::stop_callback, which is called on the node's loop. Stops never for a plain message.
  std::stop_token token() const;

 private:
  struct State {
    std::atomic<bool> requested{false};
    std::mutex mutex;
    std::stop_source source{std::nostopstate};  // made when somebody asks for a token
  };
  std::shared_ptr<State> state_;  // none: a plain message, which nobody waits for
};

struct Delivery {
  NodeId node;  // the sender
  Incarnation incarnation = Incarnation::unknown;
  Epoch epoch;  // in which the sender served when it sent this
  // Since the send was called. Too small by one base one-way delay, by 1 ms at most, and by the system's tick (mostly
  // 4 ms) for those that waited while others of the same turn were handled.
  Duration age{0};
  Instant deadline{};    // when the message expires, on this node's clock
  bool request = false;  // an answer is awaited
  Cancellation cancellation;
  const Scheduler* clock = nullptr;  // the one that `deadline` is on

  bool cancelled() const noexcept { return cancellation.requested(); }
  // What is left until the deadline, now; zero when it has passed. Any thread.
  Duration remaining() const noexcept;
};

// The request on whose behalf the calling thread works right now; null when there is none.
const Delivery* working_for() noexcept;

// Marks the calling thread as working for a request, as long as it lives.
class WorkingFor {
 public:
  WorkingFor() noexcept;  // for none
  explicit WorkingFor(const Delivery& work) noexcept;
  ~WorkingFor();
  WorkingFor(const WorkingFor&) = delete;
  WorkingFor& operator=(const WorkingFor&) = delete;

 private:
  const Delivery* before_;
};

}  // namespace hawser
