// Nodes with a strategy, in worlds that are cut, healed and restarted: who serves, who is told, and what is sent.
#include "stance_cluster.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using Catch::Contains;
using hawser::sim::InvariantViolated;
using hawser::sim::ProcessEnd;
using hawser::sim::World;
using hawser::sim::WorldTime;
using hawser::sim::test::Cluster;
using hawser::sim::test::majority;

TEST_CASE("nodes with a strategy serve after their first view, and not before", "[isolation][world]") {
  Cluster cluster{3};
  cluster.world.run_for(500ms);
  CHECK_FALSE(cluster.serves("n1"));
  CHECK(cluster.world.node("n1").stance() == Stance::joining);
  CHECK(cluster.send("n1", "n2") == OutcomeKind::isolated);
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.run_for(1s);
  const NodeSnapshot shown = cluster.world.node("n2").snapshot();
  CHECK(shown.stance == Stance::serving);
  CHECK(shown.epoch.counter != 0);
  CHECK(shown.epoch == cluster.world.node("n1").snapshot().epoch);
  CHECK(shown.view.front().id == NodeId{"n1"});
  CHECK(shown.view_settled);
  CHECK(shown.serving_until > shown.taken_at);
  CHECK(cluster.send("n1", "n2").delivered());
}

TEST_CASE("the smaller side of a cut stops within a lease, the larger goes on, and the heal brings all together",
          "[isolation][world]") {
  for (const bool disk : {true, false}) {
    CAPTURE(disk);
    Cluster cluster{3, majority(disk)};
    REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
    cluster.world.run_for(2s);
    cluster.world.partition({"n3"}, {"n1", "n2"});
    cluster.world.run_for(1500ms);
    CHECK_FALSE(cluster.serves("n3"));
    REQUIRE(cluster.world.run_until([&] { return cluster.removed("n1", 2) && cluster.removed("n2", 2); }, 2s));
    CHECK(cluster.serves("n1"));
    CHECK(cluster.serves("n2"));
    CHECK(cluster.watch.stances().condemned() == 1);
    CHECK(cluster.stances["n3"].back().to == Stance::isolated);
    CHECK(cluster.stances["n3"].back().reason.cause == stance_cause::lease_ended);
    CHECK(cluster.send("n3", "n1") == OutcomeKind::isolated);
    cluster.world.heal();
    REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 15s));
    CHECK(cluster.views["n3"].back().rejoined);
    CHECK(cluster.send("n3", "n1").delivered());
    CHECK(cluster.watch.stances().condemned() == 0);
  }
}

TEST_CASE("after one restart with its vote on disk, and one without, everybody serves again", "[isolation][world]") {
  for (const bool keep : {true, false}) {
    CAPTURE(keep);
    Cluster cluster{3};
    REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
    cluster.world.crash("n2", ProcessEnd::silent);
    cluster.world.run_for(4s);
    CHECK(cluster.removed("n1", 1));
    CHECK(cluster.serves("n1"));
    cluster.world.restart("n2", keep);
    REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 20s));
    const auto& stances = cluster.stances["n2"];
    CHECK(stances.back().to == Stance::serving);
  }
}

TEST_CASE("a vote that cannot be stored is not given, and the cluster goes on without it", "[isolation][world]") {
  Cluster cluster{3};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.disk_full("n2", true);
  cluster.world.crash("n3", ProcessEnd::silent);
  cluster.world.run_for(6s);
  CHECK_FALSE(cluster.removed("n1", 2));  // it takes both votes that are left
  cluster.world.disk_full("n2", false);
  const auto two_serve = [&] { return cluster.removed("n1", 2) && cluster.serves("n1") && cluster.serves("n2"); };
  CHECK(cluster.world.run_until(two_serve, 10s));
}

TEST_CASE("a node that stops on purpose is removed before it is gone, not a lease later", "[isolation][world]") {
  Cluster cluster{3};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.run_for(2s);
  const WorldTime asked = cluster.world.now();
  cluster.world.stop("n3");
  REQUIRE(cluster.world.run_until([&] { return cluster.removed("n1", 2); }, 5s));
  CHECK(cluster.world.now() - asked < 1s);
  REQUIRE(cluster.world.run_until([&] { return !cluster.world.alive("n3"); }, 5s));
  CHECK(cluster.serves("n1"));
  CHECK(cluster.serves("n2"));
}

TEST_CASE("types declared ungated flow whatever the stance", "[isolation][world]") {
  Config config = majority();
  config.types["Note"].ungated = true;
  Cluster cluster{3, config};
  cluster.world.run_for(1s);
  CHECK_FALSE(cluster.serves("n1"));
  CHECK(cluster.send("n1", "n2").delivered());
  CHECK(cluster.heard["n2"] == 1);
}

TEST_CASE("nodes that differ in who votes turn each other away", "[isolation][world]") {
  World world{{.seed = 3}};
  Config heavy = majority();
  heavy.isolation.weights = "n1=3";
  world.host("n1", heavy, [](Node&) {});
  world.host("n2", majority(), [](Node&) {});
  world.run_for(5s);
  CHECK(world.node("n1").peer("n2").health().state != PeerState::up);
  CHECK_THAT(world.node("n1").peer("n2").health().reason.detail, Contains("settings that must be equal"));
}

TEST_CASE("a clock far slower than the bound lets a removed node serve, and the watch sees it", "[isolation][world]") {
  Cluster cluster{3};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.run_for(2s);
  cluster.world.clock_rate("n3", -700'000);
  cluster.world.partition({"n3"}, {"n1", "n2"});
  std::string broken;
  try {
    cluster.world.run_for(10s);
  } catch (const InvariantViolated& violated) {
    broken = violated.what();
  }
  CHECK_THAT(broken, Contains("I12 isolation"));
}

TEST_CASE("within the bound of the clocks cuts, flaps and restarts break nothing", "[isolation][world]") {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u}) {
    CAPTURE(seed);
    Config config = majority(seed % 2 == 0);
    config.isolation.stable_after = seed % 3 == 0 ? 100ms : 1000ms;
    Cluster cluster{seed % 2 == 0 ? 5u : 3u, config, seed};
    cluster.world.clock_rate("n1", 45'000);
    cluster.world.clock_rate("n2", -45'000);
    cluster.world.run_for(5s);
    for (int round = 0; round < 5; ++round) {
      const std::string one = cluster.names[cluster.world.random().below(cluster.names.size())];
      const std::string other = cluster.names[cluster.world.random().below(cluster.names.size())];
      switch (cluster.world.random().below(4)) {
        case 0:
          cluster.world.isolate(one);
          break;
        case 1:
          if (one != other) cluster.world.one_way(one, other);
          break;
        case 2:
          if (cluster.world.alive(one)) cluster.world.crash(one, ProcessEnd::silent);
          break;
        default:
          if (one != other) cluster.world.flap(one, other, 700ms, 900ms, 3);
          break;
      }
      cluster.world.run_for(3s);
      cluster.world.heal();
      for (const std::string& name : cluster.names) {
        if (!cluster.world.alive(name)) cluster.world.restart(name, cluster.world.random().below(4) != 0);
      }
      cluster.world.run_for(2s);
    }
    cluster.world.heal();
    CHECK(cluster.world.run_until([&] { return cluster.whole(); }, 60s));
  }
}
