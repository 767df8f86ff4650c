// The stages in their order, without time, threads or callables: shedder, breaker, bulkhead, timeout, retry, operation.
//
// A driver asks step() what to do with a call (run it, wait, or take its end), runs it, and reports attempt_ended().
// The order decides who refuses first: intake before the breaker, the breaker before anybody waits for a place. While a
// call waits for a place it holds no breaker permit, so waiting is never taken for slowness; it is asked again then. A
// backoff wait gives the place back; each attempt asks and informs the breaker anew. The intake slot is kept until the
// call ends. Invariants: every call that began ends exactly once; what it held is given back by then. Not thread safe.
#pragma once

#include <hawser/resilience/coherence.hpp>
#include <hawser/resilience/pipeline_call.hpp>

#include <cstdint>
#include <optional>

namespace hawser {

struct PipelineStep {
  enum class Kind : std::uint8_t { run, wait, done };
  Kind kind = Kind::done;
  Instant until = never;  // of wait: ask again then, or when woken
};

class PipelineCore {
 public:
  // REQUIRES: problems_of(config).empty().
  PipelineCore(const PipelineConfig& config, std::uint64_t seed, Instant now, RetryPolicy::Predicate retriable = {});

  void begin(PipelineCall& call, Instant now);
  // REQUIRES: begun, not running.
  PipelineStep step(PipelineCall& call, Instant now);
  // After a `run`. A success that took longer than the attempt's timeout is `late`: it ends the call with its value,
  // and counts as a timeout for breaker and timeout manager. Boundary: took > timeout is late.
  void attempt_ended(PipelineCall& call, AttemptResult result, Instant now);
  // The caller has gone: the call ends as `ignored`. REQUIRES: begun, not running.
  void abandon(PipelineCall& call, Instant now);
  // A write that must not be tried: ends a fresh call.
  void refuse_write(PipelineCall& call);
  // True once after waiting calls became ready: wake them.
  bool take_woken() noexcept;

  void update_pressure(const PressureSignals& signals, Instant now);
  // For the shedder alone, 0 .. 1000.
  void set_pressure(std::uint32_t permille) noexcept;

  void fallback_used(bool answered, bool cached) noexcept { metrics_.fallback(answered, cached); }
  void ended(PipelineStage stage, PipelineCause cause) noexcept { metrics_.ended(stage, cause); }
  ResilienceSnapshot snapshot(Instant now) const;

  const PipelineConfig& config() const noexcept { return config_; }
  CircuitBreaker* breaker() noexcept { return breaker_ ? &*breaker_ : nullptr; }
  LoadShedder* shedder() noexcept { return shedder_ ? &*shedder_ : nullptr; }
  Bulkhead* bulkhead() noexcept { return bulkhead_ ? &*bulkhead_ : nullptr; }
  TimeoutManager* timeouts() noexcept { return timeouts_ ? &*timeouts_ : nullptr; }
  CascadePreventor* cascade() noexcept { return cascade_ ? &*cascade_ : nullptr; }
  RetryPolicy* retries() noexcept { return retry_ ? &*retry_ : nullptr; }
  Instant breaker_retry_at(Instant now) const noexcept;

 private:
  using Phase = PipelineCall::Phase;

  PipelineStep enter(PipelineCall& call, Instant now);
  PipelineStep ask(PipelineCall& call, Instant now);
  PipelineStep start(PipelineCall& call, Instant now);
  void close(PipelineCall& call, PipelineStage stage, PipelineCause cause, Instant now);
  PipelineStep end(PipelineCall& call, PipelineStage stage, PipelineCause cause, Instant now);
  bool pass_breaker(PipelineCall& call, Instant now);
  void settle(Instant now);
  void shed(PipelineCall& call, const ShedRejection& rejection, Instant now);
  void woken(PipelineCall& call);
  void inform(PipelineCall& call, AttemptEnd end, Duration took, Instant now);
  void decide(PipelineCall& call, const AttemptResult& result, Instant now);

  PipelineConfig config_;
  std::optional<CascadePreventor> cascade_;
  std::optional<RateLimiter> rate_;
  std::optional<AdaptiveRateLimiter> adaptive_rate_;
  std::optional<LoadShedder> shedder_;
  std::optional<CircuitBreaker> breaker_;
  std::optional<Bulkhead> bulkhead_;
  std::optional<TimeoutManager> timeouts_;
  std::optional<RetryPolicy> retry_;
  ResilienceMetrics metrics_;
  bool woken_ = false;
};

}  // namespace hawser
