// Lane: dialling with patience, and a window of what is under way.
#include <hawser/interconnect/lane.hpp>

#include <catch2/catch.hpp>

using namespace hawser;

namespace {

constexpr Duration absent_cap{1'000'000};

struct Bench {
  ReconnectConfig config;
  Random random{11};
  Instant now = instant_from_us(1'000'000);
  Lane lane{LaneClass::ordinary, config, 1'000, absent_cap, now};

  void dial() {
    if (lane.next_wake() != never) now = std::max(now, lane.next_wake());
    REQUIRE(lane.dial_due(now));
    lane.dialled(LinkId{1}, now);
  }
  void fail(Lane::Severity severity = Lane::Severity::absent) {
    lane.failed(now, severity, "test", "it failed", random);
  }
  void open() {
    dial();
    lane.greeted(7, now);
    lane.opened(now);
  }
};

}  // namespace

TEST_CASE("lane: nothing is dialled before somebody wants to send") {
  Bench bench;
  CHECK(bench.lane.next_wake() == never);
  CHECK_FALSE(bench.lane.dial_due(bench.now));
  bench.lane.hurry(bench.now);
  CHECK_FALSE(bench.lane.dial_due(bench.now));
  bench.lane.want(bench.now);
  CHECK(bench.lane.dial_due(bench.now));
}

TEST_CASE("lane: the delay counts from the start of the attempt, so that a slow failure is not punished twice") {
  Bench bench;
  bench.lane.want(bench.now);
  for (int i = 0; i < 30; ++i) {
    bench.dial();
    const Instant began = bench.now;
    const Duration ceiling = bench.lane.snapshot().next_delay_max;
    bench.now += Duration{500'000};
    bench.fail();
    CHECK(bench.lane.next_wake() >= bench.now);
    CHECK(bench.lane.next_wake() <= std::max(bench.now, began + ceiling));
    CHECK(bench.lane.reason().next_at == bench.lane.next_wake());
  }
}

TEST_CASE("lane: an absent peer is asked for often, one that refuses seldom") {
  Bench bench;
  bench.lane.want(bench.now);
  Duration longest{0};
  const auto severity = GENERATE(Lane::Severity::absent, Lane::Severity::refused);
  for (int i = 0; i < 200; ++i) {
    bench.dial();
    bench.fail(severity);
    longest = std::max(longest, bench.lane.next_wake() - bench.now);
  }
  if (severity == Lane::Severity::absent) {
    CHECK(longest <= absent_cap);
  } else {
    CHECK(longest > absent_cap);
    CHECK(longest <= bench.config.cap);
  }
  CHECK(longest > Duration{500'000});
  CHECK(bench.lane.snapshot().dials == 200);
}

TEST_CASE("lane: one refusal after a long silence is no reason for the longest wait") {
  const auto seed = GENERATE(range(1u, 21u));
  Bench bench;
  bench.random = Random{seed};
  bench.lane.want(bench.now);
  for (int i = 0; i < 200; ++i) {
    bench.dial();
    bench.fail();
  }
  bench.dial();
  bench.fail(Lane::Severity::refused);
  CHECK(bench.lane.next_wake() - bench.now <= absent_cap);
}

TEST_CASE("lane: evidence that the peer is back cuts the wait short, and only a wait") {
  Bench bench;
  bench.lane.want(bench.now);
  bench.dial();
  bench.lane.hurry(bench.now);
  CHECK(bench.lane.state() == LaneState::dialling);
  do {
    bench.fail();
    if (bench.lane.next_wake() > bench.now) break;
    bench.dial();
  } while (true);
  bench.lane.hurry(bench.now);
  CHECK(bench.lane.dial_due(bench.now));
}

TEST_CASE("lane: only a session that was stable forgets the failures before it") {
  Bench bench;
  bench.lane.want(bench.now);
  for (int i = 0; i < 10; ++i) {
    bench.dial();
    bench.fail(Lane::Severity::refused);
  }
  const Duration grown = bench.lane.snapshot().next_delay_max;
  bench.open();
  SECTION("a short one does not") {
    bench.now += bench.config.stable_after - Duration{1};
    bench.lane.acknowledged(0, bench.now);
    bench.fail(Lane::Severity::refused);
    CHECK(bench.lane.snapshot().next_delay_max >= grown);
  }
  SECTION("a long one does") {
    bench.now += bench.config.stable_after;
    bench.fail(Lane::Severity::refused);
    CHECK(bench.lane.snapshot().next_delay_max == 2 * bench.config.base);
  }
}

TEST_CASE("lane: a hello that is not answered is overdue at its limit") {
  Bench bench;
  bench.lane.want(bench.now);
  bench.dial();
  CHECK(bench.lane.next_wake() == never);  // the transport has a limit of its own
  bench.lane.greeted(7, bench.now);
  CHECK(bench.lane.nonce() == 7);
  CHECK(bench.lane.next_wake() == bench.now + bench.config.handshake_timeout);
  CHECK_FALSE(bench.lane.greeting_overdue(bench.now + bench.config.handshake_timeout - Duration{1}));
  CHECK(bench.lane.greeting_overdue(bench.now + bench.config.handshake_timeout));
  bench.lane.opened(bench.now);
  CHECK(bench.lane.next_wake() == never);
}

TEST_CASE("lane: what was handed over takes the window until it is acknowledged") {
  Bench bench;
  bench.lane.want(bench.now);
  bench.open();
  const auto first = bench.lane.next_batch();
  bench.lane.handed_over(first, 600, bench.now);
  const auto second = bench.lane.next_batch();
  bench.lane.handed_over(second, 600, bench.now + Duration{5});
  CHECK(bench.lane.window_left() == 0);
  CHECK(bench.lane.waiting_since() == bench.now);
  bench.lane.acknowledged(first, bench.now);
  CHECK(bench.lane.window_left() == 400);
  CHECK(bench.lane.waiting_since() == bench.now + Duration{5});
  bench.lane.acknowledged(first, bench.now);  // again
  CHECK(bench.lane.flight_bytes() == 600);
  bench.lane.acknowledged(second, bench.now);
  CHECK(bench.lane.all_acknowledged());
  CHECK(bench.lane.waiting_since() == never);
}

TEST_CASE("lane: a break empties the window, and batches go on counting") {
  Bench bench;
  bench.lane.want(bench.now);
  bench.open();
  const auto before = bench.lane.next_batch();
  bench.lane.handed_over(before, 5'000, bench.now);
  bench.lane.set_blocked(true);
  SECTION("by failure") { bench.fail(); }
  SECTION("on purpose") {
    bench.lane.rest(bench.now, "idle");
    CHECK(bench.lane.state() == LaneState::idle);
    bench.lane.want(bench.now);
  }
  CHECK(bench.lane.flight_bytes() == 0);
  CHECK(bench.lane.link() == LinkId::none);
  CHECK_FALSE(bench.lane.blocked());
  bench.open();
  CHECK(bench.lane.next_batch() == before + 1);
}
