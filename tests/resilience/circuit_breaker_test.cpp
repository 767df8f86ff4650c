#include <hawser/resilience/circuit_breaker.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using hawser::BreakerConfig;
using hawser::BreakerMode;
using hawser::BreakerState;
using hawser::CircuitBreaker;
using hawser::Duration;
using hawser::Instant;
using hawser::instant_from_us;
using hawser::Permit;
using hawser::Verdict;

namespace {

constexpr Instant start = instant_from_us(50'000'000);

// No jitter, so that the open times can be read off.
BreakerConfig plain() {
  BreakerConfig config;
  config.open_jitter_permille = 0;
  return config;
}

struct Fixture {
  CircuitBreaker breaker;
  Instant now = start;

  explicit Fixture(const BreakerConfig& config = plain()) : breaker(config, 1, start) {}
  bool call(Verdict verdict, Duration took = 1ms) {
    const auto permit = breaker.try_acquire(now);
    if (!permit) return false;
    now += took;
    breaker.record(*permit, now, verdict, took);
    return true;
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) call(Verdict::failure);
  }
  void succeed(int times) {
    for (int i = 0; i < times; ++i) call(Verdict::success);
  }
  BreakerState state() const { return breaker.state(now); }
  // Opens it and waits until it is half-open.
  void to_half_open() {
    fail(5);
    REQUIRE(state() == BreakerState::open);
    now = breaker.retry_at();
    REQUIRE(state() == BreakerState::half_open);
  }
};

}  // namespace

