// Processes on hosts: timers, clocks, pauses, crashes, restarts.
#include <hawser/base/assert.hpp>
#include "probe.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>

#include <functional>
#include <set>

using namespace hawser;
using namespace hawser::sim;
using namespace hawser::sim::test;

namespace {

TimerId timer_in(Probe& probe, Duration delay, const std::string& what) {
  return probe.host.at(later(probe.host.now(), delay), [&probe, what] { probe.write(what); });
}

}  // namespace

TEST_CASE("timers fire in order, never from inside the call, and not when cancelled") {
  Stage stage;
  stage.start();
  Probe& a = stage.probe("a");
  timer_in(a, Duration{20}, "second");
  timer_in(a, Duration{10}, "first");
  const TimerId cancelled = timer_in(a, Duration{15}, "never");
  a.host.at(instant_from_us(0), [&a] { a.write("overdue"); });
  CHECK(stage.log("a").empty());
  a.host.cancel(cancelled);
  stage.run_ms(1);
  CHECK(stage.log("a") == Log{"0 overdue", "10 first", "20 second"});
}

TEST_CASE("a timer that is due already does not run once it is cancelled") {
  Stage stage;
  stage.start();
  Probe& a = stage.probe("a");
  TimerId second = TimerId::none;
  a.host.at(later(a.host.now(), Duration{10}), [&] { a.host.cancel(second); });
  second = timer_in(a, Duration{10}, "cancelled by the one before it");
  stage.run_ms(1);
  CHECK(stage.log("a").empty());
}

TEST_CASE("no two hosts agree on the time") {
  Stage stage;
  stage.start();
  CHECK(stage.world.at_host("a").now() != stage.world.at_host("b").now());
}

