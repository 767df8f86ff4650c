// The pipeline for coroutines on real time: a thin shell, tried with what only real timers can show.
#include <hawser/interconnect/zmq/pipeline_timers.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;
namespace asio = boost::asio;

namespace {

using SteadyPipelineClock = StdPipelineClock<std::chrono::steady_clock>;

asio::awaitable<int> answer_never() {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer{executor, std::chrono::hours{1}};
  co_await timer.async_wait(asio::use_awaitable);
  co_return 0;
}

}  // namespace

TEST_CASE("pipeline timers: they come in the order of their instants, and cancelled ones do not come") {
  asio::io_context io;
  SteadyPipelineClock clock;
  AsioPipelineTimers timers{io.get_executor()};
  std::vector<int> came;
  const Instant now = clock.now();
  timers.at(now + 3ms, [&] { came.push_back(3); });
  const std::uint64_t two = timers.at(now + 2ms, [&] { came.push_back(2); });
  timers.at(now + 1ms, [&] { came.push_back(1); });
  timers.at(now - 1s, [&] {
    came.push_back(0);
    // From inside one: not before this one has ended.
    timers.at(now, [&] { came.push_back(4); });
    CHECK(came.size() == 1);
  });
  timers.at(never, [&] { came.push_back(9); });
  CHECK(came.empty());
  timers.cancel(two);
  timers.cancel(two);
  timers.cancel(123'456);
  io.run();
  CHECK(came == std::vector<int>{0, 4, 1, 3});
  CHECK(timers.waiting() == 1);
}

TEST_CASE("pipeline timers: going away with waits pending runs none of them") {
  asio::io_context io;
  bool came = false;
  {
    AsioPipelineTimers timers{io.get_executor()};
    timers.at(SteadyPipelineClock{}.now(), [&] { came = true; });
  }
  io.run();
  CHECK_FALSE(came);
}

TEST_CASE("pipeline timers: an awaitable that hangs is cancelled at its timeout on real time, and the loop ends") {
  asio::io_context io;
  SteadyPipelineClock clock;
  AsioPipelineTimers timers{io.get_executor()};
  TimeoutConfig timeout;
  timeout.initial = timeout.timeout_min = timeout.timeout_max = 20ms;
  timeout.margin = 0us;
  const auto pipeline = PipelineBuilder{}.timeout(timeout).build(clock);
  std::optional<PipelineResult<int>> result;
  const auto ask = [&]() -> asio::awaitable<void> {
    const CallOptions options;
    const auto operation = [](const Attempt&) { return answer_never(); };
    result = co_await run_async(*pipeline, timers, options, operation);
  };
  asio::co_spawn(io, ask(), asio::detached);
  // It would run for an hour if nothing were cancelled.
  io.run();
  REQUIRE(result);
  CHECK(result->cause == PipelineCause::timed_out);
  CHECK(result->took >= 20ms);
  CHECK(timers.waiting() == 0);
}
