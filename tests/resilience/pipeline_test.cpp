// The pipeline for ordinary callables, on a clock that only waits and callables move.
#include <hawser/resilience/pipeline.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;
using Cause = PipelineCause;
using On = PipelineStage;

namespace {

class ManualClock final : public PipelineClock {
 public:
  Instant now() noexcept override { return at; }
  // Alone in the world, whoever waits sleeps until the end.
  void wait(std::unique_lock<std::mutex>&, std::condition_variable&, Instant until) override {
    if (stalled) throw std::logic_error("a stalled clock is waited for");
    waits.push_back(until - at);
    at = std::max(at, until);
  }
  Instant at = instant_from_us(1'000'000);
  std::vector<Duration> waits;
  bool stalled = false;
};

RetryConfig steady_retries(std::uint32_t attempts) {
  RetryConfig config;
  config.attempts_max = attempts;
  config.backoff = {20ms, 2000, 1s, Jitter::none};
  return config;
}

// A callable that throws `failures` times, then answers.
struct Flaky {
  int failures;
  int calls = 0;
  int operator()() {
    if (++calls <= failures) throw std::runtime_error("call " + std::to_string(calls));
    return 42;
  }
};

}  // namespace

TEST_CASE("without any stage it is a call, and the answer says so") {
  ManualClock clock;
  auto pipeline = PipelineBuilder{}.build(clock);
  const auto answer = pipeline->run({}, [] { return std::string{"yes"}; });
  CHECK(answer.value == "yes");
  CHECK(answer.stage == On::operation);
  CHECK(answer.cause == Cause::answered);
  CHECK(answer.attempts == 1);
  const auto thrown = pipeline->run({}, Flaky{1});
  CHECK_FALSE(thrown);
  CHECK(thrown.cause == Cause::failed);
  CHECK_THROWS_WITH(std::rethrow_exception(thrown.error), "call 1");
  bool done = false;
  CHECK(pipeline->run({}, [&] { done = true; }).value.has_value());
  CHECK(done);
}

TEST_CASE("a failed attempt is tried again after its backoff, and the last error is kept when all fail") {
  ManualClock clock;
  auto pipeline = PipelineBuilder{}.retry(steady_retries(3)).build(clock);
  const auto answer = pipeline->run({}, Flaky{2});
  CHECK(answer.value == 42);
  CHECK(answer.attempts == 3);
  CHECK_FALSE(answer.error);
  CHECK(clock.waits == std::vector<Duration>{20ms, 40ms});
  const auto spent = pipeline->run({}, Flaky{9});
  CHECK(spent.stage == On::retry);
  CHECK(spent.cause == Cause::retries_spent);
  CHECK_THROWS_WITH(std::rethrow_exception(spent.error), "call 3");
  CallOptions once;
  once.idempotent = false;
  CHECK(pipeline->run(once, Flaky{1}).attempts == 1);
}

TEST_CASE("the order decides who refuses first: intake, breaker, bulkhead") {
  ManualClock clock;
  LoadShedderConfig shedder;
  BulkheadConfig walls;
  walls.capacity = 1;
  BreakerConfig breaker;
  breaker.probes_max = 1;
  auto pipeline = PipelineBuilder{}.shedder(shedder).breaker(breaker).bulkhead(walls).build(clock);
  // From inside a call, the one place is taken.
  const auto outer = pipeline->run({}, [&] { return pipeline->run({}, [] { return 1; }).cause; });
  CHECK(outer.value == Cause::bulkhead_full);
  const auto under = [&] { return pipeline->run({}, [&] { return pipeline->run({}, [] { return 1; }); }); };
  pipeline->set_breaker_mode(BreakerMode::forced_open);
  CHECK(pipeline->run({}, [] { return 1; }).stage == On::breaker);
  pipeline->set_pressure(1000);
  const auto shed = pipeline->run({}, [] { return 1; });
  CHECK(shed.stage == On::shedder);
  CHECK(shed.cause == Cause::shed_pressure);
  CHECK(shed.retry_after >= 50ms);
  CHECK(shed.level == 7);
  pipeline->set_breaker_mode(BreakerMode::enabled);
  pipeline->set_pressure(0);
  CHECK(under().value->stage == On::bulkhead);
  // What the bulkhead refuses is no failure of what is behind.
  for (int i = 0; i < 50; ++i) under();
  CHECK(pipeline->snapshot().breaker == BreakerState::closed);
  CHECK(pipeline->snapshot().under_way == 0);
}

