// One-way cuts have a name on both nodes, and a dead node is not taken for one.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::ProcessEnd;
using hawser::sim::Watch;
using hawser::sim::World;
using hawser::sim::WorldTime;

namespace {

struct Three {
  World world{{.seed = 5, .trace_rows = 400}};
  Watch watch{world};

  Three() {
    for (const char* name : {"n1", "n2", "n3"}) world.host(name, Config{}, [](Node&) {});
    world.run_for(5s);
  }
  PeerHealth health(const std::string& at, const std::string& of) { return world.node(at).peer(of).health(); }
  bool named(const std::string& at, const std::string& of, std::string_view cause) {
    return health(at, of).state != PeerState::up && health(at, of).reason.cause == cause;
  }
};

constexpr Duration interval = 200ms;

}  // namespace

TEST_CASE("a one-way cut is named on both nodes within three intervals of the first doubt", "[one_way][world]") {
  for (const bool there : {true, false}) {
    CAPTURE(there);
    const std::string from = there ? "n1" : "n2";
    const std::string to = there ? "n2" : "n1";
    Three three;
    three.world.one_way(from, to);
    REQUIRE(three.world.run_until(
        [&] { return three.health(from, to).state != PeerState::up || three.health(to, from).state != PeerState::up; },
        3s));
    const WorldTime doubted = three.world.now();
    REQUIRE(three.world.run_until(
        [&] { return three.named(from, to, "cut_outbound") && three.named(to, from, "cut_inbound"); }, 3s));
    CHECK(three.world.now() - doubted <= interval * 3);
    CHECK(three.health("n3", from).state == PeerState::up);
    CHECK(three.health("n3", to).state == PeerState::up);
    three.world.heal();
    CHECK(three.world.run_until(
        [&] { return three.health(from, to).state == PeerState::up && three.health(to, from).state == PeerState::up; },
        15s));
  }
}

TEST_CASE("a dead node is silent, not cut off one way, whoever says what of it", "[one_way][world]") {
  Three three;
  three.world.crash("n2", ProcessEnd::silent);
  for (int i = 0; i < 100; ++i) {
    three.world.run_for(50ms);
    for (const char* at : {"n1", "n3"}) {
      const PeerHealth health = three.health(at, "n2");
      CAPTURE(at, health.reason.cause);
      CHECK(health.reason.cause != "cut_outbound");
      CHECK(health.reason.cause != "cut_inbound");
    }
  }
  CHECK(three.health("n1", "n2").state == PeerState::unreachable);
}
