#include <hawser/base/random.hpp>
#include <hawser/resilience/load_shedder.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;

namespace {

constexpr Instant start = instant_from_us(1'000'000);

// One place, and a room for four.
LoadShedderConfig narrow() {
  LoadShedderConfig config;
  config.limit.limit_min = config.limit.limit_initial = config.limit.limit_max = 1;
  config.queue_max = 4;
  // These tests look at one rule at a time: a fuller room closes nothing.
  config.pressure_from = config.pressure_to = 1001;
  return config;
}

// Teaches it a service time of 10 ms.
Instant learn(LoadShedder& shedder, Instant now) {
  for (int i = 0; i < 20; ++i, now += 10ms) {
    REQUIRE(shedder.offer({}, now).admitted);
    shedder.finished(now + 10ms, 10ms);
  }
  REQUIRE(shedder.service_p50() == 10ms);
  return now;
}

}  // namespace

TEST_CASE("the first runs, the others wait by priority and arrival, and the limit holds") {
  LoadShedder shedder{narrow(), start};
  CHECK(shedder.offer({4, never, nullptr}, start).admitted);
  const auto low = shedder.offer({1, never, nullptr}, start).ticket;
  const auto high = shedder.offer({7, never, nullptr}, start).ticket;
  const auto next = shedder.offer({7, never, nullptr}, start).ticket;
  CHECK_FALSE(shedder.poll(start));
  for (const auto ticket : {high, next, low}) {
    shedder.finished(start, 1ms);
    const auto event = shedder.poll(start);
    REQUIRE(event);
    CHECK(event->ticket == ticket);
    CHECK_FALSE(event->rejection);
    CHECK_FALSE(shedder.poll(start));
    CHECK(shedder.running() == 1);
  }
}

TEST_CASE("a full room refuses who is not more important, and lets who is displace the least") {
  LoadShedder shedder{narrow(), start};
  CHECK(shedder.offer({4, never, nullptr}, start).admitted);
  std::vector<std::uint64_t> waiting;
  for (const std::uint8_t priority : std::vector<std::uint8_t>{3, 2, 2, 5})
    waiting.push_back(shedder.offer({priority, never, nullptr}, start).ticket);
  const auto refused = shedder.offer({2, never, nullptr}, start).rejection;
  REQUIRE(refused);
  CHECK(refused->reason == ShedReason::queue_full);
  CHECK(refused->retry_after >= 50ms);
  CHECK(shedder.offer({6, never, nullptr}, start).ticket != 0);
  const auto out = shedder.poll(start);
  REQUIRE(out);
  CHECK(out->ticket == waiting[1]);
  CHECK(out->rejection->reason == ShedReason::displaced);
  CHECK(shedder.waiting() == 4);
}

TEST_CASE("first come first served, until the oldest has waited more than twice the service time") {
  LoadShedder shedder{narrow(), start};
  Instant now = learn(shedder, start);
  CHECK(shedder.target() == 20ms);
  CHECK(shedder.offer({}, now).admitted);
  std::vector<std::uint64_t> tickets;
  for (int i = 0; i < 3; ++i) tickets.push_back(shedder.offer({}, now).ticket);
  SECTION("exactly twice is not more") {
    shedder.finished(now + 20ms, 10ms);
    CHECK(shedder.poll(now + 20ms)->ticket == tickets[0]);
    CHECK(shedder.newest_first() == 0);
  }
  SECTION("a microsecond later it is") {
    shedder.finished(now + 20ms + 1us, 10ms);
    CHECK(shedder.poll(now + 20ms + 1us)->ticket == tickets[2]);
    CHECK(shedder.newest_first() == 1);
  }
}

