// One-way cuts have a name on both nodes within three intervals, and nothing else gets it.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <algorithm>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::Direction;
using hawser::sim::ProcessEnd;
using hawser::sim::Watch;
using hawser::sim::World;
using hawser::sim::WorldTime;

namespace {

constexpr Duration interval = 200ms;

struct Cluster {
  World world;
  Watch watch{world, {.throws = true, .breakers_closed = false}};
  std::size_t named = 0;  // how often any node gave any peer the name of a one-way cut

  explicit Cluster(std::size_t nodes, std::uint64_t seed = 5, bool talking = false)
      : world({.seed = seed, .trace_rows = 400}) {
    for (std::size_t i = 1; i <= nodes; ++i) {
      world.host("n" + std::to_string(i), Config{}, [this, talking](Node& node) { live(node, talking); });
    }
  }
  void live(Node& node, bool talking) {
    node.on<Note>([](Note::Reader) {});
    node.on_event([this](const Event& event) {
      const bool cut = event.cause == "cut_outbound" || event.cause == "cut_inbound";
      named += cut && event.kind == "peer_state" ? 1 : 0;
    });
    if (!talking || node.id() != NodeId{"n1"}) return;
    node.every(50ms, [&node] {
      node.peer("n2").try_post(Message<Note>{});
      return true;
    });
  }
  PeerHealth health(const std::string& at, const std::string& of) { return world.node(at).peer(of).health(); }
  bool cut(const std::string& at, const std::string& of, std::string_view cause) {
    return health(at, of).state != PeerState::up && health(at, of).reason.cause == cause;
  }
  // The node's last word on its ordinary lane, or the peer's.
  bool lane_named(const std::string& at, std::string_view cause, WorldTime since) {
    const NodeSnapshot shown = world.node(at).snapshot();
    const Instant from = shown.taken_at - (world.now() - since);
    return std::any_of(shown.events.begin(), shown.events.end(), [&](const Event& event) {
      return event.kind == "lane" && event.cause == cause && event.at >= from;
    });
  }
};

}  // namespace

TEST_CASE("a one-way cut is named on both nodes within three intervals of the cut, whenever it comes",
          "[one_way][world]") {
  // Where in the interval it comes, and who of the two asks and who answers, is left to nobody's luck.
  for (const std::size_t nodes : {3u, 5u}) {
    for (const bool there : {true, false}) {
      for (Duration phase = 0ms; phase < interval; phase += 9ms) {
        CAPTURE(nodes, there, phase.count());
        const std::string from = there ? "n1" : "n2";
        const std::string to = there ? "n2" : "n1";
        Cluster cluster{nodes};
        cluster.world.run_for(10s + phase);
        cluster.world.one_way(from, to);
        const WorldTime since = cluster.world.now();
        REQUIRE(cluster.world.run_until(
            [&] { return cluster.cut(from, to, "cut_outbound") && cluster.cut(to, from, "cut_inbound"); }, 3s));
        CHECK(cluster.world.now() - since <= interval * 3);
        CHECK(cluster.health("n3", from).state == PeerState::up);
        CHECK(cluster.health("n3", to).state == PeerState::up);
        if (phase != 0ms) continue;
        cluster.world.heal();
        CHECK(cluster.world.run_until(
            [&] {
              return cluster.health(from, to).state == PeerState::up && cluster.health(to, from).state == PeerState::up;
            },
            15s));
      }
    }
  }
}

