// Snapshots that no honest node would show are found.
#include <hawser/sim/node_watch.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::Findings;
using hawser::sim::Invariant;
using hawser::sim::NodeWatch;

namespace {

struct Desk {
  Findings findings;
  NodeWatch watch{"a", findings};
  Config config;
  NodeSnapshot shown;

  Desk() {
    shown.peers.resize(1);
    peer().health.id = NodeId{"b"};
    peer().channels.resize(1);
    channel().name = "Note";
    peer().lanes.resize(1);
  }
  PeerSnapshot& peer() { return shown.peers.front(); }
  ChannelSnapshot& channel() { return peer().channels.front(); }
  LaneSnapshot& lane() { return peer().lanes.front(); }
  void add_up() {
    peer().ledger = channel().ledger;
    shown.ledger = channel().ledger;
    peer().outbound_room = shown.outbound_room = channel().ledger.held.bytes;
  }
  void event(std::string_view kind, std::string_view cause, std::string text) {
    shown.events.push_back({shown.events.size() + 1, Instant{}, kind, NodeId{"b"}, cause, std::move(text)});
  }
  bool finds(Invariant what, bool calm = false) {
    watch.look(shown, config, calm);
    return !findings.empty() && findings.all().front().invariant == what;
  }
  bool finds_nothing(bool calm = false) {
    watch.look(shown, config, calm);
    return findings.empty();
  }
};

}  // namespace

TEST_CASE("a node whose books balance shows nothing wrong", "[node_watch]") {
  Desk desk;
  desk.channel().ledger.submit(10);
  desk.add_up();
  CHECK(desk.finds_nothing(true));
}

TEST_CASE("books that miss a message or a byte, or do not add up, break conservation", "[node_watch]") {
  Desk desk;
  desk.channel().ledger.submit(10);
  SECTION("of a channel") {
    desk.channel().ledger.held = {};
    desk.add_up();
  }
  SECTION("bytes only") {
    desk.channel().ledger.held.bytes = 9;
    desk.add_up();
  }
  SECTION("of a peer") {
    desk.add_up();
    desk.peer().ledger = {};
  }
  SECTION("of the node") {
    desk.add_up();
    desk.shown.ledger.submitted.messages = 2;
  }
  CHECK(desk.finds(Invariant::conservation));
}

TEST_CASE("whatever grows beyond its bound breaks memory", "[node_watch]") {
  Desk desk;
  SECTION("bytes that channels borrow from their peer") {
    desk.channel().borrowed_bytes = desk.config.bounds.peer_bytes + 1;
  }
  SECTION("bytes that inbound channels borrow") {
    desk.peer().inbound.resize(1);
    desk.peer().inbound.front().borrowed_bytes = desk.config.bounds.peer_bytes + 1;
  }
  SECTION("bytes held for which no room was taken") {
    desk.channel().ledger.submit(10);
    desk.add_up();
    desk.peer().outbound_room = 9;
    CHECK(desk.finds(Invariant::memory));
    return;
  }
  SECTION("bytes that came and for which no room was taken") {
    desk.peer().inbound.resize(1);
    desk.peer().inbound.front().held_bytes = 10;
    desk.peer().inbound_room = 9;
    desk.shown.inbound_room = 10;
  }
  SECTION("room of a peer") { desk.peer().inbound_room = 2 * desk.config.bounds.peer_bytes + 1; }
  SECTION("room of the node") { desk.shown.inbound_room = desk.config.bounds.node_bytes + 1; }
  SECTION("room of the node that no peer has taken") {
    desk.peer().inbound_room = 10;
    desk.shown.inbound_room = 11;
  }
  SECTION("messages in a channel") {
    desk.config.bounds.channel_messages = 1;
    for (int i = 0; i < 3; ++i) desk.channel().ledger.submit(1);
  }
  SECTION("messages that wait for their handler") {
    desk.peer().inbound.resize(1);
    desk.peer().inbound.front().queued_messages = desk.config.bounds.channel_messages + 1;
  }
  SECTION("bytes of the node") { desk.shown.held_bytes = desk.shown.inbound_room + 1; }
  SECTION("bytes on a lane") { desk.lane().unacknowledged_bytes = 2 * desk.config.bounds.lane_window_bytes; }
  desk.add_up();
  CHECK(desk.finds(Invariant::memory));
}

TEST_CASE("at rest nothing is borrowed, and little room is kept", "[node_watch]") {
  Desk desk;
  desk.watch.look_at_rest(desk.shown);
  CHECK(desk.findings.empty());
  SECTION("borrowed") { desk.channel().borrowed_bytes = 1; }
  SECTION("kept") { desk.peer().outbound_room = (128u << 10) + 1; }
  desk.watch.look_at_rest(desk.shown);
  REQUIRE(desk.findings.all().size() == 1);
  CHECK(desk.findings.all().front().invariant == Invariant::memory);
}

