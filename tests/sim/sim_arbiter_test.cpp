// Nodes that ask an arbiter: who reaches it, who is cut off from it, and what late answers may not do.
#include "stance_cluster.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::Delay;
using hawser::sim::ProcessEnd;
using hawser::sim::WorldTime;
using hawser::sim::test::Cluster;

namespace {

Config asks_arbiter() {
  Config config;
  config.strategy = Strategy::arbiter;
  return config;
}

}  // namespace

TEST_CASE("an arbiter gives the first view, and whoever cannot reach it stops within a lease", "[arbiter][world]") {
  Cluster cluster{3, asks_arbiter()};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.run_for(2s);
  CHECK(cluster.world.node("n1").snapshot().view_settled);
  cluster.world.arbiter_cut("n3");
  cluster.world.run_for(1500ms);
  CHECK_FALSE(cluster.serves("n3"));
  REQUIRE(cluster.world.run_until([&] { return cluster.removed("n1", 2) && cluster.removed("n2", 2); }, 10s));
  CHECK(cluster.serves("n1"));
  CHECK(cluster.serves("n2"));
  CHECK(cluster.watch.stances().condemned() == 1);
  cluster.world.heal();
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 15s));
  CHECK(cluster.views["n3"].back().rejoined);
}

TEST_CASE("of two that are cut off from each other and both reach the arbiter one goes on", "[arbiter][world]") {
  Cluster cluster{2, asks_arbiter()};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.run_for(2s);
  cluster.world.partition({"n1"}, {"n2"});
  REQUIRE(cluster.world.run_until([&] { return cluster.removed("n1", 1) || cluster.removed("n2", 0); }, 10s));
  cluster.world.run_for(5s);
  CHECK(cluster.serves("n1") != cluster.serves("n2"));
  cluster.world.heal();
  CHECK(cluster.world.run_until([&] { return cluster.whole(); }, 15s));
}

TEST_CASE("whoever is left goes on alone when the others have died", "[arbiter][world]") {
  Cluster cluster{3, asks_arbiter()};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.run_for(2s);
  cluster.world.crash("n1", ProcessEnd::silent);
  cluster.world.crash("n2", ProcessEnd::silent);
  REQUIRE(cluster.world.run_until([&] { return cluster.removed("n3", 0) && cluster.removed("n3", 1); }, 15s));
  CHECK(cluster.serves("n3"));
  cluster.world.restart("n1");
  cluster.world.restart("n2");
  CHECK(cluster.world.run_until([&] { return cluster.whole(); }, 20s));
}

TEST_CASE("an arbiter that nobody reaches isolates all, and they come back when it answers", "[arbiter][world]") {
  Cluster cluster{3, asks_arbiter()};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.run_for(1s);
  for (const std::string& name : cluster.names) cluster.world.arbiter_cut(name);
  cluster.world.run_for(1600ms);
  for (const std::string& name : cluster.names) {
    CHECK_FALSE(cluster.serves(name));
    CHECK(cluster.stances[name].back().to == Stance::isolated);
  }
  cluster.world.run_for(5s);
  for (const std::string& name : cluster.names) cluster.world.arbiter_cut(name, false);
  CHECK(cluster.world.run_until([&] { return cluster.whole(); }, 15s));
}

TEST_CASE("one that does not hear the arbiter's answers stops, though its questions arrive", "[arbiter][world]") {
  Cluster cluster{3, asks_arbiter()};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.run_for(1s);
  cluster.world.arbiter_deaf("n2");
  cluster.world.run_for(1600ms);
  CHECK_FALSE(cluster.serves("n2"));
  REQUIRE(cluster.world.run_until([&] { return cluster.removed("n1", 1); }, 15s));
  cluster.world.arbiter_deaf("n2", false);
  CHECK(cluster.world.run_until([&] { return cluster.whole(); }, 15s));
}

TEST_CASE("a slow arbiter is asked all the same; one slower than a lease is no arbiter", "[arbiter][world]") {
  Cluster cluster{3, asks_arbiter()};
  for (const std::string& name : cluster.names) {
    cluster.world.arbiter_delay(name, Delay::uniform(100ms, 250ms));
  }
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 30s));
  cluster.world.run_for(10s);
  CHECK(cluster.all_serve());
  for (const std::string& name : cluster.names) cluster.world.arbiter_delay(name, Delay::uniform(1s, 3s));
  cluster.world.run_for(5s);
  for (const std::string& name : cluster.names) CHECK_FALSE(cluster.serves(name));
  cluster.world.run_for(20s);
  for (const std::string& name : cluster.names) cluster.world.arbiter_delay(name, Delay::constant(1ms));
  CHECK(cluster.world.run_until([&] { return cluster.whole(); }, 20s));
}

