#include <hawser/base/random.hpp>
#include <hawser/resilience/timeout_manager.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using hawser::Duration;
using hawser::Instant;
using hawser::instant_from_us;
using hawser::TimeoutManager;

namespace {

constexpr Instant start = instant_from_us(3'000'000);

// Calls as a client makes them: an answer within the timeout is a sample, a later one is a timeout.
int run(TimeoutManager& manager, Instant& now, int calls, Duration service) {
  int timeouts = 0;
  for (int i = 0; i < calls; ++i) {
    const Duration timeout = manager.timeout(1, now);
    now += std::min(service, timeout) + 10ms;
    if (service <= timeout) {
      manager.answered(1, now, service);
    } else {
      manager.timed_out(1, now, timeout);
      ++timeouts;
    }
  }
  return timeouts;
}

}  // namespace

TEST_CASE("until enough is known the timeout is the configured one, and nothing is hedged") {
  TimeoutManager manager{{}};
  for (int i = 0; i < 19; ++i) {
    manager.answered(1, start, 5ms);
    CHECK(manager.timeout(1, start) == 1s);
    CHECK(manager.hedge_after(1, start) == hawser::forever);
  }
  manager.answered(1, start, 5ms);
  CHECK(manager.timeout(1, start) == 100ms);
  CHECK(manager.hedge_after(1, start) == 5ms);
}

TEST_CASE("the timeout is the percentile times the factor plus the margin, and each operation has its own") {
  TimeoutManager manager{{}};
  for (int i = 1; i <= 100; ++i) {
    manager.answered(1, start, i * 10ms);
    manager.answered(2, start, 1ms);
  }
  const Duration timeout = manager.timeout(1, start);
  CHECK(timeout >= 990ms * 3 / 2 + 10ms);
  CHECK(timeout <= 1'000ms * 3 / 2 + 10ms);
  CHECK(manager.timeout(2, start) == 100ms);
  CHECK(manager.timeout(3, start) == 1s);
}

TEST_CASE("answers to retried calls are no samples") {
  TimeoutManager manager{{}};
  for (int i = 0; i < 50; ++i) manager.answered(1, start, 1ms, true);
  CHECK(manager.samples(1, start) == 0);
  CHECK(manager.timeout(1, start) == 1s);
}

TEST_CASE("a jump of the service time far above the timeout is followed within one window, and back") {
  TimeoutManager manager{{}};
  Instant now = start;
  run(manager, now, 500, 5ms);
  CHECK(manager.timeout(1, now) == 100ms);
  const Instant jumped = now;
  const int timeouts = run(manager, now, 200, 300ms);
  CHECK(timeouts < 20);
  CHECK(now - jumped < 70s);
  CHECK(run(manager, now, 100, 300ms) == 0);
  run(manager, now, 8'000, 5ms);
  CHECK(manager.timeout(1, now) == 100ms);
}

TEST_CASE("timeouts in a row double the wait up to the ceiling, and one answer ends the row") {
  TimeoutManager manager{{.timeout_max = 2s, .initial = 100ms}};
  Duration expected = 100ms;
  for (int i = 0; i < 200; ++i) {
    const Duration timeout = manager.timeout(1, start);
    if (i < 15) {
      CHECK(timeout == expected);
      expected = std::min<Duration>(expected * 2, 2s);
    }
    CHECK(timeout <= 2s);
    manager.timed_out(1, start, timeout);
  }
  TimeoutManager other{{.initial = 100ms}};
  other.timed_out(1, start, 100ms);
  other.answered(1, start, 50ms, true);
  CHECK(other.timeout(1, start) == 100ms);
}

TEST_CASE("what is older than the window is forgotten, and operations unused for longest make room") {
  TimeoutManager manager{{.operations_max = 3}};
  for (int i = 0; i < 50; ++i) manager.answered(1, start, 500ms);
  CHECK(manager.samples(1, start + 49s) == 50);
  CHECK(manager.samples(1, start + 61s) == 0);
  CHECK(manager.timeout(1, start + 61s) == 1s);
  for (std::uint64_t id = 1; id <= 100; ++id)
    manager.answered(id, start + Duration{static_cast<std::int64_t>(id)}, 1ms);
  CHECK(manager.operations() == 3);
}

TEST_CASE("absurd durations and clocks break nothing") {
  TimeoutManager manager{{}};
  for (int i = 0; i < 50; ++i) {
    manager.answered(1, start - i * 1h, hawser::forever);
    manager.answered(1, Instant::min(), -1us);
  }
  CHECK(manager.timeout(1, hawser::never) >= 20ms);
  CHECK(manager.timeout(1, start) <= 10s);
}

TEST_CASE("percentiles are of what the window holds, and an observing manager only suggests") {
  hawser::TimeoutConfig config;
  config.observe_only = true;
  TimeoutManager manager{config};
  for (int i = 1; i <= 100; ++i) manager.answered(1, start, i * 1us);
  const auto seen = manager.percentiles(1, start);
  CHECK(seen == hawser::LatencyPercentiles{100, 50us, 95us, 99us});
  CHECK(manager.timeout(1, start) == 1s);
  CHECK(manager.suggested(1, start) == 100ms);
  CHECK(manager.percentiles(1, start + 2min) == hawser::LatencyPercentiles{});
}
