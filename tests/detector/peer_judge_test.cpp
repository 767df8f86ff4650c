#include <hawser/base/random.hpp>
#include <hawser/detector/peer_judge.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace std::chrono_literals;
using hawser::Duration;
using hawser::Instant;
using hawser::instant_from_us;
using hawser::JudgeConfig;
using hawser::PeerJudge;
using hawser::PeerState;

namespace {

constexpr Instant start = instant_from_us(7'000'000);

// A judge whose peer has answered steadily for two minutes.
struct Steady {
  PeerJudge judge;
  Instant now = start;

  explicit Steady(const JudgeConfig& config = {}) : judge(config, start) {
    judge.session_open(now);
    judge.tick(now);
    answer(600);
  }
  void answer(int times) {
    for (int i = 0; i < times; ++i) {
      now += 200ms;
      REQUIRE_FALSE(judge.tick(now));
      judge.reply(now);
    }
  }
  // Silence, driven by the judge's own timer as a node would.
  void silence_until_unreachable() {
    while (judge.state() != PeerState::unreachable) {
      REQUIRE(judge.next_wake() > now);
      now = judge.next_wake();
      REQUIRE(judge.tick(now));
    }
  }
};

}  // namespace

TEST_CASE("a peer never heard is connecting for its hold, then unreachable for the last reason known") {
  PeerJudge judge{{}, start};
  CHECK(judge.state() == PeerState::connecting);
  CHECK(judge.reason().cause == "starting");
  CHECK(judge.next_wake() == start + 3s);
  CHECK_FALSE(judge.tick(start + 2'999'999us));

  SECTION("never heard at all") {
    CHECK(judge.tick(start + 3s));
    CHECK(judge.reason().cause == "never_heard");
  }
  SECTION("refused") {
    CHECK_FALSE(judge.connection_lost(start + 1s, "connect_refused", "127.0.0.1:7000"));
    CHECK(judge.reason().cause == "connect_refused");
    CHECK(judge.tick(start + 3s));
    CHECK(judge.reason().cause == "connect_refused");
    CHECK(judge.reason().detail == "127.0.0.1:7000");
  }
  CHECK(judge.state() == PeerState::unreachable);
  CHECK(judge.reason().since == start + 3s);
  CHECK(judge.next_wake() == hawser::never);
  CHECK(judge.flaps() == 0);
}

TEST_CASE("a session in both directions makes a peer up at once") {
  PeerJudge judge{{}, start};
  CHECK(judge.session_open(start + 50ms));
  CHECK(judge.state() == PeerState::up);
  CHECK(judge.reason().cause == "session_open");
  CHECK(judge.reason().since == start + 50ms);
  CHECK_FALSE(judge.session_open(start + 60ms));
}

