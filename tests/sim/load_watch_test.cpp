// A fleet after trouble: goodput comes back without a storm of retries, and nobody dials in step.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/load_watch.hpp>
#include <hawser/sim/probe.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <functional>
#include <memory>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using Catch::Contains;
using namespace hawser::sim;

namespace {

// Everybody sends a note to everybody, by default 50 times a second.
struct Fleet {
  World world;
  Watch watch;
  explicit Fleet(int count, std::uint64_t seed = 3, Duration interval = 20ms) : world(options(seed)), watch(world) {
    for (int i = 1; i <= count; ++i) {
      world.host("n" + std::to_string(i), Config{}, [this, interval](Node& node) {
        auto probe = std::make_shared<sim::Probe>(node, watch.books(), world.clock());
        probe->on<Note>([](Note::Reader, const Delivery&) {});
        node.every(interval, [probe] {
          for (Peer& peer : probe->node().peers()) probe->send(peer.id().text(), Message<Note>{}, {.ttl = 500ms});
          return true;
        });
      });
    }
  }
  static WorldOptions options(std::uint64_t seed) {
    WorldOptions result;
    result.seed = seed;
    result.trace_rows = 500;
    return result;
  }
};

std::string broken(const std::function<void()>& run) {
  try {
    run();
  } catch (const InvariantViolated& violated) {
    return violated.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("the load goes on, the trigger goes: goodput is back in bounded time, whatever the trigger was",
          "[load_watch]") {
  Fleet fleet{3};
  fleet.world.run_for(2s);
  GoodputWatch goodput{fleet.watch};
  goodput.learn(3s);
  CHECK(goodput.delivered_per_second() >= 290);
  SECTION("a partition") {
    fleet.world.partition({"n1"}, {"n2", "n3"});
    fleet.world.run_for(5s);
    fleet.world.heal();
  }
  SECTION("loss") {
    fleet.world.loss("n1", "n2", 300'000);
    fleet.world.run_for(5s);
    fleet.world.loss("n1", "n2", 0);
  }
  SECTION("a stalled handler") {
    fleet.world.handler_stall("n2", "Note", true);
    fleet.world.run_for(5s);
    fleet.world.handler_stall("n2", "Note", false);
  }
  SECTION("a slow link") {
    fleet.world.rate("n1", "n2", 20'000, 1 << 16);
    fleet.world.run_for(5s);
    fleet.world.rate("n1", "n2", 0, 1 << 20);
  }
  CHECK(goodput.expect_return(30s) <= 30s);
}

TEST_CASE("goodput that stays away breaks I15, and so do bytes for nothing", "[load_watch]") {
  Fleet fleet{3};
  fleet.world.run_for(2s);
  GoodputWatch goodput{fleet.watch};
  goodput.learn(2s);
  SECTION("the trigger is still there") {
    fleet.world.isolate("n1");
    CHECK_THAT(broken([&] { goodput.expect_return(5s); }), Contains("I15 no metastability is broken"));
  }
  SECTION("every message comes with another one that nobody wants") {
    fleet.world.node("n1").every(1ms, [&] {
      Message<Parcel> waste;
      waste->initBytes(1'000);
      fleet.world.node("n1").peer("n2").try_post(waste, {.ttl = 100ms});
      return true;
    });
    CHECK_THAT(broken([&] { goodput.expect_return(5s); }), Contains("I15 no metastability is broken"));
  }
}

TEST_CASE("after a minute of darkness the fleet does not dial in step", "[load_watch]") {
  constexpr std::uint64_t count = 8;
  Fleet fleet{count, 9, 1s};
  fleet.world.run_for(3s);
  Links all;
  for (std::uint64_t i = 1; i <= count; ++i) {
    for (std::uint64_t j = 1; j <= count; ++j) {
      if (i != j) all.emplace_back("n" + std::to_string(i), "n" + std::to_string(j));
    }
  }
  fleet.world.cut_links(all);
  fleet.world.run_for(30s);
  // In the dark and after it: N lanes, each at random within the cap that holds for silent peers.
  const std::uint64_t lanes = count * (count - 1);
  const std::uint64_t allowed = 3 * lanes;  // per second, at a cap of one second for so few peers
  fleet.watch.dials().begin();
  fleet.world.run_for(30s);
  fleet.watch.expect_dials(allowed);
  CHECK(fleet.watch.dials().peak() > lanes / 2);
  fleet.watch.dials().begin();
  fleet.world.heal();
  fleet.world.run_for(15s);
  INFO(fleet.watch.dials().peak());
  // A control lane that finds its peer makes the other side and the data lane dial at once: three for one.
  fleet.watch.expect_dials(3 * allowed);
  fleet.watch.expect_recovery(10s);
  CHECK_THAT(broken([&] { fleet.watch.expect_dials(1); }), Contains("I11 backoff is broken"));
}
