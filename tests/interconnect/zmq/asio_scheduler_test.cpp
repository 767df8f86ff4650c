// Timers on real time, run by a loop.
#include <hawser/interconnect/zmq/asio_scheduler.hpp>
#include <hawser/interconnect/zmq/loop_thread.hpp>
#include "real_loop.hpp"

#include <vector>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

struct Clockwork {
  boost::asio::io_context io;
  LoopThread loop{io};
  AsioScheduler scheduler{io, loop};
  std::vector<int> ran;

  Instant in(std::int64_t us) const { return later(scheduler.now(), Duration{us}); }
  void run() {
    io.restart();
    io.run_for(5s);
  }
};

}  // namespace

TEST_CASE("timers run in the order of their time, and of their setting where that is the same") {
  Clockwork clock;
  const Instant base = clock.in(2000);
  clock.scheduler.at(later(base, Duration{3000}), [&] { clock.ran.push_back(4); });
  clock.scheduler.at(base, [&] { clock.ran.push_back(1); });
  clock.scheduler.at(base, [&] { clock.ran.push_back(2); });
  clock.scheduler.at(later(base, Duration{1000}), [&] { clock.ran.push_back(3); });
  clock.scheduler.at(instant_from_us(0), [&] { clock.ran.push_back(0); });
  CHECK(clock.ran.empty());  // never from inside the call
  clock.run();
  CHECK(clock.ran == std::vector<int>{0, 1, 2, 3, 4});
  CHECK(clock.scheduler.waiting() == 0);
}

TEST_CASE("the cheap clocks never run ahead or back, and follow") {
  Clockwork clock;
  using Read = Instant (AsioScheduler::*)() const noexcept;
  const Read read = GENERATE(Read{&AsioScheduler::about_now}, Read{&AsioScheduler::tick_now});
  const auto cheap = [&] { return (clock.scheduler.*read)(); };
  Instant last{};
  for (int i = 0; i < 100'000; ++i) {
    const Instant about = cheap();
    REQUIRE(about <= clock.scheduler.now());
    REQUIRE(about >= last);
    last = about;
  }
  for (int i = 0; i < 5; ++i) {
    const Instant before = clock.scheduler.now();
    while (cheap() < later(before, Scheduler::tick)) {
      REQUIRE(clock.scheduler.now() < later(before, Duration{5'000'000}));
    }
  }
}

TEST_CASE("no timer runs before its time") {
  Clockwork clock;
  for (int i = 0; i < 200; ++i) {
    const Instant due = clock.in(i * 97 + 1);
    clock.scheduler.at(due, [&clock, due, i] {
      CHECK(clock.scheduler.now() >= due);
      clock.ran.push_back(i);
    });
  }
  clock.run();
  CHECK(clock.ran.size() == 200);
}

TEST_CASE("a cancelled timer does not run, even when it was due and another cancels it") {
  Clockwork clock;
  TimerId second = TimerId::none;
  clock.scheduler.at(instant_from_us(1), [&] {
    clock.ran.push_back(1);
    clock.scheduler.cancel(second);
  });
  second = clock.scheduler.at(instant_from_us(2), [&] { clock.ran.push_back(2); });
  const TimerId third = clock.scheduler.at(clock.in(1000), [&] { clock.ran.push_back(3); });
  clock.scheduler.cancel(third);
  clock.scheduler.cancel(third);
  clock.scheduler.cancel(TimerId::none);
  clock.scheduler.cancel(TimerId{~std::uint64_t{0}});
  clock.run();
  CHECK(clock.ran == std::vector<int>{1});
}

TEST_CASE("the id of a past timer does not cancel the one that took its place") {
  Clockwork clock;
  const TimerId old_id = clock.scheduler.at(instant_from_us(1), [&] { clock.ran.push_back(1); });
  clock.run();
  clock.scheduler.at(clock.in(500), [&] { clock.ran.push_back(2); });
  clock.scheduler.cancel(old_id);
  clock.run();
  CHECK(clock.ran == std::vector<int>{1, 2});
}

TEST_CASE("a timer set inside a timer runs, and an earlier one overtakes what was planned") {
  Clockwork clock;
  clock.scheduler.at(clock.in(20'000), [&] { clock.ran.push_back(3); });
  clock.scheduler.at(clock.in(1000), [&] {
    clock.ran.push_back(1);
    clock.scheduler.at(clock.in(1000), [&] { clock.ran.push_back(2); });
  });
  clock.run();
  CHECK(clock.ran == std::vector<int>{1, 2, 3});
}

TEST_CASE("a hundred thousand cancelled timers are forgotten") {
  Clockwork clock;
  for (int i = 0; i < 100'000; ++i) clock.scheduler.cancel(clock.scheduler.at(clock.in(60'000'000), [] {}));
  CHECK(clock.scheduler.waiting() == 0);
  clock.scheduler.at(clock.in(10), [&] { clock.ran.push_back(1); });
  clock.run();  // with a minute's timer left over this would take its five seconds
  CHECK(clock.ran.size() == 1);
}

TEST_CASE("timers that wait when the scheduler goes never run, and free what they hold") {
  boost::asio::io_context io;
  LoopThread loop{io};
  const auto held = std::make_shared<int>(1);
  {
    AsioScheduler scheduler{io, loop};
    scheduler.at(instant_from_us(1), [held] { FAIL("the scheduler is gone"); });
  }
  io.run_for(20ms);
  CHECK(held.use_count() == 1);
}
