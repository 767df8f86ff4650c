// What resilience did, as one value: plain numbers, rendered elsewhere.
//
// Counters only grow; the difference of two snapshots is what happened between them. `submitted` equals the sum of
// `ended` plus `under_way` at every instant. Percentiles are of attempts that ended with an answer. A value: it copies
// and compares.
#pragma once

#include <hawser/base/histogram.hpp>
#include <hawser/base/time.hpp>
#include <hawser/resilience/breaker_config.hpp>
#include <hawser/resilience/cascade_preventor.hpp>
#include <hawser/resilience/retry_policy.hpp>

#include <array>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace hawser {

// Who gave the final answer, in the order in which they are asked.
enum class PipelineStage : std::uint8_t {
  shedder,  // rate limiter, cascade preventor and load shedder: intake
  breaker,
  bulkhead,
  timeout,
  retry,
  operation,
  fallback,
};
inline constexpr std::size_t pipeline_stages = 7;
std::string_view to_string(PipelineStage stage) noexcept;
std::ostream& operator<<(std::ostream&, PipelineStage);

// Why a call ended as it did. Of a call that the fallback answered: why it had to.
enum class PipelineCause : std::uint8_t {
  answered,      // by the operation, in time
  late,          // by the operation, after its timeout: counted against it
  rate_limited,  // shedder stage
  cascade_optional,
  cascade_throttled,
  cascade_priority,
  shed_queue_full,
  shed_displaced,
  shed_pressure,
  shed_cannot_finish,
  shed_expired,
  read_only,      // a write, and the fallback handler is in read-only mode
  breaker_open,   // breaker stage
  bulkhead_full,  // bulkhead stage
  bulkhead_queue_full,
  bulkhead_wait_expired,
  timed_out,      // the attempt's time ran out
  deadline,       // the call's time ran out
  failed,         // the operation said so, or threw
  overloaded,     // what was called said that it has too much to do
  ignored,        // cancelled, or an error of the caller's own
  retries_spent,  // every attempt failed
  retry_budget,   // another attempt was wanted, and not paid for
};
inline constexpr std::size_t pipeline_causes = 23;
std::string_view to_string(PipelineCause cause) noexcept;
std::ostream& operator<<(std::ostream&, PipelineCause);

struct ResilienceSnapshot {
  std::uint64_t submitted = 0;
  std::uint64_t under_way = 0;
  std::array<std::uint64_t, pipeline_causes> ended{};  // calls by cause
  std::array<std::uint64_t, pipeline_stages> answered_by{};
  std::array<std::uint64_t, retry_stops> retry_stops_by{};  // decisions after attempts; [none] are the retries
  std::uint64_t attempts = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t retries = 0;
  std::uint64_t fallbacks = 0;         // asked
  std::uint64_t fallback_answers = 0;  // with a value
  std::uint64_t fallback_cached = 0;
  std::uint64_t waits = 0;  // calls that waited at the shedder or the bulkhead

  Histogram attempt_times;  // of attempts that were answered, late ones included
  Duration p50{0};
  Duration p95{0};
  Duration p99{0};

  BreakerState breaker = BreakerState::disabled;
  std::string breaker_cause;
  std::uint64_t breaker_transitions = 0;
  std::uint64_t breaker_opened = 0;
  std::uint64_t breaker_refusals = 0;
  std::uint32_t limit = 0;  // of the shedder
  std::uint32_t running = 0;
  std::uint64_t waiting = 0;
  std::uint8_t shed_level = 0;
  std::uint32_t bulkhead_in_use = 0;
  std::uint64_t bulkhead_refusals = 0;
  std::uint32_t pressure = 0;
  CascadeLevel cascade = CascadeLevel::normal;
  std::uint64_t cascade_transitions = 0;
  std::int64_t rate = 0;
  std::uint64_t retry_millitokens = 0;

  // Calls that were refused before or instead of an attempt.
  std::uint64_t rejections() const noexcept;
  std::uint64_t count(PipelineCause cause) const noexcept { return ended[static_cast<std::size_t>(cause)]; }
  std::uint64_t count(PipelineStage stage) const noexcept { return answered_by[static_cast<std::size_t>(stage)]; }

  friend bool operator==(const ResilienceSnapshot&, const ResilienceSnapshot&) = default;
};
std::ostream& operator<<(std::ostream&, const ResilienceSnapshot&);

// Counts; the pipeline fills in the states when it makes a snapshot. Not thread safe.
class ResilienceMetrics {
 public:
  void submitted() noexcept { ++now_.submitted, ++now_.under_way; }
  void ended(PipelineStage stage, PipelineCause cause) noexcept {
    --now_.under_way;
    ++now_.ended[static_cast<std::size_t>(cause)];
    ++now_.answered_by[static_cast<std::size_t>(stage)];
  }
  void attempt(AttemptEnd end, Duration took) {
    ++now_.attempts;
    now_.timeouts += end == AttemptEnd::timeout ? 1 : 0;
    if (end == AttemptEnd::success) now_.attempt_times.record(took);
  }
  void late(Duration took) { now_.attempt_times.record(took); }
  void retry_decided(RetryStop stop) noexcept {
    ++now_.retry_stops_by[static_cast<std::size_t>(stop)];
    now_.retries += stop == RetryStop::none ? 1 : 0;
  }
  void waited() noexcept { ++now_.waits; }
  void fallback(bool answered, bool cached) noexcept {
    ++now_.fallbacks;
    now_.fallback_answers += answered ? 1 : 0;
    now_.fallback_cached += cached ? 1 : 0;
  }

  // A copy, with its percentiles worked out.
  ResilienceSnapshot snapshot() const;

 private:
  ResilienceSnapshot now_;
};

}  // namespace hawser
