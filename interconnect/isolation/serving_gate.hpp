// The one answer that may be asked from any thread at any time: may this node act for the cluster now, and until when?
//
// It holds an instant, not a flag: a node that slept through the end of its lease finds the gate closed when it wakes,
// though nobody had a chance to close it. The caller reads the clock (one that counts suspend) for each question. What
// happens between the question and its effect is beyond any library: carry `epoch` along as a fencing token.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/base/time.hpp>

#include <atomic>
#include <cstdint>

namespace hawser {

struct Permission {
  bool serving = false;
  Instant until{};  // on the clock asked with; `never` where nothing can end it
  Epoch epoch;      // in which it serves

  explicit operator bool() const noexcept { return serving; }
};

class ServingGate {
 public:
  ServingGate() = default;
  ServingGate(const ServingGate&) = delete;
  ServingGate& operator=(const ServingGate&) = delete;

  // Any thread; never waits for another one but in the middle of a set().
  Permission ask(Instant now) const noexcept;
  bool serving(Instant now) const noexcept { return to_us(now) < until_us_.load(std::memory_order_acquire); }

  // Only the thread that owns the node. Serving in `epoch` while now < until; Instant::min() closes.
  void set(Instant until, const Epoch& epoch) noexcept;
  void close() noexcept { set(Instant::min(), Epoch{}); }

 private:
  // A sequence lock whose fields are atomic themselves, so that a torn read is noticed and no read is a race.
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::int64_t> until_us_{Instant::min().time_since_epoch().count()};
  std::atomic<std::uint64_t> counter_{0};
  std::atomic<std::uint32_t> proposer_{0};
  std::atomic<std::uint64_t> proposer_incarnation_{0};
};

}  // namespace hawser
