// A line of limited bandwidth: whether the answers to heartbeats have to wait in its queue, and for how long all have.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::World;

namespace {

// n1 sends parcels to n2.
struct Line {
  World world{{.seed = 5}};
  unsigned parcel_bytes = 0;

  Line() {
    for (const char* name : {"n1", "n2"}) world.host(name, Config{}, [this](Node& node) { app(node); });
    world.run_for(2s);
  }
  void app(Node& node) {
    node.on<Parcel>([](Parcel::Reader) {});
    if (node.id() != NodeId{"n1"}) return;
    node.every(100ms, [this, &node] {
      if (parcel_bytes == 0) return true;
      Message<Parcel> parcel;
      parcel->initBytes(parcel_bytes);
      node.peer("n2").try_post(std::move(parcel), {.ttl = 1s});
      return true;
    });
  }
  Duration there() { return world.network().queues_for(0, 1); }
  Duration back() { return world.network().queues_for(1, 0); }
};

constexpr std::uint64_t rate = 400'000;
constexpr std::size_t buffer = 1u << 20;

}  // namespace

TEST_CASE("without a limit nothing waits, whatever the load", "[network]") {
  Line line;
  line.parcel_bytes = 100'000;
  line.world.run_for(5s);
  CHECK(line.there() == 0s);
}

TEST_CASE("on a line with room the answers are prompt, heartbeat after heartbeat", "[network]") {
  Line line;
  line.world.rate("n1", "n2", rate, buffer);
  for (int i = 0; i < 50; ++i) {
    line.world.run_for(100ms);
    CHECK(line.there() < 500ms);
    CHECK(line.back() < 500ms);
  }
}

TEST_CASE("on a full line every answer waits, until the line is wide again and has nothing left of then", "[network]") {
  Line line;
  line.parcel_bytes = 60'000;  // half as much again as passes
  line.world.rate("n1", "n2", rate, buffer);
  line.world.run_for(4s);
  CHECK(line.there() > 3s);
  CHECK(line.back() < 500ms);
  line.world.rate("n1", "n2", 0, buffer);
  line.world.run_for(10ms);
  CHECK(line.there() > 3s);
  line.world.run_for(3s);
  CHECK(line.there() == 0s);
  CHECK(line.back() == 0s);
}
