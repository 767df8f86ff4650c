// What may leave through an open or a ramping breaker, and when heartbeats must: planted snapshots are found out.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/flow_watch.hpp>
#include <hawser/sim/probe.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <memory>

using namespace hawser;
using namespace std::chrono_literals;
using namespace hawser::sim;

namespace {

struct Desk {
  Findings findings;
  FlowWatch watch{"a", findings};
  Config config;
  NodeSnapshot shown;
  WorldTime now = world_begin + 1s;

  Desk() {
    shown.id = NodeId{"a"};
    shown.taken_at = Instant{10s};
    shown.peers.resize(1);
    peer().health.id = NodeId{"b"};
    peer().channels.resize(1);
    channel().name = "Note";
    channel().breaker.opened = 1;
    peer().lanes.resize(1);
  }
  PeerSnapshot& peer() { return shown.peers.front(); }
  ChannelSnapshot& channel() { return peer().channels.front(); }
  void end(OutcomeKind kind, std::uint64_t count) {
    channel().ledger.outcomes[static_cast<std::size_t>(kind)].messages += count;
  }
  void look(Duration later_by = 10ms, bool punctual = true) {
    now = later(now, later_by);
    watch.look(shown, config, punctual, now);
  }
  bool found(Invariant what) const { return !findings.empty() && findings.all().front().invariant == what; }
};

}  // namespace

TEST_CASE("messages that leave while the breaker is open break I10", "[flow_watch]") {
  Desk desk;
  desk.channel().breaker.state = "open";
  desk.look();
  SECTION("under way") {
    desk.channel().sent_messages = 2;
    desk.look();
    CHECK(desk.found(Invariant::breaker));
  }
  SECTION("ended already") {
    desk.end(OutcomeKind::delivered, 2);
    desk.look();
    CHECK(desk.found(Invariant::breaker));
  }
  SECTION("through the peer's, whatever the channel's says") {
    desk.channel().breaker.state = "closed";
    desk.peer().health.breaker = {"open", {}, 3};
    desk.look();
    desk.channel().sent_messages = 2;
    desk.look();
    CHECK(desk.found(Invariant::breaker));
  }
  SECTION("but not those that are turned away, end late, or left through a half-open moment") {
    desk.end(OutcomeKind::circuit_open, 10);
    desk.look();
    desk.channel().sent_messages = 5;
    desk.channel().breaker.opened = 2;
    desk.look();
    desk.channel().sent_messages = 0;
    desk.end(OutcomeKind::unknown, 5);
    desk.look();
    CHECK(desk.findings.empty());
  }
}

TEST_CASE("more than the ramp's share breaks I10", "[flow_watch]") {
  Desk desk;
  desk.channel().breaker.state = "ramping";
  desk.channel().breaker.reason.since = Instant{9s};
  desk.channel().breaker.reason.next_at = Instant{13s};  // a quarter each second: 25 % at 10 s
  desk.look();
  desk.end(OutcomeKind::circuit_open, 80);
  SECTION("a quarter and what rounding takes") {
    desk.end(OutcomeKind::delivered, 27);
    desk.look();
    CHECK(desk.findings.empty());
  }
  SECTION("more") {
    desk.end(OutcomeKind::delivered, 40);
    desk.look();
    CHECK(desk.found(Invariant::breaker));
  }
}

TEST_CASE("a heartbeat that does not leave over an open lane breaks I6", "[flow_watch]") {
  Desk desk;
  desk.peer().lanes.front().state = LaneState::open;
  desk.peer().sessions = 1;
  desk.peer().heartbeats_sent = 7;
  desk.look();
  const Duration interval = desk.config.detector.heartbeat;
  SECTION("in time") {
    desk.look(interval);
    ++desk.peer().heartbeats_sent;
    desk.look(interval / 10);
    CHECK(desk.findings.empty());
  }
  SECTION("a tenth of an interval late") {
    desk.look(interval + interval / 10);
    CHECK(desk.findings.empty());
    desk.look(5ms);
    CHECK(desk.found(Invariant::bulkheads));
  }
  SECTION("not when the host did not run, or the lane was another one") {
    desk.look(10 * interval, false);
    ++desk.peer().sessions;
    desk.look(10 * interval);
    CHECK(desk.findings.empty());
  }
}

TEST_CASE("saturated, stalled and rate-limited: heartbeats leave in time, and open breakers let nothing pass",
          "[flow_watch]") {
  WorldOptions options;
  options.seed = 5;
  options.trace_rows = 500;
  World world{options};
  Watch watch{world};
  for (const char* name : {"n1", "n2", "n3"}) {
    world.host(name, Config{}, [&](Node& node) {
      auto probe = std::make_shared<sim::Probe>(node, watch.books(), world.clock());
      probe->on<Note>([](Note::Reader, const Delivery&) {});
      node.every(25ms, [probe] {
        for (Peer& peer : probe->node().peers()) {
          for (int i = 0; i < 10; ++i) {
            Message<Note> note;
            note->setText(std::string(2'000, 'x'));
            probe->send(peer.id().text(), std::move(note), {.ttl = 500ms});
          }
        }
        return true;
      });
    });
  }
  world.run_for(1s);
  world.rate("n1", "n2", 2'000'000, 1 << 20);
  world.run_for(2s);
  world.handler_stall("n2", "Note", true);  // unknown ends, breakers, credit
  world.run_for(2s);
  world.handler_stall("n2", "Note", false);
  world.one_way("n3", "n1");
  world.run_for(2s);
  world.heal();
  world.run_for(4s);
  std::uint64_t opened = 0;
  for (const PeerSnapshot& peer : world.node("n1").snapshot().peers) opened += peer.health.breaker.opened;
  CHECK(opened > 0);
}
