// Every defence around one risky call, in one object: built fluently, used from any thread.
//
//   auto pipeline = PipelineBuilder{}.breaker({}).timeout({}).retry({}).build(clock);
//   auto answer = pipeline->run({.operation = 1}, [&](const Attempt& attempt) { return ask(attempt.deadline); },
//   fallback);
//
// A callable takes the Attempt (or nothing) and returns a value (success), an Attempted<T> (its own words), or throws
// (failure). It runs on the caller's thread, outside of every lock, and is not interrupted: it is told its deadline,
// and what comes later than that is counted as a timeout. Waiting (for intake, for a place, between attempts) blocks
// the caller through the clock that build() was given. pipeline_async.hpp does the same for coroutines, without
// blocking. Thread safe. In the steady state a call that is admitted and answered allocates nothing.
#pragma once

#include <hawser/resilience/pipeline_core.hpp>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <variant>

namespace hawser {

namespace pipeline_detail {

template <typename R>
struct Returned {
  using Value = R;
  static Attempted<R> say(R&& value) { return {std::move(value), {}}; }
};
template <typename T>
struct Returned<Attempted<T>> {
  using Value = T;
  static Attempted<T> say(Attempted<T>&& attempted) { return std::move(attempted); }
};

template <typename F>
decltype(auto) call(F& operation, const Attempt& attempt) {
  if constexpr (std::is_invocable_v<F&, const Attempt&>) {
    return operation(attempt);
  } else {
    return operation();
  }
}
template <typename F>
using ReturnOf = decltype(call(std::declval<F&>(), std::declval<const Attempt&>()));
template <typename F>
using ValueOf = typename Returned<std::conditional_t<std::is_void_v<ReturnOf<F>>, std::monostate, ReturnOf<F>>>::Value;

}  // namespace pipeline_detail

class Pipeline {
 public:
  // The clock outlives the pipeline. REQUIRES: problems_of(config).empty(); PipelineBuilder says what is wrong instead.
  Pipeline(PipelineClock& clock, const PipelineConfig& config, std::uint64_t seed,
           RetryPolicy::Predicate retriable = {})
      : clock_(clock), core_(config, seed, clock.now(), std::move(retriable)) {}
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // T is what the callable returns; std::monostate for void.
  template <typename F, typename T = pipeline_detail::ValueOf<F>>
  PipelineResult<T> run(const CallOptions& options, F&& operation, FallbackHandler<T>* fallback = nullptr) {
    PipelineCall call{options};
    Ended<T> ended;
    {
      std::unique_lock lock{mutex_};
      core_.begin(call, clock_.now());
      if (fallback != nullptr && options.writes && fallback->read_only()) core_.refuse_write(call);
      drive<T>(call, operation, ended, lock);
    }
    return finish<T>(call, std::move(ended), fallback);
  }
  template <typename F, typename T = pipeline_detail::ValueOf<F>>
  PipelineResult<T> run(const CallOptions& options, F&& operation, FallbackHandler<T>& fallback) {
    return run<F, T>(options, std::forward<F>(operation), &fallback);
  }

  void update_pressure(const PressureSignals& signals);
  // For the shedder alone, 0 .. 1000 (LoadShedder::set_pressure).
  void set_pressure(std::uint32_t permille);
  void set_breaker_mode(BreakerMode mode);
  ResilienceSnapshot snapshot() const;
  LatencyPercentiles percentiles(std::uint64_t operation);
  // What the next attempt would be given; `forever` without a timeout stage.
  Duration timeout(std::uint64_t operation);
  // When a hedging attempt would be worth it; `forever` while too little is known, or without a timeout stage.
  Duration hedge_after(std::uint64_t operation);
  PipelineClock& clock() noexcept { return clock_; }

  // For drivers, such as pipeline_async.hpp.
  std::mutex& mutex() noexcept { return mutex_; }
  PipelineCore& core() noexcept { return core_; }
  void wake_waiting() {
    if (core_.take_woken()) notified_.notify_all();
  }

