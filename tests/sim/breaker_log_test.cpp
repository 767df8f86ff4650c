// What the event log says of breakers while other things happen to the node.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <string>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::ProcessEnd;
using hawser::sim::World;

namespace {

// Both send to the other, n2 more often.
struct Pair {
  World world{{.seed = 3}};
  std::uint64_t sent = 0;  // by n1

  Pair() {
    for (const char* name : {"n1", "n2"}) {
      world.host(name, Config{}, [this](Node& node) { app(node); });
    }
  }
  void app(Node& node) {
    node.on<Note>([](Note::Reader) {});
    const bool first = node.id() == NodeId{"n1"};
    node.every(first ? 50ms : 10ms, [this, first, &node] {
      for (Peer& peer : node.peers()) peer.try_post(Message<Note>{}, {.ttl = 300ms});
      if (first) ++sent;
      return true;
    });
  }
  // n2 was away for a moment, and n1 has just begun to send more and more again.
  void ramp() {
    world.run_for(3s);
    world.crash("n2", ProcessEnd::silent);
    world.run_for(3s);
    world.restart("n2");
    REQUIRE(world.run_until([this] { return world.node("n1").peer("n2").health().breaker.state == "ramping"; }, 10s));
  }
  // What n1 says of its breaker for n2, "state (cause)".
  std::vector<std::string> log() {
    std::vector<std::string> said;
    const std::string whose = "the peer's: ";
    for (const Event& event : world.node("n1").snapshot().events) {
      if (event.kind != "breaker" || !event.text.starts_with(whose)) continue;
      said.push_back(event.text.substr(whose.size()) + " (" + std::string{event.cause} + ')');
    }
    return said;
  }
};

}  // namespace

// Stopping looked at the breakers as of the beginning of time.
TEST_CASE("a breaker whose ramp ended while its node stood still does not ramp again when the node stops", "[world]") {
  Pair pair;
  pair.ramp();
  // What it finds first is not its own timer, nor an answer to what passed the breaker, but a message; then the wish.
  const std::uint64_t before = pair.sent;
  REQUIRE(pair.world.run_until([&] { return pair.sent > before; }, 1s));
  pair.world.run_for(5ms);
  pair.world.pause("n1");
  pair.world.run_for(20ms);
  pair.world.stop("n1");
  pair.world.run_for(6s);
  pair.world.resume("n1");
  pair.world.run_for(20ms);
  REQUIRE(pair.world.alive("n1"));
  const std::vector<std::string> said = pair.log();
  REQUIRE(said.size() == 4);
  CHECK(said[0] == "open (silent)");
  CHECK(said[1] == "half_open (answered)");
  CHECK(said[2] == "ramping (probes_answered)");
  CHECK(said[3] == "closed (ramped)");
}
