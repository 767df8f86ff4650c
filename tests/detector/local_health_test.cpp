#include <hawser/detector/local_health.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using hawser::Duration;
using hawser::Instant;
using hawser::instant_from_us;
using hawser::LocalHealth;

namespace {
constexpr Instant start = instant_from_us(5'000'000);
}

TEST_CASE("a node whose timers run on time accuses freely and stretches nothing") {
  LocalHealth health{{}, start};
  for (int i = 1; i <= 100; ++i) CHECK(health.tick(start + i * 100ms, start + i * 100ms + 3ms) == 0us);
  const Instant now = start + 10s;
  CHECK(health.score(now) == 0);
  CHECK(health.may_convict(now));
  CHECK(health.stretch(1s, now) == 1s);
  CHECK(health.reason().cause == "healthy");
  CHECK(health.lag_max() == 3ms);
}

TEST_CASE("a paused process notices at its first timer, accuses nobody for a moment, and names the stall") {
  LocalHealth health{{}, start};
  CHECK(health.tick(start, start + 5s) == 5s);
  CHECK_FALSE(health.may_accuse(start + 5s));
  CHECK_FALSE(health.may_accuse(start + 5s + 199ms));
  CHECK(health.may_accuse(start + 5s + 200ms));
  CHECK(health.excused_until() == start + 5s + 200ms);
  CHECK(health.stalled_between(start + 1s, start + 2s));
  CHECK_FALSE(health.stalled_between(start + 5s, start + 9s));
  CHECK_FALSE(health.stalled_between(start - 2s, start));
  CHECK(health.stalled_for(start + 4s, start + 9s) == 1s);
  CHECK(health.reason().cause == "stalled");
}

TEST_CASE("many timers late by one and the same stall count its time once") {
  LocalHealth health{{}, start};
  Duration excused = 0us;
  excused += health.tick(start, start + 2s);
  excused += health.tick(start + 500ms, start + 2s);
  excused += health.tick(start + 1s, start + 2s + 10ms);
  excused += health.tick(start - 100ms, start + 2s + 10ms);
  CHECK(excused == 2s + 110ms);
  CHECK(health.stalls() == 1);
  CHECK(health.stalled_for(Instant::min(), hawser::never) == 2s + 110ms);
}

TEST_CASE("small delays stretch this node's timers up to a bound, and are forgiven point by point") {
  LocalHealth health{{}, start};
  for (int i = 0; i < 20; ++i) health.tick(start, start + 60ms);
  CHECK(health.score(start + 60ms) == 8);
  CHECK(health.stretch(100ms, start + 60ms) == 900ms);
  CHECK(health.stretch(hawser::forever, start + 60ms) == hawser::forever);
  CHECK(health.may_accuse(start + 60ms));
  CHECK(health.score(start + 60ms + 2s) == 7);
  CHECK(health.score(start + 60ms + 16s) == 0);
  health.tick(start + 20s, start + 20s);
  CHECK(health.reason().cause == "healthy");
}

TEST_CASE("when most peers fall silent at once the node doubts itself once, and then convicts all the same") {
  LocalHealth health{{}, start};
  CHECK_FALSE(health.silence(start, 2, 4));
  CHECK_FALSE(health.silence(start, 3, 7));
  CHECK_FALSE(health.silence(start, 0, 0));
  CHECK(health.silence(start, 4, 7));
  CHECK(health.may_accuse(start));
  CHECK_FALSE(health.may_convict(start + 199ms));
  CHECK(health.silence(start + 150ms, 7, 7));
  CHECK(health.may_convict(start + 200ms));
  CHECK(health.reason().cause == "peers_silent");
}

TEST_CASE("a clock that stands still forgives nothing and breaks nothing") {
  LocalHealth health{{}, start};
  health.tick(start, start);
  health.tick(start + 1s, start);
  CHECK(health.lag() == 0us);
  health.tick(start, start + 60ms);
  CHECK(health.score(start) == 1);
}