TEST_CASE("a fast clock fires early, a stepped one at once, a frozen one not before it goes on") {
  Stage stage;
  stage.start();
  Probe& a = stage.probe("a");
  timer_in(a, Duration{1'000'000}, "rate");
  stage.world.clock_rate("a", 250'000);  // five seconds in four
  stage.run_ms(2'000);
  CHECK(stage.log("a") == Log{"800000 rate"});

  timer_in(a, Duration{1'000'000}, "step");
  stage.world.clock_rate("a", 0);
  stage.world.clock_step("a", Duration{999'000});
  stage.run_ms(5);
  CHECK(stage.log("a").back() == "2001000 step");

  timer_in(a, Duration{10'000}, "frozen");
  stage.world.clock_rate("a", VirtualClock::frozen);
  stage.run_ms(60'000);
  CHECK(stage.log("a").back() == "2001000 step");
  stage.world.clock_rate("a", 0);
  stage.run_ms(60);
  CHECK(stage.log("a").back() == "62015000 frozen");
}

TEST_CASE("late timers are late within their bound, never early") {
  Stage stage;
  stage.start();
  stage.world.timers_late("a", Duration{5'000});
  for (int i = 0; i < 50; ++i) timer_in(stage.probe("a"), Duration{10'000}, "t");
  stage.run_ms(20);
  REQUIRE(stage.log("a").size() == 50);
  CHECK(std::stoll(stage.log("a").front()) >= 10'000);
  CHECK(std::stoll(stage.log("a").back()) > 13'000);
  CHECK(std::stoll(stage.log("a").back()) <= 15'000);
}

TEST_CASE(
    "a paused host does nothing while its clock runs and its kernel takes bytes; then everything comes in order") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  Probe& b = stage.probe("b");
  const Instant before = b.host.now();
  stage.world.pause("b");
  timer_in(b, Duration{5'000}, "timer");
  const TimerId cancelled = timer_in(b, Duration{6'000}, "cancelled");
  stage.probe("a").send(link, "one");
  stage.run_ms(10);
  stage.probe("a").send(link, "two");
  stage.run_ms(990);
  CHECK(stage.log("b").empty());
  CHECK(b.host.now() - before == Duration{1'000'000});
  b.host.cancel(cancelled);
  stage.world.resume("b");
  stage.run_ms(0);
  CHECK(stage.log("b") == Log{"1002000 one", "1002000 two", "1002000 timer"});
}

TEST_CASE("a paused host fills its sender's buffer") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.world.rate("a", "b", 0, 100);
  stage.world.pause("b");
  CHECK(stage.probe("a").send(link, std::string(100, 'x')) == SendResult::accepted);
  stage.run_ms(1'000);
  CHECK(stage.probe("a").send(link, "y") == SendResult::full);
  stage.world.resume("b");
  stage.run_ms(1);
  CHECK(stage.log("a") == Log{"1002000 writable"});
}

TEST_CASE("a dial to a paused host connects and never shakes hands; after the resume it does") {
  Stage stage;
  stage.start();
  stage.world.pause("b");
  stage.probe("a").dial("b");
  stage.run_ms(2'000);
  CHECK(stage.log("a").empty());
  stage.run_ms(2'000);
  CHECK(stage.log("a") == Log{"3000000 down handshake_timeout"});
  stage.probe("a").dial("b");
  stage.run_ms(1'000);
  stage.world.resume("b");
  stage.run_ms(1'000);
  CHECK(stage.log("a").back() == "5001000 up");
}

TEST_CASE("a slow host takes its time for every turn, and keeps the order") {
  Stage stage;
  stage.start();
  Probe& a = stage.probe("a");
  stage.world.slow("a", Duration{100});
  for (const char* what : {"one", "two", "three"}) timer_in(a, Duration{10}, what);
  timer_in(a, Duration{150}, "four");
  timer_in(a, Duration{1'000}, "idle again");
  stage.run_ms(2);
  CHECK(stage.log("a") == Log{"10 one", "110 two", "210 three", "310 four", "1000 idle again"});
}

TEST_CASE("a silent crash is heard by nobody; the machine answers again once it is restarted") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.world.crash("b");
  CHECK_FALSE(stage.world.alive("b"));
  CHECK(stage.probe("a").send(link, "into the void") == SendResult::accepted);
  stage.probe("a").dial("b");
  stage.run_ms(1'000);
  CHECK(stage.log("a") == Log{"502000 down connect_timeout"});
  stage.world.restart("b");
  stage.probe("a").send(link, "who are you");
  stage.run_ms(10);
  CHECK(stage.log("a").back() == "1004000 down closed_by_peer");
  CHECK(stage.log("b").empty());
}

TEST_CASE("a crash with reset is told one way later, and new dials are refused") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.connect("b", "a");
  stage.probe("a").send(link, "never read");
  stage.world.crash("b", ProcessEnd::with_reset);
  stage.probe("a").dial("b");
  stage.run_ms(10);
  CHECK(stage.log("a") == Log{"5000 down closed_by_peer", "6000 down connect_refused"});
}

TEST_CASE("timers, frames and coroutines of a crashed process are gone, and its memory with them") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  const auto held = std::make_shared<int>(0);
  Probe& b = stage.probe("b");
  timer_in(b, Duration{1'000'000}, "ghost");
  b.host.at(later(b.host.now(), Duration{2'000'000}), [held] {});
  boost::asio::post(b.host.loop(), [held] {});  // not run yet when the crash comes
  const auto wait_forever = [held]() -> boost::asio::awaitable<void> {
    const auto initiate = [](auto handler) {
      // Posted again and again until the crash, each time owning the suspended coroutine.
      auto executor = boost::asio::get_associated_executor(handler);
      boost::asio::post(executor, std::move(handler));
    };
    co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(initiate,
                                                                                        boost::asio::use_awaitable);
  };
  boost::asio::co_spawn(b.host.loop(), wait_forever, boost::asio::detached);
  CHECK(held.use_count() > 2);
  stage.probe("a").send(link, "late");
  stage.world.crash("b");
  CHECK(held.use_count() == 2);  // the coroutine's factory below still holds one
  stage.run_ms(5'000);
  CHECK(stage.log("b").empty());
}

TEST_CASE("a process that stops on purpose ends its connections in order") {
  Stage stage;
  const LinkId link = stage.connect("b", "a");
  stage.probe("b").send(link, "last words");
  stage.world.stop("b");
  stage.run_ms(10);
  CHECK_FALSE(stage.world.alive("b"));
  CHECK(stage.log("a") == Log{"3000 last words", "3000 closed"});
}

TEST_CASE("a restart from inside a turn waits for its end") {
  Stage stage;
  stage.start();
  Probe& a = stage.probe("a");
  a.host.at(later(a.host.now(), Duration{100}), [&] { stage.world.restart("a"); });
  stage.run_ms(1);
  CHECK(stage.world.alive("a"));
  CHECK(stage.world.at_host("a").starts() == 2);
}

TEST_CASE("the wall clock grows over restarts, and a step back is what it says") {
  Stage stage;
  stage.start();
  Host& a = stage.world.at_host("a");
  const std::int64_t first = a.wall_clock_us();
  stage.world.restart("a");
  const std::int64_t second = a.wall_clock_us();
  CHECK(second > first);
  stage.world.wall_step("a", Duration{-3'600'000'000});
  CHECK(a.wall_clock_us() < first);
}

TEST_CASE("each run of a process draws other numbers, the same in every world with that seed") {
  const auto draws = [](std::uint64_t seed) {
    WorldOptions options = Stage::fixed_delay();
    options.seed = seed;
    Stage stage{options};
    stage.start();
    Host& a = stage.world.at_host("a");
    std::vector<std::uint64_t> all{a.make_random().next(), a.make_random().next(),
                                   stage.world.at_host("b").make_random().next()};
    stage.world.restart("a");
    all.push_back(a.make_random().next());
    return all;
  };
  const auto once = draws(42);
  CHECK(once == draws(42));
  CHECK(once != draws(43));
  CHECK(std::set<std::uint64_t>(once.begin(), once.end()).size() == 4);
}

TEST_CASE("a timer that is always due stops the run instead of hanging it") {
  struct Stuck {};
  const auto before = set_assertion_handler([](const AssertionSite&) { throw Stuck{}; });
  Stage stage;
  stage.start();
  Probe& a = stage.probe("a");
  std::function<void()> again = [&] { a.host.at(a.host.now(), [&] { again(); }); };
  again();
  CHECK_THROWS_AS(stage.run_ms(1), Stuck);
  set_assertion_handler(before);
}
