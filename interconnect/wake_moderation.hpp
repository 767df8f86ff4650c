// WakeModeration: when messages of other threads come in a stream, the loop looks for them at intervals and is not
// woken.
//
// Waking a sleeping loop costs its waker and itself more than a hundred small messages do, and a loop that is faster
// than its callers falls asleep after each few of them. As network drivers do under load (interrupt moderation), it
// then takes what has come since its last look, 50 us ago; messages that come one by one are sent at once, as ever.
// Pure: time comes in. Belongs to the loop.
#pragma once

#include <hawser/base/time.hpp>

#include <cstddef>

namespace hawser {

class WakeModeration {
 public:
  static constexpr Duration interval{50};
  // Messages that one look, or one interval, must find for it to go on.
  static constexpr std::size_t stream_min = 8;

  bool active() const noexcept { return active_; }
  // When the next look is due, while active.
  Instant next_look() const noexcept { return next_look_; }

  // The loop looks, and finds so many messages; `woken` by another thread. True when a new interval begins: somebody
  // has to see to it that the loop looks when it ends.
  bool look(Instant now, bool woken, std::size_t found) noexcept {
    if (!active_ && !woken) return false;
    found_ += found;
    if (active_ && now < next_look_) return false;
    active_ = found_ >= stream_min;
    found_ = 0;
    next_look_ = later(now, interval);
    return active_;
  }

 private:
  bool active_ = false;
  std::size_t found_ = 0;  // in this interval
  Instant next_look_{};
};

}  // namespace hawser