TEST_CASE("silence leads to suspect and then unreachable, at the microseconds that were announced") {
  Steady peer;
  const Instant last = peer.now;
  const Instant suspect_at = peer.judge.next_wake();
  CHECK(suspect_at - last > 600ms);
  CHECK(suspect_at - last < 700ms);
  CHECK_FALSE(peer.judge.tick(suspect_at - 1us));
  CHECK(peer.judge.tick(suspect_at));
  CHECK(peer.judge.state() == PeerState::suspect);
  CHECK(peer.judge.reason().cause == "silent");
  CHECK(peer.judge.reason().next_at == peer.judge.next_wake());
  const Instant convicted_at = peer.judge.next_wake();
  CHECK(convicted_at - last == Duration{200'000 + 400'000 + 112'241});
  CHECK_FALSE(peer.judge.tick(convicted_at - 1us));
  CHECK(peer.judge.tick(convicted_at));
  CHECK(peer.judge.state() == PeerState::unreachable);
  CHECK(peer.judge.flaps() == 1);
}

TEST_CASE("one reply refutes a suspicion and is counted as a mistake of ours") {
  Steady peer;
  peer.now = peer.judge.next_wake();
  peer.judge.tick(peer.now);
  CHECK(peer.judge.reply(peer.now + 1ms));
  CHECK(peer.judge.state() == PeerState::up);
  CHECK(peer.judge.reason().cause == "recovered");
  CHECK(peer.judge.suspicions() == 1);
  CHECK(peer.judge.mistakes() == 1);
  CHECK(peer.judge.flaps() == 0);
}

TEST_CASE(
    "what was promised stands beside what was observed: mistakes, how long they lasted, and when a death was found") {
  Steady peer;
  hawser::DetectorRecord record = peer.judge.record(peer.now);
  CHECK(record.suspicions == 0);
  CHECK(record.promised == Approx(600 * 1e-5));
  CHECK(record.watched == 600 * 200ms);
  CHECK(record.accuracy() == 1.0);
  CHECK(record.detected == Duration{0});
  const Duration promised = record.detection;
  CHECK(promised > 600ms);
  CHECK(promised < 1s);

  const Instant last = peer.now;
  peer.now = peer.judge.next_wake();
  REQUIRE(peer.judge.tick(peer.now));
  const Instant doubted = peer.now;
  peer.now += 7ms;
  peer.judge.reply(peer.now);
  peer.judge.tick(peer.now);
  record = peer.judge.record(peer.now);
  CHECK(record.suspicions == 1);
  CHECK(record.mistakes == 1);
  CHECK(record.mistaken == 7ms);
  CHECK(record.watched == peer.now - start);
  CHECK(record.accuracy() == Approx(1.0 - 0.007 / static_cast<double>((peer.now - start).count()) * 1e6));
  CHECK(doubted - last < promised);

  peer.answer(600);
  const Duration announced = peer.judge.record(peer.now).detection;
  const Instant heard = peer.now;
  peer.silence_until_unreachable();
  record = peer.judge.record(peer.now);
  CHECK(record.detected == announced);
  CHECK(record.detected == peer.now - heard);
  CHECK(record.detection == Duration{0});
  const Duration watched = record.watched;
  CHECK(peer.judge.record(peer.now + 10s).watched == watched);
  CHECK(record.mistakes == 1);
}

TEST_CASE("an unreachable peer needs two replies apart in time; a burst of late ones is one") {
  Steady peer;
  peer.silence_until_unreachable();
  peer.now += 10s;
  for (int i = 0; i < 50; ++i) CHECK_FALSE(peer.judge.reply(peer.now));
  CHECK(peer.judge.state() == PeerState::unreachable);
  SECTION("the next one a heartbeat later raises it") {
    CHECK(peer.judge.reply(peer.now + 200ms));
    CHECK(peer.judge.state() == PeerState::up);
  }
  SECTION("the next one after a long silence starts again") {
    CHECK_FALSE(peer.judge.reply(peer.now + 5s));
    CHECK_FALSE(peer.judge.reply(peer.now + 30s));
    CHECK(peer.judge.reply(peer.now + 30s + 200ms));
  }
}

TEST_CASE("after an outage detection is exactly as fast as before") {
  Steady peer;
  const Duration before = peer.judge.next_wake() - peer.now;
  peer.silence_until_unreachable();
  peer.now += 40s;
  peer.judge.reply(peer.now);
  peer.now += 200ms;
  CHECK(peer.judge.reply(peer.now));
  CHECK(peer.judge.next_wake() - peer.now == before);
}

TEST_CASE("a silence that nobody was allowed to convict for is an outage all the same") {
  Steady peer;
  const Duration before = peer.judge.next_wake() - peer.now;
  const Duration longest = peer.judge.record(peer.now).longest;
  const Duration convicting = peer.judge.record(peer.now).detection;
  SECTION("long enough to convict") {
    peer.now += convicting;
    peer.judge.tick(peer.now, true, false);
    CHECK(peer.judge.state() == PeerState::suspect);
    CHECK(peer.judge.reply(peer.now));
    CHECK(peer.judge.next_wake() - peer.now == before);
    CHECK(peer.judge.record(peer.now).longest == longest);
  }
  SECTION("a microsecond less is an interval") {
    peer.now += convicting - 1us;
    peer.judge.tick(peer.now, true, false);
    CHECK(peer.judge.reply(peer.now));
    CHECK(peer.judge.next_wake() - peer.now > before);
    CHECK(peer.judge.record(peer.now).longest == convicting - 1us);
  }
}

TEST_CASE("a lost connection makes a peer suspect, a quick reconnect and one answer make it up again") {
  Steady peer;
  CHECK(peer.judge.connection_lost(peer.now + 10ms, "connection_lost", "reset"));
  CHECK(peer.judge.state() == PeerState::suspect);
  CHECK(peer.judge.reason().cause == "connection_lost");
  CHECK_FALSE(peer.judge.reply(peer.now + 20ms));
  CHECK(peer.judge.state() == PeerState::suspect);
  CHECK_FALSE(peer.judge.session_open(peer.now + 100ms));
  CHECK(peer.judge.reply(peer.now + 300ms));
  CHECK(peer.judge.state() == PeerState::up);
  CHECK(peer.judge.mistakes() == 0);
  CHECK(peer.judge.flaps() == 0);
}

TEST_CASE("a lost connection that does not come back convicts in phi's time, with the dial's reason") {
  Steady peer;
  const Instant convicted = peer.judge.suspect_at(8.0);
  peer.judge.connection_lost(peer.now + 10ms, "connection_lost");
  peer.judge.connection_lost(peer.now + 200ms, "connect_refused");
  CHECK(peer.judge.next_wake() == convicted);
  CHECK(peer.judge.tick(convicted));
  CHECK(peer.judge.state() == PeerState::unreachable);
  CHECK(peer.judge.reason().cause == "connect_refused");
}

TEST_CASE("a tick reports each change once, whoever made it") {
  Steady peer;
  peer.judge.connection_lost(peer.now, "connection_lost");
  CHECK(peer.judge.tick(peer.now));
  CHECK_FALSE(peer.judge.tick(peer.now));
  peer.judge.peer_restarted(peer.now);
  peer.judge.session_open(peer.now);
  CHECK(peer.judge.tick(peer.now));
  CHECK_FALSE(peer.judge.tick(peer.now));
}

TEST_CASE("a silent peer stays silent when dials do not reach it, and is refused when one is refused") {
  Steady peer;
  peer.silence_until_unreachable();
  peer.judge.connection_lost(peer.now + 1s, "connect_timeout", "after 500 ms");
  CHECK(peer.judge.reason().cause == "silent");
  CHECK(peer.judge.reason().detail == "connect_timeout: after 500 ms");
  peer.judge.connection_lost(peer.now + 2s, "connect_refused");
  CHECK(peer.judge.reason().cause == "connect_refused");
}

TEST_CASE("a convicted peer is not raised by stragglers, only by a new session and its answers") {
  Steady peer;
  CHECK(peer.judge.convict(peer.now, "peer_stopped"));
  for (int i = 0; i < 20; ++i) CHECK_FALSE(peer.judge.reply(peer.now += 200ms));
  CHECK_FALSE(peer.judge.session_open(peer.now));
  CHECK_FALSE(peer.judge.reply(peer.now += 200ms));
  CHECK(peer.judge.reply(peer.now += 200ms));
  CHECK(peer.judge.state() == PeerState::up);
}

TEST_CASE("a peer that says goodbye is unreachable at once") {
  Steady peer;
  CHECK(peer.judge.connection_lost(peer.now, hawser::peer_cause::peer_stopped));
  CHECK(peer.judge.state() == PeerState::unreachable);
  CHECK(peer.judge.reason().cause == "peer_stopped");
  // That nobody listens there now is no news; that somebody is there and turns us away is.
  CHECK_FALSE(peer.judge.connection_lost(peer.now + 1s, "connect_refused"));
  CHECK(peer.judge.reason().cause == "peer_stopped");
  CHECK(peer.judge.reason().detail == "connect_refused");
  CHECK(peer.judge.reason().since == peer.now);
  CHECK_FALSE(peer.judge.connection_lost(peer.now + 2s, "refused_by_peer"));
  CHECK(peer.judge.reason().cause == "refused_by_peer");
}

TEST_CASE("each one-way cut is named for what it is") {
  Steady peer;
  const std::string expected = GENERATE("silent", "cut_outbound", "cut_inbound");
  const Instant convicted = peer.judge.suspect_at(8.0);
  for (Instant at = peer.now; at < convicted; at += 50ms) {
    peer.judge.heard(expected == "cut_outbound" ? at : peer.now);
    if (expected == "cut_outbound") peer.judge.unheard(at);
    if (expected == "cut_inbound") peer.judge.vouched(at);
  }
  CHECK(peer.judge.tick(peer.judge.next_wake()));
  CHECK(peer.judge.reason().cause == expected);
  CHECK(peer.judge.tick(convicted));
  CHECK(peer.judge.reason().cause == expected);
}

TEST_CASE("evidence of a one-way cut names it half a pause before silence alone would, and nothing is named without") {
  Steady peer;
  const Instant last = peer.now;
  const Instant doubted = peer.judge.next_doubt();
  CHECK(doubted == peer.judge.next_wake() - 200ms);
  CHECK_FALSE(peer.judge.doubts(doubted - 1us));
  CHECK(peer.judge.doubts(doubted));

  SECTION("it beats on, and has not heard us") {
    peer.judge.unheard(last + 400ms);
    CHECK_FALSE(peer.judge.tick(doubted - 1us));
    CHECK_FALSE(peer.judge.tick(doubted, false));  // we did not run ourselves
    CHECK(peer.judge.tick(doubted));
    CHECK(peer.judge.reason().cause == "cut_outbound");
    CHECK(peer.judge.next_doubt() == hawser::never);
    CHECK(peer.judge.reply(doubted + 1ms));
    CHECK(peer.judge.mistakes() == 1);
  }
  SECTION("what it said of us before its last answer says nothing") {
    peer.judge.unheard(last - 1ms);
    CHECK_FALSE(peer.judge.tick(doubted));
  }
  SECTION("a third node heard it when it should have spoken to us") {
    const Duration spoken = doubted - last - 200ms;
    CHECK_FALSE(peer.judge.seen_alive(last + spoken - 1us, doubted));
    CHECK_FALSE(peer.judge.tick(doubted));
    CHECK(peer.judge.next_doubt() == doubted + 25ms);  // worth asking again
    CHECK_FALSE(peer.judge.seen_alive(last + spoken, doubted + 50ms));
    CHECK_FALSE(peer.judge.tick(doubted + 50ms));  // it may have spoken to us as well, a moment later
    CHECK(peer.judge.next_doubt() == doubted + 75ms);
    CHECK(peer.judge.tick(doubted + 75ms));
    CHECK(peer.judge.reason().cause == "cut_inbound");
  }
  SECTION("a third node's word comes when it is suspected for its silence already") {
    CHECK(peer.judge.tick(peer.judge.next_wake()));
    CHECK(peer.judge.reason().cause == "silent");
    CHECK_FALSE(peer.judge.seen_alive(last + 500ms, last + 700ms));
    CHECK(peer.judge.seen_alive(last + 500ms, last + 725ms));
    CHECK(peer.judge.reason().cause == "cut_inbound");
  }
  SECTION("nobody knows anything") {
    CHECK_FALSE(peer.judge.tick(doubted));
    CHECK(peer.judge.tick(peer.judge.next_wake()));
    CHECK(peer.judge.reason().cause == "silent");
  }
}

TEST_CASE("a restarted peer is a new one: nothing learned of the old remains but its flaps") {
  Steady peer;
  CHECK(peer.judge.peer_restarted(peer.now));
  CHECK(peer.judge.state() == PeerState::connecting);
  CHECK(peer.judge.reason().cause == "peer_restarted");
  CHECK(peer.judge.detector().heartbeats() == 0);
  CHECK(peer.judge.flaps() == 1);
  CHECK_FALSE(peer.judge.reply(peer.now + 1ms));
  CHECK(peer.judge.session_open(peer.now + 2ms));
  CHECK(peer.judge.state() == PeerState::up);
}

TEST_CASE("a stall of our own moves every deadline, and no tick accuses while we may not") {
  Steady peer;
  const Instant due = peer.judge.next_wake();
  peer.judge.excuse(5s);
  CHECK(peer.judge.next_wake() == due + 5s);
  CHECK_FALSE(peer.judge.tick(due + 4s));
  CHECK_FALSE(peer.judge.tick(due + 60s, false));
  CHECK(peer.judge.tick(due + 60s, true, false));
  CHECK(peer.judge.state() == PeerState::suspect);
  CHECK(peer.judge.tick(due + 60s));
  CHECK(peer.judge.state() == PeerState::unreachable);

  PeerJudge fresh{{}, start};
  fresh.excuse(2s);
  CHECK(fresh.next_wake() == start + 5s);
  CHECK(fresh.reason().next_at == start + 5s);
}

TEST_CASE("a flapping peer must answer longer and longer, up to a bound, and is forgiven in quiet times") {
  Steady peer;
  std::uint32_t last = 0;
  for (int flap = 1; flap <= 8; ++flap) {
    peer.silence_until_unreachable();
    const std::uint32_t needed = peer.judge.replies_needed(peer.now);
    CHECK(needed >= last);
    last = needed;
    std::uint32_t given = 0;
    do {
      peer.now += 200ms;
      ++given;
    } while (!peer.judge.reply(peer.now));
    CHECK(given == needed);
    CHECK(peer.judge.flaps() == static_cast<std::uint32_t>(flap));
  }
  CHECK(last == 5);
  CHECK(peer.judge.replies_needed(peer.now + 10min) == 2);
}

TEST_CASE("degraded stands beside the state") {
  Steady peer;
  CHECK(peer.judge.set_degraded(true, peer.now, "slow_replies"));
  CHECK_FALSE(peer.judge.set_degraded(true, peer.now, "other"));
  CHECK(peer.judge.degraded_reason().cause == "slow_replies");
  CHECK(peer.judge.state() == PeerState::up);
  CHECK(peer.judge.set_degraded(false, peer.now, "recovered"));
}

TEST_CASE("whatever happens, only legal changes are made, and the returned truth is the truth") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    hawser::Random random{seed};
    PeerJudge judge{{}, start};
    Instant now = start;
    for (int step = 0; step < 300; ++step) {
      now += Duration{random.between(std::int64_t{0}, std::int64_t{400'000})};
      const PeerState before = judge.state();
      bool told = false;
      const std::uint64_t what = random.below(20);
      if (what < 8)
        told = judge.reply(now);
      else if (what < 15)
        told = judge.tick(now, what != 8, what != 9);
      else if (what == 15)
        told = judge.session_open(now);
      else if (what == 16)
        told = judge.connection_lost(now, "connection_lost");
      else if (what == 17)
        told = judge.connection_lost(now, hawser::peer_cause::peer_stopped);
      else if (what == 18)
        told = judge.peer_restarted(now);
      else
        judge.excuse(Duration{random.between(std::int64_t{-1}, std::int64_t{300'000})});
      const PeerState after = judge.state();
      REQUIRE(told == (before != after));
      // A change made by an event is reported by the next tick too; one made by a tick is not reported again.
      const bool by_tick = what >= 8 && what < 15;
      REQUIRE(judge.tick(now, false) == (told && !by_tick));
      if (told) REQUIRE(judge.reason().since == now);
      if (after == PeerState::up && told) REQUIRE(judge.connected());
      if (before == PeerState::connecting) REQUIRE(after != PeerState::suspect);
      if (before == PeerState::unreachable) REQUIRE(after != PeerState::suspect);
      if (after == PeerState::unreachable) REQUIRE(judge.next_wake() == hawser::never);
    }
  }
}