TEST_CASE("what the arbiter answers to a process that is gone reaches nobody, the next one least of all",
          "[arbiter][world]") {
  Cluster cluster{3, asks_arbiter()};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.arbiter_delay("n2", Delay::uniform(300ms, 400ms));
  cluster.world.run_for(1s);
  for (int i = 0; i < 5; ++i) {
    cluster.world.crash("n2", ProcessEnd::silent);
    cluster.world.restart("n2");
    cluster.world.run_for(500ms);
  }
  cluster.world.arbiter_delay("n2", Delay::constant(1ms));
  CHECK(cluster.world.run_until([&] { return cluster.whole(); }, 20s));
}

TEST_CASE("an arbiter heeds the numbers of renewals: a release that comes late undoes nothing", "[arbiter][world]") {
  sim::World world{{.seed = 3}};
  world.host("n1", Config{}, [](Node&) {});
  world.run_for(1ms);
  Arbiter& arbiter = world.arbiter().client(world.at_host("n1").index());
  const std::string key = "serve/n1/1";
  std::vector<bool> done;
  const auto answered = [&done](const ArbiterAnswer& answer) { done.push_back(answer.done); };
  world.arbiter_delay("n1", Delay::constant(500ms));
  arbiter.renew({"n1/1", 1, 60s, {}, {key}}, answered);
  world.arbiter_delay("n1", Delay::constant(1ms));
  arbiter.renew({"n1/1", 2, 60s, {key}, {}}, answered);
  world.run_for(1s);
  CHECK(done == std::vector<bool>{true, false});
  done.clear();
  arbiter.swap({0, {}, {key}}, answered);
  world.run_for(1s);
  CHECK(done == std::vector<bool>{false});
  world.run_for(60s);
  arbiter.swap({0, {}, {key}}, answered);
  world.run_for(1s);
  CHECK(done == std::vector<bool>{false, true});
}

TEST_CASE("a member that stops on purpose gives its key up: its place is free at once", "[arbiter][world]") {
  Cluster cluster{3, asks_arbiter()};
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.run_for(2s);
  const WorldTime asked = cluster.world.now();
  cluster.world.stop("n3");
  REQUIRE(cluster.world.run_until([&] { return cluster.removed("n1", 2); }, 5s));
  CHECK(cluster.world.now() - asked < 1500ms);
}

TEST_CASE("no cut, restart or late answer lets a removed member serve under an arbiter", "[arbiter][world]") {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
    CAPTURE(seed);
    Config config = asks_arbiter();
    config.isolation.stable_after = seed % 2 == 0 ? 100ms : 1000ms;
    Cluster cluster{seed % 3 == 0 ? 5u : 3u, config, seed};
    cluster.world.clock_rate("n1", 45'000);
    cluster.world.clock_rate("n2", -45'000);
    cluster.world.run_for(5s);
    for (int round = 0; round < 6; ++round) {
      const std::string one = cluster.names[cluster.world.random().below(cluster.names.size())];
      const std::string other = cluster.names[cluster.world.random().below(cluster.names.size())];
      switch (cluster.world.random().below(6)) {
        case 0:
          cluster.world.isolate(one);
          break;
        case 1:
          cluster.world.arbiter_cut(one);
          break;
        case 2:
          cluster.world.arbiter_deaf(one);
          break;
        case 3:
          cluster.world.arbiter_delay(one, Delay::uniform(1ms, 4s));
          break;
        case 4:
          if (cluster.world.alive(one)) cluster.world.crash(one, ProcessEnd::silent);
          break;
        default:
          if (one != other) cluster.world.one_way(one, other);
          break;
      }
      cluster.world.run_for(4s);
      cluster.world.heal();
      for (const std::string& name : cluster.names) {
        cluster.world.arbiter_delay(name, Delay::uniform(300us, 900us));
        if (!cluster.world.alive(name)) cluster.world.restart(name);
      }
      cluster.world.run_for(2s);
    }
    CHECK(cluster.world.run_until([&] { return cluster.whole(); }, 60s));
  }
}