TEST_CASE("each attempt asks and informs the breaker: failures open it in the middle of a call's retries") {
  ManualClock clock;
  BreakerConfig breaker;
  breaker.consecutive_failures = 4;
  breaker.open_jitter_permille = 0;
  auto pipeline = PipelineBuilder{}.breaker(breaker).retry(steady_retries(4)).build(clock);
  CHECK(pipeline->run({}, Flaky{9}).attempts == 4);
  Flaky never_called{9};
  const auto refused = pipeline->run({}, never_called);
  CHECK(refused.cause == Cause::breaker_open);
  CHECK(refused.attempts == 0);
  CHECK(refused.retry_after == 1s);
  CHECK(refused.took == 0us);
  clock.at += 1s;
  // Two good probes, a ramp, closed.
  CHECK(pipeline->run({}, Flaky{0}).value == 42);
  CHECK(pipeline->run({}, Flaky{0}).value == 42);
  clock.at += 4s;
  CHECK(pipeline->run({}, Flaky{0}).value == 42);
  CHECK(pipeline->snapshot().breaker == BreakerState::closed);
  // A call that meets the mark while it retries stops there.
  CHECK(pipeline->run({}, Flaky{2}).value == 42);
  pipeline->run({}, Flaky{9});
  CHECK(pipeline->snapshot().breaker == BreakerState::open);
  CHECK(pipeline->snapshot().breaker_opened == 2);
}

TEST_CASE("a backoff wait gives the place back, and takes it again") {
  ManualClock clock;
  BulkheadConfig walls;
  walls.capacity = 1;
  auto pipeline = PipelineBuilder{}.bulkhead(walls).retry(steady_retries(2)).build(clock);
  std::vector<std::uint32_t> in_use;
  class Peek final : public PipelineClock {
   public:
    explicit Peek(ManualClock& under) : under_(under) {}
    Instant now() noexcept override { return under_.now(); }
    void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& c, Instant until) override {
      seen.push_back(of->core().bulkhead()->in_use());
      under_.wait(lock, c, until);
    }
    std::vector<std::uint32_t> seen;
    Pipeline* of = nullptr;

   private:
    ManualClock& under_;
  } peek{clock};
  auto watched = PipelineBuilder{}.bulkhead(walls).retry(steady_retries(2)).build(peek);
  peek.of = watched.get();
  Flaky flaky{1};
  const auto answer = watched->run({}, [&] {
    in_use.push_back(watched->core().bulkhead()->in_use());
    return flaky();
  });
  CHECK(answer.value == 42);
  CHECK(peek.seen == std::vector<std::uint32_t>{0});
  CHECK(in_use == std::vector<std::uint32_t>{1, 1});
}

TEST_CASE("a deadline flows through: it caps attempts, stops retries, and is told to the callable") {
  ManualClock clock;
  auto pipeline = PipelineBuilder{}.timeout({}).retry(steady_retries(4)).build(clock);
  CallOptions options;
  options.deadline = clock.at + 150ms;
  std::vector<Instant> told;
  const auto answer = pipeline->run(options, [&](const Attempt& attempt) -> int {
    told.push_back(attempt.deadline);
    clock.at += 60ms;
    CHECK(attempt.should_stop() == (attempt.number == 3));
    throw std::runtime_error("slow failure");
  });
  CHECK(answer.cause == Cause::deadline);
  CHECK(answer.stage == On::timeout);
  CHECK(answer.attempts == 3);
  CHECK(told == std::vector<Instant>(3, options.deadline));
  options.deadline = clock.at;
  CHECK(pipeline->run(options, [] { return 1; }).attempts == 0);
  // The pipeline's own deadline, when the call brings none, and one that never ends.
  auto endless = PipelineBuilder{}.deadline(forever).build(clock);
  CHECK(endless->run({}, [](const Attempt& a) { return a.deadline == never && a.timeout == forever; }).value == true);
}

