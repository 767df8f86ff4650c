// What random hardships have found, and must not find again.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>

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