TEST_CASE("a data lane alone that is cut is named on both nodes within three intervals, at rest and under way",
          "[one_way][world]") {
  for (const bool talking : {true, false}) {
    for (Duration phase = 0ms; phase < interval; phase += 13ms) {
      CAPTURE(talking, phase.count());
      Cluster cluster{3, 6, talking};
      cluster.world.run_for(5s);
      cluster.world.node("n1").peer("n2").try_post(Message<Note>{});  // the lane is open from now on
      cluster.world.run_for(5s + phase);
      cluster.world.lane_loss("n1", "n2", LaneClass::ordinary, true, Direction::there);
      const WorldTime since = cluster.world.now();
      REQUIRE(cluster.world.run_until(
          [&] {
            return cluster.lane_named("n1", "cut_outbound", since) && cluster.lane_named("n2", "cut_inbound", since);
          },
          3s));
      CHECK(cluster.world.now() - since <= interval * 3);
      CHECK(cluster.health("n1", "n2").state == PeerState::up);
      CHECK(cluster.health("n2", "n1").state == PeerState::up);
      cluster.world.lane_loss("n1", "n2", LaneClass::ordinary, false, Direction::there);
      CHECK(cluster.world.run_until(
          [&] { return cluster.lane_named("n1", "recovered", since) && cluster.lane_named("n2", "recovered", since); },
          15s));
      CHECK(cluster.named == 0);
    }
  }
}

TEST_CASE("where only new connections hang, the first that is tried says so on both nodes within three intervals",
          "[one_way][world]") {
  Cluster cluster{3};
  cluster.world.run_for(5s);
  cluster.world.syn_drop("n1", "n2", true, Direction::there);
  cluster.world.run_for(5s);
  CHECK(cluster.health("n1", "n2").state == PeerState::up);  // what stands goes on, and nobody has tried
  const WorldTime since = cluster.world.now();
  cluster.world.node("n1").peer("n2").try_post(Message<Note>{});
  REQUIRE(cluster.world.run_until(
      [&] { return cluster.lane_named("n1", "cut_outbound", since) && cluster.lane_named("n2", "cut_inbound", since); },
      3s));
  CHECK(cluster.world.now() - since <= interval * 3);
  CHECK(cluster.health("n1", "n2").state == PeerState::up);
}

TEST_CASE("a dead node is silent, not cut off one way, whoever says what of it", "[one_way][world]") {
  for (Duration phase = 0ms; phase < interval; phase += 9ms) {
    CAPTURE(phase.count());
    Cluster cluster{4};
    cluster.world.run_for(10s + phase);
    cluster.world.crash("n2", ProcessEnd::silent);
    cluster.world.run_for(3s);
    CHECK(cluster.named == 0);
    CHECK(cluster.health("n1", "n2").state == PeerState::unreachable);
    CHECK(cluster.health("n1", "n2").reason.cause == "silent");
  }
}

TEST_CASE("a node that stood still is not cut off, however long, and takes nobody for cut off", "[one_way][world]") {
  for (const Duration pause : {300ms, 450ms, 500ms, 550ms, 600ms, 800ms, 3000ms}) {
    for (Duration phase = 0ms; phase < interval; phase += 31ms) {
      CAPTURE(pause.count(), phase.count());
      Cluster cluster{4, 7, true};
      cluster.world.run_for(10s + phase);
      cluster.world.pause("n2");
      cluster.world.run_for(pause);
      cluster.world.resume("n2");
      cluster.world.run_for(2s);
      CHECK(cluster.named == 0);
    }
  }
}

TEST_CASE("jitter and a lost segment now and then are no one-way cuts", "[one_way][world]") {
  const auto seed = GENERATE(range(1u, 5u));
  CAPTURE(seed);
  Cluster cluster{5, seed, true};
  const std::size_t nodes = 5;
  for (std::size_t a = 1; a <= nodes; ++a) {
    for (std::size_t b = a + 1; b <= nodes; ++b) {
      const std::string one = "n" + std::to_string(a);
      const std::string other = "n" + std::to_string(b);
      cluster.world.delay(one, other, 1ms, 80ms);
      if (seed % 2 == 0) cluster.world.loss(one, other, 1'000);  // a thousandth: 200 ms late each time
    }
  }
  cluster.world.run_for(300s);
  CHECK(cluster.named == 0);
}