TEST_CASE("what comes after its timeout is given as late, and counted as a timeout; exactly at it is in time") {
  ManualClock clock;
  TimeoutConfig timeout;
  timeout.initial = timeout.timeout_min = timeout.timeout_max = 100ms;
  timeout.samples_min = 1000;
  BreakerConfig breaker;
  breaker.consecutive_failures = 3;
  auto pipeline = PipelineBuilder{}.breaker(breaker).timeout(timeout).build(clock);
  const auto taking = [&](Duration took) {
    return pipeline->run({}, [&](const Attempt& attempt) {
      clock.at += took;
      CHECK(attempt.should_stop() == (took >= 100ms));
      return 1;
    });
  };
  CHECK(taking(100ms).cause == Cause::answered);
  const auto late = taking(100ms + 1us);
  CHECK(late.value == 1);
  CHECK(late.cause == Cause::late);
  CHECK(taking(200ms).cause == Cause::late);
  CHECK(taking(300ms).cause == Cause::late);
  CHECK(taking(1ms).cause == Cause::breaker_open);
  CHECK(pipeline->snapshot().timeouts == 3);
}

TEST_CASE("the fallback answers for whatever stage refused, with its age, and remembers only good answers") {
  ManualClock clock;
  FallbackHandler<int> fallback;
  fallback.cached(10s);
  auto pipeline = PipelineBuilder{}.breaker({}).build(clock);
  CallOptions options;
  options.key = 9;
  CHECK(pipeline->run(options, Flaky{0}, fallback).stage == On::operation);
  pipeline->set_breaker_mode(BreakerMode::forced_open);
  clock.at += 3s;
  const auto cached = pipeline->run(options, Flaky{0}, fallback);
  CHECK(cached.value == 42);
  CHECK(cached.stage == On::fallback);
  CHECK(cached.stopped == On::breaker);
  CHECK(cached.cause == Cause::breaker_open);
  CHECK(cached.retry_after == forever);
  CHECK(cached.age == 3s);
  clock.at += 7s + 1us;
  CHECK_FALSE(pipeline->run(options, Flaky{0}, fallback).value);
  CHECK(pipeline->snapshot().fallbacks == 2);
  CHECK(pipeline->snapshot().fallback_cached == 1);
  fallback.set_read_only("degraded");
  options.writes = true;
  pipeline->set_breaker_mode(BreakerMode::enabled);
  Flaky untouched{0};
  const auto write = pipeline->run(
      options, [&] { return untouched(); }, fallback);
  CHECK(write.cause == Cause::read_only);
  CHECK(write.fallback == FallbackSource::read_only);
  CHECK(write.detail == "degraded");
  CHECK(untouched.calls == 0);
}

TEST_CASE("a callable may say in its own words how it went") {
  ManualClock clock;
  auto pipeline = PipelineBuilder{}.breaker({}).retry(steady_retries(3)).build(clock);
  int calls = 0;
  const auto busy = pipeline->run({}, [&]() -> Attempted<int> {
    ++calls;
    return {std::nullopt, {AttemptEnd::overloaded, true, std::nullopt}};
  });
  CHECK(busy.cause == Cause::overloaded);
  CHECK(calls == 1);
  const auto pushed = pipeline->run({}, [&]() -> Attempted<int> {
    if (++calls == 2) return {std::nullopt, {AttemptEnd::overloaded, true, 500ms}};
    return {8, {}};
  });
  CHECK(pushed.value == 8);
  CHECK(clock.waits.back() == 500ms);
  for (int i = 0; i < 100; ++i) {
    pipeline->run({}, []() -> Attempted<int> { return {std::nullopt, {AttemptEnd::ignored, true, std::nullopt}}; });
  }
  CHECK(pipeline->snapshot().breaker == BreakerState::closed);
}

TEST_CASE("an intake limit and a cascade refuse before anything else is asked") {
  ManualClock clock;
  auto pipeline =
      PipelineBuilder{}.rate_limit({.rate_per_second = 10, .burst = 1}).cascade({}).breaker({}).build(clock);
  CHECK(pipeline->run({}, Flaky{0}));
  const auto limited = pipeline->run({}, Flaky{0});
  CHECK(limited.cause == Cause::rate_limited);
  CHECK(limited.retry_after == 100ms);
  pipeline->update_pressure({1000, 0, 0, 0});
  CHECK(pipeline->run({}, Flaky{0}).cause == Cause::cascade_priority);
  CallOptions optional;
  optional.optional = true;
  CHECK(pipeline->run(optional, Flaky{0}).cause == Cause::cascade_optional);
  CHECK(pipeline->snapshot().rejections() == 3);
  CHECK(pipeline->snapshot().pressure == 1000);
}

