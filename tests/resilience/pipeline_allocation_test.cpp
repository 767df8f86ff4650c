#include <hawser/resilience/pipeline.hpp>

#include <catch2/catch.hpp>
#include <support/counted_new.hpp>

#include <thread>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;

namespace {

class ManualClock final : public PipelineClock {
 public:
  Instant now() noexcept override { return at; }
  void wait(std::unique_lock<std::mutex>&, std::condition_variable&, Instant until) override { at = until; }
  Instant at = instant_from_us(1'000'000);
};

}  // namespace

TEST_CASE("a call that is admitted and answered allocates nothing, through every stage") {
  ManualClock clock;
  FallbackHandler<int> fallback;
  fallback.cached(1s).default_value(0);
  auto pipeline = PipelineBuilder{}
                      .rate_limit({.rate_per_second = 1'000'000, .burst = 1000})
                      .cascade({})
                      .shedder({})
                      .breaker({})
                      .bulkhead({})
                      .timeout({})
                      .retry({})
                      .build(clock);
  int answered = 0;
  const auto call = [&](int i) {
    CallOptions options;
    options.key = static_cast<std::uint64_t>(i % 8);
    options.operation = static_cast<std::uint64_t>(i % 4);
    const auto answer = pipeline->run(
        options,
        [&](const Attempt&) {
          clock.at += Duration{100 + i % 50 * 100};
          return i;
        },
        fallback);
    answered += answer.cause == PipelineCause::answered ? 1 : 0;
  };
  // Histograms and rings grow to what the traffic needs: a window's worth of it.
  for (int i = 0; i < 40'000; ++i) call(i);
  const std::uint64_t before = test::allocations();
  for (int i = 0; i < 40'000; ++i) call(i);
  CHECK(test::allocations() - before == 0);
  CHECK(answered == 80'000);
  // The counter counts.
  const std::vector<int> proof(3);
  CHECK((test::allocations() - before >= 1 || !test::counts_allocations()));
}

TEST_CASE("many threads share one pipeline: its walls hold and its books balance") {
  class Clock final : public PipelineClock {
   public:
    // Every look is a microsecond, so that no thread needs real time to pass.
    Instant now() noexcept override { return Instant{Duration{++ticks}}; }
    void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& notified, Instant) override {
      notified.wait_for(lock, std::chrono::microseconds{100});
    }
    std::atomic<std::int64_t> ticks{1'000'000};
  } clock;
  BulkheadConfig walls;
  walls.capacity = 3;
  walls.groups = {BulkheadGroup{"all", 0, 0, 0, 8, 10s}};
  RetryConfig retry;
  retry.backoff.base = 1ms;
  retry.budgeted = false;
  BreakerConfig breaker;
  breaker.consecutive_failures = 0;
  breaker.failure_percent = 0;
  breaker.slow_percent = 0;
  auto pipeline = PipelineBuilder{}.shedder({}).breaker(breaker).bulkhead(walls).timeout({}).retry(retry).build(clock);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<std::uint64_t> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const auto answer = pipeline->run({}, [&](const Attempt& attempt) {
          const int now = ++inside;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          --inside;
          if ((i + t) % 7 == 0 && attempt.number == 1) throw 1;
          return i;
        });
        answered += answer.value.has_value() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const ResilienceSnapshot seen = pipeline->snapshot();
  CHECK(most <= 3);
  CHECK(seen.submitted == 2'000);
  CHECK(seen.under_way == 0);
  CHECK(seen.bulkhead_in_use == 0);
  CHECK(seen.running == 0);
  CHECK(seen.count(PipelineCause::answered) + seen.count(PipelineCause::late) == answered);
  CHECK(answered > 1'900);
}
