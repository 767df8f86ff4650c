#include <hawser/base/random.hpp>
#include <hawser/resilience/rate_limiter.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace hawser;

namespace {
constexpr Instant start = instant_from_us(1'000'000);
}

TEST_CASE("a burst passes, then one call per interval, at the microsecond") {
  RateLimiter limiter{{.rate_per_second = 100, .burst = 3}, start};
  for (int i = 0; i < 3; ++i) CHECK(limiter.try_take(start));
  CHECK_FALSE(limiter.try_take(start));
  CHECK(limiter.wait(start) == 10ms);
  CHECK_FALSE(limiter.try_take(start + 9'999us));
  CHECK(limiter.try_take(start + 10ms));
  CHECK(limiter.refusals() == 2);
  CHECK(limiter.taken() == 4);
  CHECK(limiter.wait(start + 10ms, 4) == forever);
}

TEST_CASE("over any span no more than burst + rate x time passes, and nothing is lost to rounding") {
  Random random{7};
  RateLimiter limiter{{.rate_per_second = 333, .burst = 5}, start};
  Instant now = start;
  for (int i = 0; i < 20'000; ++i) {
    now += Duration{random.between(std::int64_t{0}, std::int64_t{2'000})};
    limiter.try_take(now);
    const auto us = static_cast<std::uint64_t>((now - start).count());
    REQUIRE(limiter.taken() * 1'000'000 <= 5'000'000 + us * 333);
    REQUIRE((limiter.taken() + 1) * 1'000'000 >= std::min<std::uint64_t>(us * 333, limiter.taken() * 1'000'000));
  }
  CHECK(limiter.taken() > 6'000);
}

TEST_CASE("an hour of quiet saves up one burst and no more") {
  RateLimiter limiter{{.rate_per_second = 100, .burst = 3}, start};
  const Instant later_on = start + 1h;
  for (int i = 0; i < 3; ++i) CHECK(limiter.try_take(later_on));
  CHECK_FALSE(limiter.try_take(later_on));
  CHECK(limiter.wait(later_on) == 10ms);
}

TEST_CASE("a clock that stands still, runs backwards or jumps to the end of time breaks no limiter") {
  RateLimiter limiter{{.rate_per_second = 1'000'000'000, .burst = 1}, start};
  CHECK(limiter.try_take(start));
  CHECK_FALSE(limiter.try_take(start));
  CHECK_FALSE(limiter.try_take(Instant::min()));
  CHECK(limiter.try_take(never));
  CHECK_FALSE(limiter.try_take(never));
}

TEST_CASE("an observing limiter refuses nothing and counts what it would have") {
  RateLimiter limiter{{.rate_per_second = 1, .burst = 1, .observe_only = true}, start};
  for (int i = 0; i < 5; ++i) CHECK(limiter.try_take(start));
  CHECK(limiter.refusals() == 4);
}

TEST_CASE("the adaptive rate falls when what is behind is overloaded, and rises only while more is wanted") {
  AdaptiveRateConfig config;
  config.rate_initial = 100;
  AdaptiveRateLimiter limiter{config, start};
  Instant now = start;
  const auto second = [&](std::int64_t capacity) {
    std::int64_t passed = 0;
    for (int i = 0; i < 1000; ++i, now += 1ms) {
      if (!limiter.try_take(now)) continue;
      limiter.record(now, ++passed > capacity);
    }
  };
  for (int i = 0; i < 60; ++i) second(300);
  // It saws around what is bearable.
  CHECK(limiter.rate() > 200);
  CHECK(limiter.rate() < 340);
  for (int i = 0; i < 30; ++i) second(20);
  CHECK(limiter.rate() < 45);
  const std::int64_t quiet = limiter.rate();
  now += 1h;
  CHECK(limiter.try_take(now));
  CHECK(limiter.rate() <= quiet + config.increase);
  for (int i = 0; i < 200; ++i) second(0);
  CHECK(limiter.rate() == config.rate_min);
}

TEST_CASE("a share of overloaded calls exactly at the mark is a bad step, one below is not") {
  AdaptiveRateConfig config;
  config.overload_permille = 100;
  for (const bool at_mark : {true, false}) {
    AdaptiveRateLimiter limiter{config, start};
    for (int i = 0; i < (at_mark ? 10 : 11); ++i) limiter.record(start, i == 0);
    limiter.record(start + 1s, false);
    CHECK(limiter.rate() == (at_mark ? 70 : 100));
  }
}