TEST_CASE("five failures in a row open it, four and a success do not, and neutral ends count nowhere") {
  Fixture f;
  f.fail(4);
  f.succeed(1);
  f.fail(4);
  for (int i = 0; i < 50; ++i) f.call(Verdict::neutral);
  CHECK(f.state() == BreakerState::closed);
  f.fail(1);
  CHECK(f.state() == BreakerState::open);
  CHECK(f.breaker.reason().cause == "consecutive_failures");
  CHECK(f.breaker.reason().since == f.now);
  CHECK(f.breaker.retry_at() == f.now + 1s);
  CHECK(f.breaker.reason().next_at == f.now + 1s);
  CHECK_FALSE(f.breaker.admits(f.now));
  CHECK_FALSE(f.breaker.try_acquire(f.now + 999'999us).has_value());
  CHECK(f.breaker.refusals() == 1);
}

TEST_CASE("half of twenty calls failing opens it; half of nineteen does not, nor do failures long ago") {
  Fixture f;
  for (int i = 0; i < 9; ++i) {
    f.succeed(1);
    f.fail(1);
  }
  f.succeed(1);
  CHECK(f.state() == BreakerState::closed);
  SECTION("the twentieth") {
    f.fail(1);
    CHECK(f.state() == BreakerState::open);
    CHECK(f.breaker.reason().cause == "failure_rate");
    CHECK(f.breaker.reason().detail == "10 of 20");
  }
  SECTION("a window later") {
    f.now += 11s;
    f.fail(1);
    CHECK(f.state() == BreakerState::closed);
  }
}

TEST_CASE("slow successes open it as well, and exactly at the limit is not slow") {
  Fixture f;
  for (int i = 0; i < 40; ++i) {
    const auto permit = f.breaker.try_acquire(f.now);
    REQUIRE(permit);
    f.breaker.record(*permit, f.now, Verdict::success, 2s);
  }
  CHECK(f.state() == BreakerState::closed);
  Fixture g;
  for (int i = 0; i < 20; ++i) {
    const auto permit = g.breaker.try_acquire(g.now);
    REQUIRE(permit);
    g.breaker.record(*permit, g.now, Verdict::success, 2s + 1us);
  }
  CHECK(g.state() == BreakerState::open);
  CHECK(g.breaker.reason().cause == "slow_rate");
}

TEST_CASE("a hung peer is noticed after the slow limit, before any of its calls has ended") {
  Fixture f;
  std::vector<Permit> hanging;
  for (int i = 0; i < 20; ++i) {
    hanging.push_back(*f.breaker.try_acquire(f.now));
    f.now += 1ms;
  }
  const Instant last_limit = start + 19ms + 2s + 1us;
  CHECK(f.breaker.next_wake() == start + 2s + 1us);
  int admitted = 0;
  while (f.breaker.try_acquire(f.now)) {
    ++admitted;
    f.now += 10ms;
    f.breaker.tick(f.now);
    REQUIRE(admitted < 1'000);
  }
  CHECK(f.state() == BreakerState::open);
  CHECK(f.now - last_limit < 20ms);
  CHECK(f.breaker.reason().cause == "slow_rate");
  // The ends of those calls come in another generation.
  for (const Permit& permit : hanging) f.breaker.record(permit, f.now, Verdict::failure, 3s);
  CHECK(f.state() == BreakerState::open);
  CHECK(f.breaker.hanging() == 0);
}

TEST_CASE("a call that hung is counted once when it ends, and not at all when its end is neutral") {
  Fixture f;
  const Permit slow = *f.breaker.try_acquire(f.now);
  const Permit cancelled = *f.breaker.try_acquire(f.now);
  const Permit quick = *f.breaker.try_acquire(f.now);
  f.breaker.record(quick, f.now, Verdict::success, 1ms);
  f.breaker.tick(f.now + 3s);
  CHECK(f.breaker.hanging() == 2);
  f.breaker.record(cancelled, f.now + 3s, Verdict::neutral, 3s);
  CHECK(f.breaker.hanging() == 1);
  f.breaker.record(slow, f.now + 4s, Verdict::success, 4s);
  f.breaker.record(slow, f.now + 4s, Verdict::success, 4s);
  CHECK(f.breaker.hanging() == 0);
  CHECK(f.state() == BreakerState::closed);
  CHECK(f.breaker.next_wake() == hawser::never);
}

TEST_CASE("permits that are never given back are forgotten after their lease") {
  Fixture f;
  for (int i = 0; i < 15; ++i) REQUIRE(f.breaker.try_acquire(f.now));
  f.breaker.tick(f.now + 59s);
  CHECK(f.breaker.hanging() == 15);
  f.breaker.tick(f.now + 60s);
  CHECK(f.breaker.hanging() == 0);
  f.now += 60s;
  f.succeed(1);
  CHECK(f.state() == BreakerState::closed);
}

TEST_CASE("half-open lets two probes through, closes by a ramp on two answers, and ramps 10, 25, 50, 100 %") {
  Fixture f;
  f.to_half_open();
  const auto one = f.breaker.try_acquire(f.now);
  const auto two = f.breaker.try_acquire(f.now);
  REQUIRE(one);
  REQUIRE(two);
  CHECK(one->probe);
  CHECK_FALSE(f.breaker.admits(f.now));
  CHECK_FALSE(f.breaker.try_acquire(f.now));
  f.breaker.record(*one, f.now + 5ms, Verdict::success, 5ms);
  CHECK(f.state() == BreakerState::half_open);
  f.breaker.record(*two, f.now + 5ms, Verdict::success, 5ms);
  f.now += 5ms;
  CHECK(f.state() == BreakerState::ramping);
  CHECK(f.breaker.reason().cause == "probes_answered");
  CHECK(f.breaker.reason().next_at == f.now + 4s);

  const Instant ramp = f.now;
  const int expected[] = {100, 250, 500, 1'000};
  for (int quarter = 0; quarter < 4; ++quarter) {
    CHECK(f.breaker.admitted_percent(ramp + quarter * 1s) == static_cast<std::uint32_t>(expected[quarter] / 10));
    int passed = 0;
    for (int i = 0; i < 1'000; ++i) {
      f.now = ramp + quarter * 1s + i * 1ms - (i > 0 ? 1us : 0us);
      const bool promised = f.breaker.admits(f.now);
      const auto permit = f.breaker.try_acquire(f.now);
      REQUIRE(promised == permit.has_value());
      if (!permit) continue;
      ++passed;
      f.breaker.record(*permit, f.now, Verdict::success, 0us);
    }
    CHECK(passed >= expected[quarter]);
    CHECK(passed <= expected[quarter] + 1);
    CHECK(f.breaker.next_wake() == ramp + (quarter + 1) * 1s);
  }
  CHECK(f.breaker.tick(ramp + 4s));
  CHECK(f.breaker.state(ramp + 4s) == BreakerState::closed);
  CHECK(f.breaker.reason().cause == "ramped");
}

TEST_CASE("one failed or slow probe opens it again, for twice as long, up to the ceiling") {
  Fixture f;
  f.fail(5);
  Duration expected = 1s;
  for (int i = 0; i < 8; ++i) {
    CHECK(f.breaker.retry_at() - f.now == expected);
    f.now = f.breaker.retry_at();
    if (i % 2 == 0) {
      f.fail(1);
      CHECK(f.breaker.reason().cause == "probe_failed");
    } else {
      f.call(Verdict::success, 2'500ms);
      CHECK(f.breaker.reason().cause == "probe_slow");
    }
    CHECK(f.state() == BreakerState::open);
    expected = std::min<Duration>(expected * 2, 30s);
  }
}

TEST_CASE("the open time starts small again only after the breaker was closed and stable") {
  BreakerConfig config = plain();
  config.ramp_time = 0us;
  Fixture f{config};
  f.to_half_open();
  f.succeed(2);
  CHECK(f.state() == BreakerState::closed);
  SECTION("soon") {
    f.fail(5);
    CHECK(f.breaker.retry_at() - f.now == 2s);
  }
  SECTION("later") {
    f.now += 10s;
    f.fail(5);
    CHECK(f.breaker.retry_at() - f.now == 1s);
  }
}

TEST_CASE("jitter shortens the open time by at most its share, and equal seeds agree") {
  std::vector<Duration> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CircuitBreaker one{{}, seed, start};
    CircuitBreaker two{{}, seed, start};
    for (CircuitBreaker* breaker : {&one, &two}) breaker->trip(start, "test", {}, false);
    REQUIRE(one.retry_at() == two.retry_at());
    REQUIRE(one.retry_at() - start >= 800ms);
    REQUIRE(one.retry_at() - start <= 1s);
    seen.push_back(one.retry_at() - start);
  }
  CHECK(seen[0] != seen[1]);
}

TEST_CASE("a probe that is cancelled or lost neither closes, nor opens, nor sticks") {
  Fixture f;
  f.to_half_open();
  const Permit cancelled = *f.breaker.try_acquire(f.now);
  f.breaker.record(cancelled, f.now, Verdict::neutral, 0us);
  CHECK(f.state() == BreakerState::half_open);
  CHECK(f.breaker.probes(f.now) == 0);
  const Permit lost = *f.breaker.try_acquire(f.now);
  REQUIRE(f.breaker.try_acquire(f.now));
  CHECK_FALSE(f.breaker.try_acquire(f.now + 4'999'999us));
  CHECK(f.breaker.retry_at() == f.now + 5s);
  CHECK(f.breaker.next_wake() == f.now + 5s);
  f.now += 5s;
  CHECK_FALSE(f.breaker.tick(f.now));
  CHECK(f.breaker.next_wake() == hawser::never);
  CHECK(f.breaker.admits(f.now));
  SECTION("a fresh probe takes its place") {
    REQUIRE(f.breaker.try_acquire(f.now));
    CHECK(f.state() == BreakerState::half_open);
  }
  SECTION("its late failure is still news, once") {
    f.breaker.record(lost, f.now, Verdict::failure, 5s);
    CHECK(f.state() == BreakerState::open);
    const auto opened = f.breaker.opened();
    f.breaker.record(lost, f.now, Verdict::failure, 5s);
    CHECK(f.breaker.opened() == opened);
  }
  SECTION("half-open for ever leaks nothing") {
    for (int i = 0; i < 10'000; ++i) {
      f.now += 5s;
      REQUIRE(f.breaker.try_acquire(f.now));
      REQUIRE(f.breaker.try_acquire(f.now));
      REQUIRE(f.breaker.probes(f.now) == 2);
    }
  }
}

TEST_CASE("results of an older generation are ignored, good or bad") {
  Fixture f;
  const Permit before = *f.breaker.try_acquire(f.now);
  f.to_half_open();
  f.breaker.record(before, f.now, Verdict::failure, 1s);
  CHECK(f.state() == BreakerState::half_open);
  const Permit probe = *f.breaker.try_acquire(f.now);
  f.fail(1);
  f.now = f.breaker.retry_at();
  f.breaker.record(probe, f.now, Verdict::success, 1s);
  f.succeed(1);
  CHECK(f.state() == BreakerState::half_open);
}

TEST_CASE("opened by the detector it waits for two answered heartbeats, not for a timer") {
  Fixture f;
  f.breaker.trip(f.now, "silent", "no reply for 0.7 s", true);
  CHECK(f.state() == BreakerState::open);
  CHECK(f.breaker.retry_at() == hawser::never);
  CHECK(f.breaker.next_wake() == hawser::never);
  CHECK_FALSE(f.breaker.reason().next_at.has_value());
  CHECK(f.breaker.reason().cause == "silent");
  f.now += 10min;
  CHECK_FALSE(f.breaker.tick(f.now));
  f.breaker.evidence(f.now);
  CHECK(f.state() == BreakerState::open);
  f.breaker.evidence_lost();
  f.breaker.evidence(f.now);
  CHECK(f.state() == BreakerState::open);
  f.breaker.evidence(f.now);
  CHECK(f.state() == BreakerState::half_open);
  CHECK(f.breaker.reason().cause == "answered");
  f.succeed(2);
  CHECK(f.state() == BreakerState::ramping);
  f.now += 4s;
  f.succeed(1);
  f.fail(5);
  CHECK(f.breaker.retry_at() - f.now == 1s);
}

TEST_CASE("the detector overrules an open time that runs, and evidence does nothing to one that does not wait for it") {
  Fixture f;
  f.fail(5);
  f.breaker.evidence(f.now);
  f.breaker.evidence(f.now);
  CHECK(f.state() == BreakerState::open);
  f.breaker.trip(f.now, "silent", {}, true);
  CHECK(f.breaker.opened() == 1);
  f.now += 1min;
  CHECK(f.state() == BreakerState::open);
  f.breaker.trip(f.now, "channels_open", {}, false);
  CHECK(f.breaker.retry_at() == hawser::never);
  f.breaker.evidence(f.now);
  f.breaker.evidence(f.now);
  CHECK(f.state() == BreakerState::half_open);
}

TEST_CASE("one-way traffic: a round of failures is one failure in a row, its messages count in the shares") {
  Fixture f;
  const Permit permit = *f.breaker.try_acquire_one_way(f.now);
  f.breaker.record_batch(f.now, 1'000, 0, 0, permit.generation);
  for (int i = 0; i < 4; ++i) f.breaker.record_batch(f.now, 0, 10);
  CHECK(f.state() == BreakerState::closed);
  CHECK(f.breaker.next_wake() == hawser::never);
  f.breaker.record_batch(f.now, 0, 0, 5);
  f.breaker.record_batch(f.now, 1, 0);
  f.breaker.record_batch(f.now, 0, 100);
  CHECK(f.state() == BreakerState::closed);
  SECTION("by the share") {
    f.breaker.record_batch(f.now, 0, 900);
    CHECK(f.state() == BreakerState::open);
    CHECK(f.breaker.reason().cause == "failure_rate");
  }
  SECTION("in a row") {
    for (int i = 0; i < 4; ++i) f.breaker.record_batch(f.now, 0, 1);
    CHECK(f.state() == BreakerState::open);
    CHECK(f.breaker.reason().cause == "consecutive_failures");
  }
  f.now = f.breaker.retry_at();
  f.breaker.record_batch(f.now, 0, 50, 0, permit.generation);
  CHECK(f.state() == BreakerState::half_open);
  const auto probe = f.breaker.try_acquire_one_way(f.now);
  REQUIRE(probe);
  CHECK(probe->probe);
  f.breaker.record_batch(f.now, 3, 0, 0, probe->generation);
  f.breaker.record_batch(f.now, 3, 0, 0, probe->generation);
  CHECK(f.state() == BreakerState::ramping);
}

TEST_CASE("one-way messages that hang open it before any has ended, and are not slow again when they end") {
  Fixture f;
  SECTION("a hung peer") {
    for (int i = 0; i < 19; ++i) f.breaker.record_batch(f.now, 0, 0, 1);
    CHECK(f.state() == BreakerState::closed);
    f.breaker.record_batch(f.now, 0, 0, 1);
    CHECK(f.state() == BreakerState::open);
    CHECK(f.breaker.reason().cause == "slow_rate");
  }
  SECTION("a hiccup") {
    f.breaker.record_batch(f.now, 10, 0, 10);
    f.breaker.record_batch(f.now, 10, 0);
    CHECK(f.state() == BreakerState::closed);
  }
}

TEST_CASE("a round of unknown generation says nothing of the time after the breaker opened") {
  Fixture f;
  f.to_half_open();
  f.breaker.record_batch(f.now, 0, 50);
  f.breaker.record_batch(f.now, 50, 0);
  CHECK(f.state() == BreakerState::half_open);
  f.succeed(2);
  CHECK(f.state() == BreakerState::ramping);
  for (int i = 0; i < 10; ++i) f.breaker.record_batch(f.now, 0, 50);
  CHECK(f.state() == BreakerState::ramping);
}

TEST_CASE("a window of calls instead of time: rounds larger than it enter in proportion") {
  BreakerConfig config = plain();
  config.window_calls = 20;
  config.consecutive_failures = 0;
  Fixture f{config};
  f.breaker.record_batch(f.now, 600, 400);
  CHECK(f.state() == BreakerState::closed);
  f.now += 1h;
  f.fail(1);
  CHECK(f.state() == BreakerState::closed);
  f.fail(12);
  CHECK(f.state() == BreakerState::open);
}

TEST_CASE("the modes: forced open refuses all, disabled lets all pass and counts nothing, enabled starts afresh") {
  Fixture f;
  f.breaker.set_mode(BreakerMode::forced_open, f.now);
  CHECK(f.state() == BreakerState::forced_open);
  CHECK_FALSE(f.breaker.try_acquire(f.now + 1h));
  CHECK(f.breaker.retry_at() == hawser::never);
  f.breaker.trip(f.now, "silent", {}, true);
  CHECK(f.state() == BreakerState::forced_open);
  f.breaker.set_mode(BreakerMode::disabled, f.now);
  f.fail(100);
  CHECK(f.state() == BreakerState::disabled);
  f.breaker.set_mode(BreakerMode::enabled, f.now);
  CHECK(f.state() == BreakerState::closed);
  f.fail(4);
  CHECK(f.state() == BreakerState::closed);
  f.fail(1);
  CHECK(f.state() == BreakerState::open);
}

TEST_CASE("observe-only decides, says so, counts what it would have refused, and lets everything pass") {
  BreakerConfig config = plain();
  config.mode = BreakerMode::observe_only;
  Fixture f{config};
  for (int i = 0; i < 20; ++i) CHECK(f.call(Verdict::failure));
  CHECK(f.state() == BreakerState::open);
  CHECK(f.breaker.refusals() == 15);
  CHECK(f.breaker.admits(f.now));
  CHECK(f.breaker.admitted_percent(f.now) == 100);
  f.now = f.breaker.retry_at();
  f.succeed(2);
  CHECK(f.state() == BreakerState::ramping);
}

TEST_CASE("settings that contradict themselves are named") {
  BreakerConfig config;
  CHECK(config.problems().empty());
  config.open_max = 1ms;
  config.calls_min = 50;
  config.window_calls = 10;
  config.call_lease = 1s;
  config.failure_percent = 101;
  CHECK(config.problems().size() == 4);
}

TEST_CASE("a clock that stands still or jumps back breaks nothing, nor do endless durations") {
  BreakerConfig config;
  config.slow_limit = hawser::forever;
  config.window = hawser::forever;
  config.open_for = hawser::forever;
  config.open_max = hawser::forever;
  config.call_lease = hawser::forever;
  config.open_jitter_permille = 0;
  CircuitBreaker breaker{config, 1, start};
  for (int i = 0; i < 100; ++i) {
    const auto permit = breaker.try_acquire(start - i * 1s);
    if (permit) breaker.record(*permit, start - i * 1s, Verdict::failure, 0us);
  }
  CHECK(breaker.state(start) == BreakerState::open);
  CHECK(breaker.retry_at() == hawser::never);
}

TEST_CASE("whatever happens, only legal transitions are made, open lets nothing pass, and half-open only probes") {
  const auto legal = [](BreakerState from, BreakerState to) {
    using S = BreakerState;
    if (to == S::open) return from != S::open;
    if (to == S::half_open) return from == S::open;
    if (to == S::ramping) return from == S::half_open;
    if (to == S::closed) return from == S::ramping;
    return false;
  };
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    hawser::Random random{seed};
    CircuitBreaker breaker{{}, seed, start};
    std::vector<Permit> out;
    Instant now = start;
    std::uint64_t seen = 0;
    for (int step = 0; step < 500; ++step) {
      now += Duration{random.between(std::int64_t{0}, std::int64_t{600'000})};
      const std::uint64_t what = random.below(20);
      if (what < 8) {
        const BreakerState before = breaker.state(now);
        const bool promised = breaker.admits(now);
        const auto permit = breaker.try_acquire(now);
        if (permit) {
          REQUIRE(promised);
          REQUIRE(before != BreakerState::open);
          REQUIRE(permit->probe == (breaker.state(now) == BreakerState::half_open));
          out.push_back(*permit);
        }
      } else if (what < 15 && !out.empty()) {
        const std::size_t chosen = random.below(out.size());
        breaker.record(out[chosen], now, static_cast<Verdict>(random.below(3)),
                       Duration{random.between(std::int64_t{0}, std::int64_t{2'500'000})});
        if (random.chance(800'000)) out.erase(out.begin() + static_cast<std::ptrdiff_t>(chosen));
      } else if (what == 15) {
        breaker.trip(now, "silent", {}, random.chance(500'000));
      } else if (what == 16) {
        breaker.evidence(now);
      } else if (what == 17) {
        breaker.record_batch(now, static_cast<std::uint32_t>(random.below(20)),
                             static_cast<std::uint32_t>(random.below(5)), 0, breaker.generation());
      } else {
        const BreakerState promised = breaker.state(now);
        breaker.tick(now);
        REQUIRE((breaker.state(now) == promised || breaker.state(now) == BreakerState::open));
        REQUIRE(breaker.next_wake() > now);
      }
      if (breaker.transitions() == seen + 1) {
        REQUIRE(legal(breaker.last_transition().from, breaker.last_transition().to));
        REQUIRE(breaker.last_transition().at == now);
        REQUIRE(breaker.reason().since == now);
      }
      seen = breaker.transitions();
      REQUIRE(breaker.probes(now) <= 2);
    }
  }
}

TEST_CASE("a number of failures in the window opens it, whatever their share and however few the calls") {
  BreakerConfig config = plain();
  config.consecutive_failures = config.failure_percent = 0;
  config.failure_count = 3;
  Fixture f{config};
  for (int i = 0; i < 2; ++i) {
    f.fail(1);
    f.succeed(10);
  }
  // A window later the first two no longer count.
  f.now += 11s;
  f.fail(1);
  f.succeed(1);
  f.fail(1);
  CHECK(f.state() == BreakerState::closed);
  f.fail(1);
  CHECK(f.state() == BreakerState::open);
  CHECK(f.breaker.reason().cause == "failure_count");
  CHECK(f.breaker.reason().detail == "3 in the window");
}

TEST_CASE("an operator closes it at once, whatever it was doing, and nothing that it learned is left") {
  Fixture at;
  CHECK_FALSE(at.breaker.reset(at.now));  // it is closed
  at.fail(5);
  REQUIRE(at.state() == BreakerState::open);
  CHECK(at.breaker.reset(at.now));
  CHECK(at.state() == BreakerState::closed);
  CHECK(at.breaker.reason().cause == "reset");
  at.fail(4);
  CHECK(at.state() == BreakerState::closed);  // five in a row begin anew
  at.fail(1);
  CHECK(at.breaker.retry_at() == at.now + at.breaker.config().open_for);  // as after a first opening

  Fixture probing;
  probing.to_half_open();
  const auto probe = probing.breaker.try_acquire(probing.now);
  REQUIRE(probe.has_value());
  CHECK(probing.breaker.reset(probing.now));
  probing.breaker.record(*probe, probing.now, Verdict::failure, 1ms);  // of an older generation
  CHECK(probing.state() == BreakerState::closed);

  Fixture by_detector;
  by_detector.breaker.trip(by_detector.now, "silent", "", true);
  CHECK(by_detector.breaker.reset(by_detector.now));

  Fixture forced;
  forced.breaker.set_mode(BreakerMode::forced_open, forced.now);
  CHECK_FALSE(forced.breaker.reset(forced.now));
  CHECK(forced.state() == BreakerState::forced_open);
}
