#include <hawser/base/random.hpp>
#include <hawser/resilience/adaptive_limit.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace hawser;

namespace {

constexpr Instant start = instant_from_us(1'000'000);

// A service of `width` parallel places; latency grows with what is queued behind them. Demand is without end.
struct Service {
  std::uint32_t width = 20;
  Duration service{10'000};
  Random random{3};

  Duration latency(std::uint32_t in_flight) {
    const std::int64_t base = service.count() * std::max(in_flight, width) / width;
    return Duration{base + random.between(std::int64_t{0}, base / 10)};
  }
};

Instant run(AdaptiveLimit& limit, Service& service, Instant now, Duration length, std::uint32_t demand = 1'000'000) {
  const Instant end = now + length;
  while (now < end) {
    const std::uint32_t in_flight = std::min(limit.limit(), demand);
    const Duration took = service.latency(in_flight);
    limit.sample(now, took, in_flight);
    now += took / std::max(in_flight, 1u) + 1us;
  }
  return now;
}

}  // namespace

TEST_CASE("under endless demand the limit finds the width of what is behind it, and keeps the queue short") {
  for (const std::uint32_t width : {10u, 20u, 100u}) {
    Service service{width};
    AdaptiveLimit limit{{}, start};
    run(limit, service, start, 60s);
    INFO("width " << width << ", limit " << limit.limit());
    CHECK(limit.limit() >= width * 9 / 10);
    CHECK(limit.limit() <= width * 2);
  }
}

TEST_CASE("an overload does not teach it that slow is normal: the baseline does not creep") {
  Service service{10};
  AdaptiveLimitConfig config;
  AdaptiveLimit limit{config, start};
  Instant now = run(limit, service, start, 10s);
  run(limit, service, now, 600s);
  CHECK(limit.baseline() < 20ms);
  CHECK(limit.limit() <= 25);
}

TEST_CASE("latency that goes with concurrency is our own doing, however long it lasts") {
  // The floor is four times what the service can do, so the queue cannot be helped; demand comes and goes.
  Service service{4};
  AdaptiveLimitConfig config;
  config.limit_min = config.limit_initial = 16;
  AdaptiveLimit limit{config, start};
  Instant now = run(limit, service, start, 5s, 4);
  CHECK(limit.baseline() < 11ms);
  for (int i = 0; i < 100; ++i) now = run(limit, service, now, 1s, i % 2 == 0 ? 10 : 16);
  CHECK(limit.correlation() > 80);
  CHECK(limit.baseline() < 11ms);
}

TEST_CASE("a service that has become slower by itself gets a new baseline, not a limit at the floor") {
  Service service{20};
  AdaptiveLimit limit{{}, start};
  Instant now = run(limit, service, start, 30s);
  service.service = 40ms;
  now = run(limit, service, now, 120s);
  CHECK(limit.baseline() >= 25ms);
  CHECK(limit.limit() >= 15);
  service.service = 10ms;
  run(limit, service, now, 10s);
  CHECK(limit.baseline() <= 12ms);
}

TEST_CASE("a limit that nobody comes near does not grow, and overloaded replies lower it to the floor, not below") {
  Service service{100};
  AdaptiveLimit limit{{}, start};
  Instant now = run(limit, service, start, 10s, 3);
  CHECK(limit.limit() == 8);
  for (int i = 0; i < 10'000; ++i, now += 1ms) limit.sample(now, 10ms, 8, true);
  CHECK(limit.limit() == 4);
  CHECK(limit.lowered() > 0);
}

TEST_CASE("windows without enough calls, stalled clocks and absurd durations change nothing") {
  AdaptiveLimit limit{{}, start};
  for (int i = 0; i < 9; ++i) limit.sample(start + 1h, 1s, 8, true);
  CHECK(limit.limit() == 8);
  AdaptiveLimit stalled{{}, start};
  for (int i = 0; i < 1000; ++i) stalled.sample(start, 1s, 8, true);
  CHECK(stalled.limit() == 8);
  AdaptiveLimit absurd{{}, start};
  for (int i = 0; i < 100; ++i) absurd.sample(never, i % 2 == 0 ? forever : -1s, 4'000'000'000u);
  CHECK(absurd.limit() >= 4);
  CHECK(absurd.correlation() >= -100);
}

TEST_CASE("after a silence the first window lasts as long as any: the quickest few of many are no baseline") {
  AdaptiveLimit limit{{}, start};
  const Instant begin = start + 1h;
  // Forty calls begin together and take 11 ms to 50 ms: the first ten to end are those that took 20 ms at most.
  for (int i = 1; i <= 40; ++i) limit.sample(begin + 10ms + i * 1ms, 10ms + i * 1ms, 8);
  CHECK(limit.baseline() == 0us);
  limit.sample(begin + 211ms, 30ms, 8);
  CHECK(limit.baseline() >= 29ms);
  CHECK(limit.baseline() <= 32ms);
}

TEST_CASE("a tenth of overloaded calls lowers the limit, fewer do not") {
  for (const bool enough : {true, false}) {
    AdaptiveLimit limit{{}, start};
    for (int i = 0; i < 19; ++i) limit.sample(start, 10ms, 1, i < (enough ? 2 : 1));
    limit.sample(start + 200ms, 10ms, 1);
    CHECK(limit.limit() == (enough ? 7u : 8u));
  }
}

TEST_CASE("an observing limit lets all pass and says what it would be") {
  AdaptiveLimitConfig config;
  config.observe_only = true;
  AdaptiveLimit limit{config, start};
  for (int i = 0; i < 1000; ++i) limit.sample(start + i * 10ms, 10ms, 8, true);
  CHECK(limit.limit() == config.limit_max);
  CHECK(limit.would_be() == config.limit_min);
}
