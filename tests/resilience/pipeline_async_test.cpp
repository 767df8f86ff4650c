// Coroutines on an io_context that is polled, beside a heap of virtual timers: no real time passes.
#include <hawser/base/timer_queue.hpp>
#include <hawser/resilience/pipeline_async.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <stdexcept>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;
namespace asio = boost::asio;

namespace {

class VirtualWorld final : public PipelineClock, public PipelineTimers {
 public:
  Instant now() noexcept override { return now_; }
  void wait(std::unique_lock<std::mutex>&, std::condition_variable&, Instant) override { FAIL("nobody may block"); }
  std::uint64_t at(Instant at, UniqueFunction<void()> what) override {
    return static_cast<std::uint64_t>(timers_.add(at, std::move(what)));
  }
  void cancel(std::uint64_t id) noexcept override { timers_.cancel(TimerQueue::Key{id}); }

  void run_until(Instant end) {
    for (;;) {
      io.restart();
      if (io.poll() > 0) continue;
      if (timers_.next() > end) break;
      now_ = std::max(now_, timers_.next());
      timers_.pop_due(now_)();
    }
    now_ = std::max(now_, end);
  }
  std::size_t timers() const { return timers_.size(); }
  // A coroutine's sleep that can be cancelled, as an Asio timer's can.
  asio::awaitable<void> sleep(Duration length) {
    auto bell = std::make_shared<pipeline_detail::Doorbell>();
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    const std::uint64_t timer = at(now_ + length, [bell] { bell->ring(); });
    {
      const pipeline_detail::CancelForward forward{state.slot(), [bell](asio::cancellation_type) { bell->ring(); }};
      co_await bell->wait();
    }
    cancel(timer);
    if (state.cancelled() != asio::cancellation_type::none) throw std::runtime_error("cancelled");
  }

  asio::io_context io;

 private:
  Instant now_ = instant_from_us(1'000'000);
  TimerQueue timers_;
};

TimeoutConfig timeout_of(Duration length) {
  TimeoutConfig config;
  config.initial = config.timeout_min = config.timeout_max = length;
  config.margin = 0us;
  return config;
}

template <typename F>
std::shared_ptr<std::optional<PipelineResult<int>>> start(VirtualWorld& world, Pipeline& pipeline, CallOptions options,
                                                          F operation) {
  auto answer = std::make_shared<std::optional<PipelineResult<int>>>();
  auto body = [](VirtualWorld& w, Pipeline& p, CallOptions o, F op, auto out) -> asio::awaitable<void> {
    *out = co_await run_async(p, w, o, op);
  };
  asio::co_spawn(world.io, body(world, pipeline, options, operation, answer), asio::detached);
  return answer;
}

}  // namespace

TEST_CASE("an awaitable that is too slow is cancelled at its timeout, retried, and the answer says so") {
  VirtualWorld world;
  RetryConfig retry;
  retry.backoff.jitter = Jitter::none;
  auto pipeline = PipelineBuilder{}.timeout(timeout_of(100ms)).retry(retry).build(world);
  std::vector<Instant> began;
  const auto answer = start(world, *pipeline, {}, [&](const Attempt& attempt) -> asio::awaitable<int> {
    began.push_back(world.now());
    co_await world.sleep(attempt.number < 3 ? 10s : 30ms);
    co_return 7;
  });
  const Instant zero = world.now();
  world.run_until(zero + 1s);
  REQUIRE(answer->has_value());
  CHECK((*answer)->value == 7);
  CHECK((*answer)->attempts == 3);
  CHECK((*answer)->cause == PipelineCause::answered);
  // The delays of 20 and 40 ms count from the start of the attempt, and are over when it times out.
  CHECK(began == std::vector{zero, zero + 100ms, zero + 200ms});
  CHECK(world.timers() == 0);
  CHECK(pipeline->snapshot().timeouts == 2);
}

TEST_CASE("a coroutine waits for a place without blocking the loop, and gives up when its wait ends") {
  VirtualWorld world;
  BulkheadConfig walls;
  walls.capacity = 1;
  walls.groups = {BulkheadGroup{"all", 0, 0, 0, 2, 50ms}};
  auto pipeline = PipelineBuilder{}.bulkhead(walls).build(world);
  const auto work = [&](const Attempt&) -> asio::awaitable<int> {
    co_await world.sleep(40ms);
    co_return 1;
  };
  const auto first = start(world, *pipeline, {}, work);
  const auto second = start(world, *pipeline, {}, work);
  const auto third = start(world, *pipeline, {}, work);
  const auto fourth = start(world, *pipeline, {}, work);
  world.run_until(world.now() + 1s);
  CHECK((*first)->took == 40ms);
  CHECK((*second)->took == 80ms);
  CHECK((*third)->cause == PipelineCause::bulkhead_wait_expired);
  CHECK((*third)->took == 50ms);
  CHECK((*fourth)->cause == PipelineCause::bulkhead_queue_full);
  CHECK(pipeline->snapshot().under_way == 0);
  CHECK(pipeline->snapshot().bulkhead_in_use == 0);
}

TEST_CASE("cancelling the caller cancels the attempt, or its wait, and says nothing about what was called") {
  VirtualWorld world;
  BulkheadConfig walls;
  walls.capacity = 1;
  walls.groups = {BulkheadGroup{"all", 0, 0, 0, 2, 10s}};
  BreakerConfig breaker;
  breaker.consecutive_failures = breaker.probes_max = 1;
  auto pipeline = PipelineBuilder{}.breaker(breaker).bulkhead(walls).build(world);
  asio::cancellation_signal stop_first;
  asio::cancellation_signal stop_second;
  std::optional<PipelineResult<int>> first;
  std::optional<PipelineResult<int>> second;
  auto work = [&](const Attempt&) -> asio::awaitable<int> {
    co_await world.sleep(1h);
    co_return 1;
  };
  auto body = [&](std::optional<PipelineResult<int>>& out) -> asio::awaitable<void> {
    CallOptions options;
    out = co_await run_async(*pipeline, world, options, work);
  };
  asio::co_spawn(world.io, body(first), asio::bind_cancellation_slot(stop_first.slot(), asio::detached));
  asio::co_spawn(world.io, body(second), asio::bind_cancellation_slot(stop_second.slot(), asio::detached));
  world.run_until(world.now() + 1s);
  REQUIRE_FALSE(first);
  stop_second.emit(asio::cancellation_type::terminal);
  world.run_until(world.now() + 1ms);
  REQUIRE(second);
  CHECK(second->cause == PipelineCause::ignored);
  stop_first.emit(asio::cancellation_type::terminal);
  world.run_until(world.now() + 1ms);
  REQUIRE(first);
  CHECK(first->cause == PipelineCause::ignored);
  CHECK(pipeline->snapshot().breaker == BreakerState::closed);
  CHECK(pipeline->snapshot().bulkhead_in_use == 0);
  CHECK(pipeline->snapshot().under_way == 0);
  CHECK(world.timers() == 0);
}