TEST_CASE("observe-only enforces nothing and tells what each stage would have done") {
  ManualClock clock;
  auto pipeline = PipelineBuilder{}
                      .rate_limit({.rate_per_second = 1, .burst = 1})
                      .cascade({})
                      .shedder({})
                      .breaker({})
                      .bulkhead({})
                      .timeout({})
                      .retry(steady_retries(3))
                      .observe_only()
                      .build(clock);
  pipeline->update_pressure({1000, 0, 0, 0});
  pipeline->set_pressure(1000);
  for (int i = 0; i < 20; ++i) {
    const auto answer = pipeline->run({}, Flaky{1});
    CHECK(answer.cause == Cause::failed);
    CHECK(answer.attempts == 1);
  }
  const ResilienceSnapshot seen = pipeline->snapshot();
  CHECK(seen.breaker == BreakerState::open);
  CHECK(seen.breaker_refusals == 15);
  CHECK(seen.retry_stops_by[static_cast<std::size_t>(RetryStop::observe_only)] == 20);
  CHECK(seen.cascade == CascadeLevel::fail_fast);
  CHECK(seen.count(Cause::failed) == 20);
}

TEST_CASE("incoherent settings are refused with every sentence, and a stalled clock ends no call by itself") {
  ManualClock clock;
  RetryConfig retry;
  retry.attempts_max = 9;
  retry.backoff.base = 3s;
  CHECK_THROWS_WITH(PipelineBuilder{}.breaker({}).retry(retry).build(clock),
                    Catch::Contains("retry.backoff.base (3s)") && Catch::Contains("breaker.consecutive_failures (5)"));
  clock.stalled = true;
  auto pipeline = PipelineBuilder{}.breaker({}).timeout({}).build(clock);
  for (int i = 0; i < 100; ++i) CHECK(pipeline->run({}, [] { return 1; }).took == 0us);
  CHECK(pipeline->percentiles(0).samples == 100);
  CHECK(pipeline->timeout(0) == 100ms);
}

TEST_CASE("who asks to stop while waiting is let go, and what is behind is not blamed") {
  ManualClock clock;
  std::stop_source stop;
  auto pipeline = PipelineBuilder{}.breaker({}).retry(steady_retries(3)).build(clock);
  CallOptions options;
  options.stop = stop.get_token();
  const auto answer = pipeline->run(options, [&](const Attempt& attempt) -> int {
    stop.request_stop();
    CHECK(attempt.should_stop());
    throw std::runtime_error("stopped");
  });
  CHECK(answer.cause == Cause::ignored);
  CHECK(answer.attempts == 1);
  CHECK(pipeline->snapshot().under_way == 0);
}

TEST_CASE("the answer to a retried call is no sample, and a retry that never left is paid back") {
  class Closing final : public PipelineClock {
   public:
    Instant now() noexcept override { return at; }
    void wait(std::unique_lock<std::mutex>&, std::condition_variable&, Instant until) override {
      at = until;
      if (close) of->core().breaker()->set_mode(BreakerMode::forced_open, at);
    }
    Instant at = instant_from_us(1'000'000);
    Pipeline* of = nullptr;
    bool close = false;
  } clock;
  auto pipeline = PipelineBuilder{}.breaker({}).timeout({}).retry(steady_retries(3)).build(clock);
  clock.of = pipeline.get();
  CHECK(pipeline->run({}, Flaky{1}).value == 42);
  CHECK(pipeline->percentiles(0).samples == 0);
  CHECK(pipeline->run({}, Flaky{0}).value == 42);
  CHECK(pipeline->percentiles(0).samples == 1);
  const std::uint64_t before = pipeline->snapshot().retry_millitokens;
  clock.close = true;
  const auto refused = pipeline->run({}, Flaky{1});
  CHECK(refused.cause == Cause::breaker_open);
  CHECK(refused.attempts == 1);
  // Its own deposit of a tenth, and no token less.
  CHECK(pipeline->snapshot().retry_millitokens == before + 100);
}
