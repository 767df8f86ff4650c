// CycleClock: never ahead of the clock that it stands for, and never far behind.
#include <hawser/interconnect/zmq/cycle_clock.hpp>

#include <catch2/catch.hpp>

#include <chrono>

using namespace hawser;

namespace {

Instant steady(Duration offset = {}) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return instant_from_us(std::chrono::duration_cast<std::chrono::microseconds>(now).count()) + offset;
}

}  // namespace

TEST_CASE("cycle clock: it is never ahead of its clock, and reads it rarely") {
  CycleClock clock;
  int reads = 0;
  const auto read = [&] {
    ++reads;
    return steady();
  };
  const Instant began = steady();
  int calls = 0;
  for (; steady() < began + Duration{50'000}; ++calls) {
    const Instant before = steady();
    const Instant told = clock.now(read);
    REQUIRE(told <= steady());
    REQUIRE(told > before - 2 * CycleClock::reach);
  }
  CHECK(calls > 100);
  CHECK(reads > 0);
}

TEST_CASE("cycle clock: when its clock leaps, as after a sleep of the machine, it follows within its reach") {
  CycleClock clock;
  Duration offset{};
  const auto read = [&] { return steady(offset); };
  for (const Instant began = steady(); steady() < began + Duration{20'000};) clock.now(read);
  offset = Duration{3'600'000'000};
  const Instant leapt = steady();
  while (clock.now(read) < steady() + Duration{3'000'000'000}) REQUIRE(steady() < leapt + Duration{1'000'000});
  for (const Instant began = steady(); steady() < began + Duration{20'000};) {
    const Instant told = clock.now(read);
    REQUIRE(told <= steady(offset));
  }
}