  template <typename T>
  struct Ended {
    std::optional<T> value;
    std::exception_ptr error;
  };
  // The last stage, and the books. Not under the lock.
  template <typename T>
  PipelineResult<T> finish(PipelineCall& call, Ended<T>&& ended, FallbackHandler<T>* fallback) {
    PipelineResult<T> result;
    const Instant now = clock_.now();
    result.value = std::move(ended.value);
    result.error = std::move(ended.error);
    result.stage = result.stopped = call.stage();
    result.cause = call.cause();
    result.attempts = call.attempts();
    result.retry_after = call.retry_after();
    result.level = call.level();
    result.took = now > call.began() ? now - call.began() : Duration::zero();
    const bool good = result.cause == PipelineCause::answered || result.cause == PipelineCause::late;
    if (!good) result.value.reset();
    bool asked = false;
    if (fallback != nullptr) {
      if (good && result.value) {
        if (fallback->remembers()) fallback->remember(call.options().key, *result.value, now);
      } else if (result.cause != PipelineCause::ignored) {
        asked = true;
        FallbackAnswer<T> answer =
            fallback->answer({call.options().key, call.options().writes, to_string(result.cause)}, now);
        result.value = std::move(answer.value);
        result.fallback = answer.source;
        result.age = answer.age;
        result.detail = std::move(answer.detail);
        if (result.value || answer.source == FallbackSource::read_only) result.stage = PipelineStage::fallback;
      }
    }
    const std::lock_guard lock{mutex_};
    if (asked) core_.fallback_used(result.value.has_value(), result.fallback == FallbackSource::cached);
    core_.ended(result.stage, result.cause);
    return result;
  }
  // One attempt on this thread; never throws.
  template <typename T, typename F>
  AttemptResult attempt(const PipelineCall& call, F& operation, Ended<T>& ended) {
    const Attempt attempt = attempt_of(call);
    try {
      using Return = pipeline_detail::ReturnOf<F>;
      ended.error = nullptr;
      if constexpr (std::is_void_v<Return>) {
        pipeline_detail::call(operation, attempt);
        ended.value.emplace();
        return {};
      } else {
        Attempted<T> said = pipeline_detail::Returned<Return>::say(pipeline_detail::call(operation, attempt));
        ended.value = std::move(said.value);
        return said.result;
      }
    } catch (...) {
      ended.error = std::current_exception();
      return {AttemptEnd::failure, call.options().idempotent, std::nullopt};
    }
  }
  Attempt attempt_of(const PipelineCall& call) noexcept {
    const Duration timeout = until(call.attempt_began(), call.attempt_deadline());
    return {call.attempts(), call.attempt_deadline(), timeout, call.options().stop, &clock_};
  }

 private:
  template <typename T, typename F>
  void drive(PipelineCall& call, F& operation, Ended<T>& ended, std::unique_lock<std::mutex>& lock) {
    // Whoever stops a waiting call must take the lock first, or the notification could fall between look and wait.
    const auto ring = [this] {
      { const std::lock_guard guard{mutex_}; }
      notified_.notify_all();
    };
    std::optional<std::stop_callback<decltype(ring)>> stopped;
    if (call.options().stop.stop_possible()) {
      lock.unlock();
      stopped.emplace(call.options().stop, ring);
      lock.lock();
    }
    for (;;) {
      const Instant now = clock_.now();
      const PipelineStep step = core_.step(call, now);
      wake_waiting();
      if (step.kind == PipelineStep::Kind::done) break;
      if (step.kind == PipelineStep::Kind::wait) {
        if (call.options().stop.stop_requested()) {
          core_.abandon(call, now);
          wake_waiting();
          break;
        }
        clock_.wait(lock, notified_, step.until);
        continue;
      }
      lock.unlock();
      const AttemptResult result = attempt<T>(call, operation, ended);
      lock.lock();
      core_.attempt_ended(call, result, clock_.now());
    }
    lock.unlock();
    stopped.reset();
  }

  PipelineClock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable notified_;
  PipelineCore core_;
};

// Each stage is optional, and each call names one; the order of the calls does not matter, that of the stages is fixed.
class PipelineBuilder {
 public:
  PipelineBuilder& deadline(Duration longest);
  PipelineBuilder& rate_limit(const RateLimiterConfig& config);
  PipelineBuilder& adaptive_rate(const AdaptiveRateConfig& config);
  PipelineBuilder& cascade(const CascadeConfig& config);
  PipelineBuilder& shedder(const LoadShedderConfig& config);
  PipelineBuilder& breaker(const BreakerConfig& config);
  PipelineBuilder& bulkhead(const BulkheadConfig& config);
  PipelineBuilder& timeout(const TimeoutConfig& config);
  PipelineBuilder& retry(const RetryConfig& config, RetryPolicy::Predicate retriable = {});
  // Of jitter; the same seed and the same calls give the same delays.
  PipelineBuilder& seed(std::uint64_t seed);
  // Every stage decides, counts and says so, and none enforces anything.
  PipelineBuilder& observe_only();

  const PipelineConfig& config() const noexcept { return config_; }
  // Throws std::invalid_argument with every sentence of problems_of(config()).
  std::unique_ptr<Pipeline> build(PipelineClock& clock) const;

 private:
  PipelineConfig config_;
  RetryPolicy::Predicate retriable_;
  std::uint64_t seed_ = 1;
  bool observe_only_ = false;
};

}  // namespace hawser
