// One call on its way through a pipeline: what its caller asked for, where it is, and how it ended.
//
// CallOptions and Attempt are values for users; PipelineCall is the state that PipelineCore keeps in its caller's hands
// (a stack or a coroutine frame), so that a call costs no allocation. It must not move while the call is under way.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/base/unique_function.hpp>
#include <hawser/resilience/bulkhead.hpp>
#include <hawser/resilience/circuit_breaker.hpp>
#include <hawser/resilience/fallback.hpp>
#include <hawser/resilience/resilience_metrics.hpp>
#include <hawser/resilience/retry_policy.hpp>

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace hawser {

// The time of a pipeline. Any thread.
class PipelineClock {
 public:
  virtual Instant now() noexcept = 0;
  // Waits until notified or until `until`, whichever is first; may return early. The lock is held on entry and return.
  virtual void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& notified, Instant until) = 0;

 protected:
  ~PipelineClock() = default;
};

// Any steady std::chrono clock: StdPipelineClock<std::chrono::steady_clock>.
template <typename Clock>
class StdPipelineClock final : public PipelineClock {
  static_assert(Clock::is_steady, "wall clocks jump");

 public:
  Instant now() noexcept override {
    return Instant{std::chrono::duration_cast<Duration>(Clock::now().time_since_epoch())};
  }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& notified, Instant until) override {
    // In steps of an hour: `never` would overflow what the standard library adds to its clock.
    const Duration left = hawser::until(now(), until);
    notified.wait_for(lock, left < Duration{std::chrono::hours{1}} ? left : Duration{std::chrono::hours{1}});
  }
};

struct CallOptions {
  std::uint64_t operation = 0;  // whose latencies the adaptive timeout keeps apart
  std::uint32_t group = 0;      // of the bulkhead
  std::uint8_t priority = 4;    // 0 (first to be shed) .. 7
  bool optional = false;        // may be left out when the node is under pressure
  bool idempotent = true;       // may be repeated after it may have taken effect
  bool writes = false;          // for the fallback's read-only mode
  std::uint64_t key = 0;        // of a cached fallback value
  Instant deadline = never;     // on the pipeline's clock; the pipeline's own is used when it is earlier
  std::stop_token stop{};       // ends waits, and is handed to the callable
};

// What a callable is told.
struct Attempt {
  std::uint32_t number = 1;
  Instant deadline = never;  // of this attempt: pass it on to what is called
  Duration timeout = forever;
  std::stop_token stop{};
  PipelineClock* clock = nullptr;

  // True when whoever waits has given up, or the attempt's time is over: long work should ask now and then.
  bool should_stop() const { return stop.stop_requested() || clock->now() >= deadline; }
};

// What a callable may return instead of a plain value, to say how it went.
template <typename T>
struct Attempted {
  std::optional<T> value;
  AttemptResult result;
};

// The answer. It has a value exactly when somebody gave one: the operation (in time or late) or the fallback.
template <typename T>
struct PipelineResult {
  std::optional<T> value;
  PipelineStage stage = PipelineStage::operation;    // who answered
  PipelineStage stopped = PipelineStage::operation;  // who ended the call; differs when the fallback answered
  PipelineCause cause = PipelineCause::answered;     // why it ended so; of a fallback: why it was asked
  std::uint32_t attempts = 0;
  Duration took{0};
  Duration retry_after{0};  // of a refusal: a hint; `forever` when nobody knows
  std::uint8_t level = 0;   // of a shed call: the lowest priority that is let in
  FallbackSource fallback = FallbackSource::none;
  Duration age{0};             // of a cached value
  std::string detail{};        // of a fallback
  std::exception_ptr error{};  // what the last attempt threw

  explicit operator bool() const noexcept { return value.has_value(); }
};

class PipelineCall {
 public:
  explicit PipelineCall(const CallOptions& options) : options_(options) {}
  PipelineCall(const PipelineCall&) = delete;
  PipelineCall& operator=(const PipelineCall&) = delete;

  const CallOptions& options() const noexcept { return options_; }
  Instant began() const noexcept { return began_; }
  Instant deadline() const noexcept { return deadline_; }
  std::uint32_t attempts() const noexcept { return attempts_; }
  Instant attempt_deadline() const noexcept { return attempt_deadline_; }
  Instant attempt_began() const noexcept { return attempt_began_; }
  PipelineStage stage() const noexcept { return stage_; }
  PipelineCause cause() const noexcept { return cause_; }
  Duration retry_after() const noexcept { return retry_after_; }
  std::uint8_t level() const noexcept { return level_; }

  // How a driver that does not block is woken; called at most once, under the pipeline's lock.
  UniqueFunction<void()> wake;

 private:
  friend class PipelineCore;
  enum class Phase : std::uint8_t { fresh, at_shedder, asking, at_bulkhead, running, backing_off, ended };

  CallOptions options_;
  Phase phase_ = Phase::fresh;
  bool in_shedder_ = false;
  bool service_known_ = false;
  bool overloaded_ = false;
  bool retry_paid_ = false;  // this attempt is a retry that has not left yet
  Instant began_{};
  Instant deadline_ = never;
  Instant attempt_began_{};
  Instant attempt_deadline_ = never;
  Instant wake_at_ = never;
  Duration service_took_{0};
  std::uint64_t ticket_ = 0;
  std::uint32_t attempts_ = 0;
  std::optional<Permit> breaker_permit_;
  std::optional<BulkheadPermit> bulkhead_permit_;
  std::optional<RetryPolicy::Call> retry_;
  PipelineStage stage_ = PipelineStage::operation;
  PipelineCause cause_ = PipelineCause::answered;
  Duration retry_after_{0};
  std::uint8_t level_ = 0;
};

}  // namespace hawser
