// What random hardships have found, and must not find again.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::Watch;
using hawser::sim::World;
using hawser::sim::WorldOptions;

// Nodes went on for ever beating into a control lane that had died while its peer was unreachable.
TEST_CASE("a lane that dies before its peer has come back is dialled again", "[world]") {
  WorldOptions options;
  options.trace_rows = 1000;
  World world{options};
  sim::WatchOptions watch_options;
  watch_options.breakers_closed = false;  // nobody calls anybody
  Watch watch{world, watch_options};
  for (const char* name : {"n1", "n2"}) world.host(name, Config{}, [](Node&) {});
  const auto sees = [&](PeerState state) {
    return world.node("n1").peer("n2").health().state == state && world.node("n2").peer("n1").health().state == state;
  };
  REQUIRE(world.run_until([&] { return sees(PeerState::up); }, 2s));
  world.partition({"n1"}, {"n2"});
  REQUIRE(world.run_until([&] { return sees(PeerState::unreachable); }, 5s));
  world.heal();
  const auto open = [&](const char* name) {
    const NodeSnapshot shown = world.node(name).snapshot();
    for (const PeerSnapshot& peer : shown.peers) {
      if (peer.health.id.text() == name) continue;
      return peer.lanes.front().state == LaneState::open;
    }
    return false;
  };
  REQUIRE(world.run_until([&] { return open("n1") && open("n2"); }, 10s));
  world.partition({"n1"}, {"n2"});
  world.run_for(1s);
  world.heal();
  CHECK_NOTHROW(watch.expect_recovery(15s));
}

// After a long silence one connection that broke while it was set up was answered with the wait of a peer that has
// turned us away again and again: up to a minute.
TEST_CASE("a connection that breaks at set-up after a long silence is dialled again soon", "[world]") {
  const auto seed = GENERATE(range(1u, 9u));
  WorldOptions options;
  options.seed = seed;
  World world{options};
  sim::WatchOptions watch_options;
  watch_options.breakers_closed = false;  // nobody calls anybody
  Watch watch{world, watch_options};
  for (const char* name : {"n1", "n2"}) world.host(name, Config{}, [](Node&) {});
  world.delay("n1", "n2", 20ms, 20ms);  // a set-up that takes its time can be caught
  world.run_for(2s);
  world.partition({"n1"}, {"n2"});
  world.run_for(60s);
  world.heal();
  const auto sets_up = [&](const char* name) {
    const NodeSnapshot shown = world.node(name).snapshot();
    return std::any_of(shown.peers.begin(), shown.peers.end(), [&](const PeerSnapshot& peer) {
      return peer.health.id.text() != name && peer.lanes.front().state == LaneState::dialling;
    });
  };
  REQUIRE(world.run_until([&] { return sets_up("n1"); }, 10s));
  world.run_for(10ms);
  world.reset("n1", "n2");
  REQUIRE(world.run_until([&] { return sets_up("n2"); }, 10s));
  world.run_for(10ms);
  world.reset("n1", "n2");
  CHECK_NOTHROW(watch.expect_recovery(5s));
}