TEST_CASE("a peer that broke the protocol is named once", "[node_watch]") {
  Desk desk;
  desk.event("refused", "malformed", "b broke the protocol: a batch that was here before");
  desk.event("refused", "malformed", "b turned us away: a data lane without a session");
  CHECK(desk.finds_nothing());
  REQUIRE(desk.watch.breaches().size() == 1);
  CHECK(desk.watch.breaches().front().cause == "malformed");
  CHECK(desk.finds_nothing());
  CHECK(desk.watch.breaches().empty());
}

TEST_CASE("room of a peer that was removed may outlive it", "[node_watch]") {
  Desk desk;
  desk.event("node", "peer_removed", "b is no longer a peer");
  desk.shown.outbound_room = 10;
  CHECK(desk.finds_nothing());
}

TEST_CASE("a breaker goes only where its picture has an arrow", "[node_watch]") {
  Desk desk;
  SECTION("all round") {
    for (const char* state : {"open", "half_open", "open", "half_open", "ramping", "closed"}) {
      desk.event("breaker", "failures", std::string{"Note: "} + state);
    }
    desk.event("breaker", "silent", "the peer's: open");
    CHECK(desk.finds_nothing());
  }
  SECTION("closed without a trial") {
    desk.event("breaker", "failures", "Note: open");
    desk.event("breaker", "failures", "Note: closed");
    CHECK(desk.finds(Invariant::breaker));
  }
  SECTION("half-open out of nothing") {
    desk.event("breaker", "failures", "Note: half_open");
    CHECK(desk.finds(Invariant::breaker));
  }
  SECTION("not after a gap in the log, when nobody knows what was before") {
    desk.event("breaker", "failures", "Note: half_open");
    desk.shown.events.front().number = 100;
    CHECK(desk.finds_nothing());
  }
}

TEST_CASE("an event is judged once, however often it is shown", "[node_watch]") {
  Desk desk;
  desk.event("breaker", "failures", "Note: half_open");
  CHECK(desk.finds(Invariant::breaker));
  desk.watch.look(desk.shown, desk.config, false);
  CHECK(desk.findings.all().size() == 1);
}

TEST_CASE("a lane that waits longer than its backoff allows breaks backoff", "[node_watch]") {
  Desk desk;
  desk.lane().state = LaneState::waiting;
  desk.lane().reason.since = Instant{10s};
  desk.lane().reason.cause = "silent";
  desk.lane().dials = 3;  // 100, 200, 400 ms
  SECTION("within") {
    desk.lane().reason.next_at = Instant{10s + 400ms};
    CHECK(desk.finds_nothing());
  }
  SECTION("beyond") {
    desk.lane().reason.next_at = Instant{10s + 400ms + 1us};
    CHECK(desk.finds(Invariant::backoff));
  }
  SECTION("never above the cap") {
    desk.lane().dials = 1000;
    desk.lane().reason.next_at = Instant{10s + desk.config.reconnect.cap + 1us};
    CHECK(desk.finds(Invariant::backoff));
  }
  SECTION("nor plans to") {
    desk.lane().next_delay_max = desk.config.reconnect.cap + 1us;
    CHECK(desk.finds(Invariant::backoff));
  }
}

TEST_CASE("who accuses a peer in a calm world is wrong", "[node_watch]") {
  Desk desk;
  desk.event("peer_state", "silent", "b is suspect");
  SECTION("calm") { CHECK(desk.finds(Invariant::accuracy, true)); }
  SECTION("not calm") { CHECK(desk.finds_nothing(false)); }
}

TEST_CASE("a peer that fails on most of its real work and is not degraded breaks I17, and so does the reverse",
          "[node_watch]") {
  Desk desk;
  desk.shown.taken_at = Instant{10s};
  desk.peer().health.state = PeerState::up;
  desk.peer().channels.resize(3);
  desk.channel().replies = true;
  desk.peer().channels[1].breaker.state = "open";
  desk.peer().channels[1].breaker.reason.since = Instant{5s};
  desk.peer().channels[2].breaker.state = "closed";
  SECTION("one of two says nothing") { CHECK(desk.finds_nothing()); }
  SECTION("both do") {
    desk.peer().channels[2].breaker.state = "half_open";
    CHECK(desk.finds(Invariant::gray));
  }
  SECTION("not at once") {
    desk.peer().channels[2].breaker.state = "half_open";
    desk.peer().channels[2].breaker.reason.since = Instant{9500ms};
    CHECK(desk.finds_nothing());
  }
  SECTION("nor of one that is degraded") {
    desk.peer().channels[2].breaker.state = "open";
    desk.peer().health.degraded = true;
    CHECK(desk.finds_nothing());
  }
  SECTION("nor of one that is not up") {
    desk.peer().channels[2].breaker.state = "open";
    desk.peer().health.state = PeerState::suspect;
    CHECK(desk.finds_nothing());
  }
  SECTION("degraded without a reason") {
    desk.peer().channels[1].breaker.state = "closed";
    desk.peer().health.degraded = true;
    CHECK(desk.finds(Invariant::gray));
  }
}