TEST_CASE("what could not end in time is refused at the door and in the queue, and exactly in time is not") {
  LoadShedder shedder{narrow(), start};
  const Instant now = learn(shedder, start);
  CHECK(shedder.offer({4, now, nullptr}, now).rejection->reason == ShedReason::expired);
  CHECK(shedder.offer({4, now + 9'999us, nullptr}, now).rejection->reason == ShedReason::cannot_finish);
  CHECK(shedder.offer({4, now + 10ms, nullptr}, now).admitted);
  const auto waiting = shedder.offer({4, now + 50ms, nullptr}, now).ticket;
  // One is ahead now: the wait counts.
  CHECK(shedder.offer({4, now + 19ms, nullptr}, now).rejection->reason == ShedReason::cannot_finish);
  CHECK(shedder.next_wake() == now + 50ms);
  CHECK_FALSE(shedder.poll(now + 40ms));
  const auto late = shedder.poll(now + 40ms + 1us);
  REQUIRE(late);
  CHECK(late->ticket == waiting);
  CHECK(late->rejection->reason == ShedReason::cannot_finish);
}

TEST_CASE("pressure closes priorities from the bottom, at its marks, and the highest never") {
  LoadShedderConfig config;
  LoadShedder shedder{config, start};
  const auto level = [&](std::uint32_t permille) {
    shedder.set_pressure(permille);
    return static_cast<int>(shedder.level());
  };
  CHECK(level(499) == 0);
  CHECK(level(500) == 1);
  CHECK(level(949) == 6);
  CHECK(level(950) == 7);
  CHECK(level(5'000) == 7);
  const auto refused = shedder.offer({6, never, nullptr}, start).rejection;
  REQUIRE(refused);
  CHECK(refused->reason == ShedReason::pressure);
  CHECK(refused->level == 7);
  CHECK(shedder.offer({7, never, nullptr}, start).admitted);
  shedder.set_pressure(0);
  CHECK(shedder.offer({0, never, nullptr}, start).admitted);
}

TEST_CASE("its own full room is pressure, too") {
  LoadShedderConfig config = narrow();
  config.queue_max = 10;
  config.pressure_from = 500;
  config.pressure_to = 900;
  LoadShedder shedder{config, start};
  CHECK(shedder.offer({}, start).admitted);
  for (int i = 0; i < 7; ++i) REQUIRE(shedder.offer({}, start).ticket != 0);
  CHECK(shedder.pressure() == 400);
  CHECK(shedder.offer({0, never, nullptr}, start).ticket != 0);
  CHECK(shedder.pressure() == 600);
  CHECK(shedder.offer({0, never, nullptr}, start).rejection->reason == ShedReason::pressure);
}

TEST_CASE("a share of the limit is what a cascade leaves, and the floor stays") {
  LoadShedderConfig config;
  config.limit.limit_initial = 8;
  LoadShedder shedder{config, start};
  shedder.set_share(750);
  CHECK(shedder.limit() == 6);
  shedder.set_share(0);
  CHECK(shedder.limit() == config.limit.limit_min);
}

TEST_CASE("an observing shedder admits all and counts") {
  LoadShedderConfig config = narrow();
  config.observe_only = true;
  LoadShedder shedder{config, start};
  for (int i = 0; i < 10; ++i) CHECK(shedder.offer({0, start, nullptr}, start).admitted);
  CHECK(shedder.rejected(ShedReason::expired) == 10);
  CHECK(shedder.running() == 10);
}

TEST_CASE("whatever happens, each offer ends once and the bounds hold") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random{seed};
    LoadShedderConfig config;
    config.queue_max = static_cast<std::uint32_t>(random.below(20));
    LoadShedder shedder{config, start};
    Instant now = start;
    std::map<std::uint64_t, int> ends;
    std::uint32_t running = 0;
    for (int i = 0; i < 3'000; ++i) {
      now += Duration{random.between(std::int64_t{0}, std::int64_t{4'000})};
      if (random.chance(600'000)) {
        const auto answer =
            shedder.offer({static_cast<std::uint8_t>(random.below(8)),
                           now + Duration{random.between(std::int64_t{-10}, std::int64_t{200'000})}, nullptr},
                          now);
        REQUIRE((answer.admitted + (answer.ticket != 0) + answer.rejection.has_value()) == 1);
        running += answer.admitted ? 1 : 0;
        if (answer.ticket != 0) ends[answer.ticket] = 0;
      } else if (running > 0) {
        random.chance(800'000) ? shedder.finished(now, Duration{random.between(std::int64_t{0}, std::int64_t{50'000})})
                               : shedder.gone();
        --running;
      }
      if (random.chance(50'000) && !ends.empty() && shedder.cancel(ends.rbegin()->first)) ++ends.rbegin()->second;
      while (const auto event = shedder.poll(now)) {
        REQUIRE(++ends.at(event->ticket) == 1);
        running += event->rejection ? 0 : 1;
      }
      REQUIRE(shedder.running() == running);
      REQUIRE(shedder.waiting() <= config.queue_max);
    }
    std::size_t open = 0;
    for (const auto& [ticket, count] : ends) open += count == 0 ? 1 : 0;
    CHECK(open == shedder.waiting());
  }
}
