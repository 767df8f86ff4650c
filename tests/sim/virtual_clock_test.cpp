#include <hawser/base/random.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <catch2/catch.hpp>

using namespace hawser;
using hawser::sim::VirtualClock;
using hawser::sim::world_never;
using hawser::sim::WorldTime;

namespace {
WorldTime world_at(std::int64_t us) { return WorldTime{Duration{us}}; }
}  // namespace

TEST_CASE("a clock without hardship shows world time plus its offset") {
  const VirtualClock clock{instant_from_us(5'000)};
  CHECK(to_us(clock.read(world_at(0))) == 5'000);
  CHECK(to_us(clock.read(world_at(1'234))) == 6'234);
  CHECK(clock.when(instant_from_us(6'234)) == world_at(1'234));
}

TEST_CASE("a fast clock gains, a slow one loses, to the microsecond") {
  VirtualClock fast;
  fast.set_rate(world_at(0), 50'000);
  CHECK(to_us(fast.read(world_at(1'000'000))) == 1'050'000);
  VirtualClock slow;
  slow.set_rate(world_at(0), -50'000);
  CHECK(to_us(slow.read(world_at(1'000'000))) == 950'000);
}

TEST_CASE("when() is the first world time at which the clock shows the instant, at any rate") {
  Random random{3};
  for (const std::int32_t ppm : {-999'999, -50'000, -1, 0, 1, 37, 50'000, 3'000'000}) {
    VirtualClock clock{instant_from_us(77)};
    clock.set_rate(world_at(1'000), ppm);
    for (int i = 0; i < 200; ++i) {
      const Instant wanted = instant_from_us(random.between(std::int64_t{1'078}, std::int64_t{5'000'000}));
      const WorldTime due = clock.when(wanted);
      CAPTURE(ppm, to_us(wanted));
      CHECK(clock.read(due) >= wanted);
      CHECK(clock.read(due - Duration{1}) < wanted);
    }
  }
}

TEST_CASE("a frozen clock never gets there, and goes on where it stopped") {
  VirtualClock clock;
  clock.set_rate(world_at(1'000), VirtualClock::frozen);
  CHECK(to_us(clock.read(world_at(9'000'000))) == 1'000);
  CHECK(clock.when(instant_from_us(1'001)) == world_never);
  clock.set_rate(world_at(9'000'000), 0);
  CHECK(to_us(clock.read(world_at(9'000'500))) == 1'500);
}

TEST_CASE("a step brings what is due nearer") {
  VirtualClock clock;
  clock.step(world_at(100), Duration{5'000});
  CHECK(to_us(clock.read(world_at(100))) == 5'100);
  CHECK(clock.when(instant_from_us(5'150)) == world_at(150));
  CHECK(clock.when(never) == world_never);
}
