// SessionClock: how long a frame was under way, when clocks differ, drift, and the way is jammed.
#include <hawser/base/random.hpp>
#include <hawser/interconnect/session_clock.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace hawser;

namespace {

constexpr std::int64_t skew = 987'654'321;  // of the two clocks; nobody knows it

Instant at(std::int64_t us) { return instant_from_us(us + skew); }

}  // namespace

TEST_CASE("session clock: before a round trip has confirmed anything, nothing is charged") {
  const SessionClock clock{0};
  CHECK_FALSE(clock.confirmed(at(0)));
  CHECK(clock.charge(0, at(5'000'000)) == Duration::zero());
}

TEST_CASE("session clock: time beyond the base delay is charged, whatever the clocks say") {
  SessionClock clock{0};
  clock.confirm(0, at(100), Duration{200});
  CHECK(clock.charge(1'000'000, at(1'000'100)) == Duration::zero());
  CHECK(clock.charge(1'000'000, at(1'000'050)) == Duration::zero());
  CHECK(clock.charge(1'000'000, at(1'300'100)) == Duration{300'000});
}

TEST_CASE("session clock: a jam that lasts does not become the measure, even if round trips confirm it") {
  SessionClock clock{100};
  clock.confirm(0, at(100), Duration{200});
  for (std::int64_t s = 1; s <= 60; ++s) clock.confirm(s * 1'000'000, at(s * 1'000'000 + 900'000), Duration{900'100});
  const Duration charged = clock.charge(61'000'000, at(61'900'000));
  CHECK(charged <= Duration{900'000});
  CHECK(charged >= Duration{900'000 - 100 - 62 * 200});
}

TEST_CASE(
    "session clock: in a congestion the error is the drift since a prompt trip, at most the wait of the fastest") {
  SessionClock clock{50'000};
  clock.confirm(0, at(300), Duration{600});
  constexpr std::int64_t least = 400'000;
  for (std::int64_t sent = 200'000; sent <= 60'000'000; sent += 200'000) {
    const std::int64_t wait = sent % 1'000'000 == 0 ? least : 700'000;
    clock.confirm(sent, at(sent + wait + 300), Duration{wait + 600});
    const std::int64_t charged = to_us(clock.charge(sent, at(sent + 1'000'300)));
    const std::int64_t drift = (sent + 1'000'000) / 10 + 200;
    INFO("after " << sent);
    CHECK(charged <= 1'000'000);
    CHECK(charged >= 1'000'000 - std::min(drift, least + 200'000));  // and what it drifts from one such to the next
  }
}

TEST_CASE("session clock: a jammed beginning is corrected by the first punctual frame") {
  SessionClock clock{0};
  clock.confirm(0, at(800'000), Duration{800'100});
  CHECK(clock.charge(1'000'000, at(1'500'000)) == Duration::zero());
  clock.confirm(2'000'000, at(2'000'100), Duration{200});
  CHECK(clock.charge(3'000'000, at(3'500'100)) == Duration{500'000});
}

TEST_CASE("session clock: clocks that drift within the bound never make a punctual frame late") {
  const std::int64_t drift_ppm = GENERATE(-50'000, -1'000, 0, 1'000, 50'000);
  SessionClock clock{50'000};
  Random random{42};
  // The sender's clock runs at (1 + d), ours at (1 - d): the worst the bound allows.
  const auto theirs = [&](std::int64_t real) { return real + real * drift_ppm / 1'000'000; };
  const auto ours = [&](std::int64_t real) { return at(real - real * drift_ppm / 1'000'000); };
  for (std::int64_t real = 0; real < 600'000'000; real += 200'000) {
    if (random.chance(100'000)) clock.confirm(theirs(real), ours(real + 300), Duration{600});
    if (!clock.confirmed(ours(real))) continue;
    const Duration punctual = clock.charge(theirs(real), ours(real + 300));
    CHECK(punctual <= Duration{40});  // what 300 us on the way are by a fast clock, and rounding
  }
}

TEST_CASE("session clock: a late frame is charged its delay less one base delay and the drift since the sample") {
  SessionClock clock{50'000};
  clock.confirm(0, at(300), Duration{600});
  const std::int64_t age = 2'000'000;
  const Duration charged = clock.charge(age, at(age + 1'000'000));
  CHECK(charged <= Duration{1'000'000});
  CHECK(charged >= Duration{1'000'000 - 300 - (age + 1'000'000) / 10 - 200});
}

TEST_CASE("session clock: numbers that only a liar sends do no harm") {
  SessionClock clock{50'000};
  clock.confirm(INT64_MIN, at(1), Duration{1});
  CHECK(clock.charge(INT64_MAX, at(1)) == Duration::zero());
  clock.confirm(INT64_MAX, at(1), Duration{1});
  CHECK(clock.charge(INT64_MIN, at(1)) > Duration::zero());
}

TEST_CASE("session clock: the round trip is smoothed by eighths, and its minimum kept") {
  SessionClock clock{0};
  clock.confirm(0, at(0), Duration{800});
  CHECK(clock.round_trip() == Duration{800});
  clock.confirm(0, at(0), Duration{1'600});
  CHECK(clock.round_trip() == Duration{900});
  CHECK(clock.round_trip_min() == Duration{800});
}

TEST_CASE("session clock: over a long quiet session the error is one base delay and the drift between two trips") {
  const std::int64_t drift_ppm = GENERATE(-50'000, 0, 50'000);
  SessionClock clock{50'000, Duration{1'200'000}};
  constexpr std::int64_t base = 300;
  constexpr std::int64_t interval = 200'000;
  constexpr std::int64_t hour = 3'600'000'000;
  const auto theirs = [&](std::int64_t real) { return real + real / 1'000'000 * drift_ppm; };
  const auto ours = [&](std::int64_t real) { return at(real - real / 1'000'000 * drift_ppm); };
  for (std::int64_t real = 0; real < hour; real += 1'000'000) {
    clock.confirm(theirs(real), ours(real + base), Duration{2 * base});
  }
  const std::int64_t sent = hour - 1'000'000 + interval;
  for (const std::int64_t late : {0, 10'000, 500'000, 900'000}) {
    const std::int64_t charged = to_us(clock.charge(theirs(sent), ours(sent + base + late)));
    INFO("late by " << late << ", drift " << drift_ppm);
    CHECK(charged <= late + late / 20 + base);
    CHECK(charged >= late - late / 20 - base - (interval + late + base) / 10 - 200 - interval / 10);
  }
}

TEST_CASE("session clock: what comes out of a long silence is charged all of it but what one answer may take") {
  SessionClock clock{50'000, Duration{1'200'000}};
  clock.confirm(0, at(300), Duration{600});
  const std::int64_t silence = 60'000'000;
  for (const std::int64_t age : {1'000'000, 3'000'000, 55'000'000}) {
    const Duration charged = clock.charge(silence - age, at(silence + 300));
    CHECK(charged <= Duration{age});
    CHECK(charged >= Duration{age - 121'000});
  }
  CHECK_FALSE(clock.confirmed(at(silence)));
  // The next confirmed trip makes it exact again, wherever the clocks have drifted to meanwhile.
  clock.confirm(silence, at(silence + silence / 20 + 300), Duration{600});
  CHECK(clock.confirmed(at(silence + silence / 20 + 300)));
  CHECK(clock.charge(silence + 1'000, at(silence + silence / 20 + 1'300)) == Duration::zero());
}

TEST_CASE("session clock: a clock that jumps is noticed by the next confirmed trip, whichever way it jumped") {
  const std::int64_t jump = GENERATE(-600'000'000, 600'000'000);
  SessionClock clock{50'000};
  clock.confirm(0, at(300), Duration{600});
  clock.confirm(1'000'000, at(1'000'300 + jump), Duration{600});
  CHECK(clock.charge(1'100'000, at(1'100'300 + jump)) == Duration::zero());
  CHECK(clock.charge(1'100'000, at(1'600'300 + jump)) >= Duration{439'000});
}

TEST_CASE("session clock: a jam of the way here is no jump: the round trip explains it") {
  SessionClock clock{50'000};
  clock.confirm(0, at(300), Duration{600});
  clock.confirm(200'000, at(1'100'300), Duration{900'600});
  CHECK(clock.charge(300'000, at(1'200'300)) >= Duration{900'000 - 121'000});
}
