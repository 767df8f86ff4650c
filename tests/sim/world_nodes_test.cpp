// Nodes as they ship, on simulated hosts: wiring, restarts, stops, and the same run for the same seed.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <string>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::World;
using hawser::sim::WorldOptions;

namespace {

const std::vector<std::string> five{"n1", "n2", "n3", "n4", "n5"};

// Says a number to everybody every 300 ms, with an age of at most two seconds.
void chatter(Node& node) {
  node.on<Note>([](Note::Reader, const Delivery&) {});
  node.every(300ms, [&node] {
    Message<Note> note;
    note->setNumber(node.random().next());
    SendOptions options;
    options.ttl = 2s;
    for (Peer& peer : node.peers()) peer.try_post(note, options);
    return true;
  });
}

bool all_up(World& world) {
  for (const std::string& name : world.hosts()) {
    if (!world.alive(name)) return false;
    for (Peer& peer : world.node(name).peers()) {
      if (peer.health().state != PeerState::up) return false;
    }
  }
  return true;
}

bool sees(World& world, const std::string& who, const std::string& whom, PeerState state) {
  return world.node(who).peer(NodeId{whom}).health().state == state;
}

void add_five(World& world) {
  for (const std::string& name : five) world.host(name, Config{}, chatter);
}

// A minute with some of everything.
std::uint64_t hash_of(std::uint64_t seed) {
  WorldOptions options;
  options.seed = seed;
  World world{options};
  add_five(world);
  world.loss("n1", "n2", 10'000);
  world.clock_rate("n3", 40'000);
  world.after(5s, [&] { world.partition({"n1", "n2"}, {"n3", "n4", "n5"}); });
  world.after(12s, [&] { world.heal(); });
  world.after(20s, [&] { world.crash("n4"); });
  world.after(25s, [&] { world.restart("n4"); });
  world.after(35s, [&] { world.pause("n5"); });
  world.after(38s, [&] { world.resume("n5"); });
  world.after(45s, [&] { world.stop("n2"); });
  world.run_for(60s);
  return world.trace_hash();
}

}  // namespace

TEST_CASE("hosts without peers in their configuration are wired to each other and come up", "[world]") {
  World world{WorldOptions{}};
  add_five(world);
  CHECK(world.run_until([&] { return all_up(world); }, 2s));
  CHECK(world.node("n3").peers().size() == 4);
}

TEST_CASE("a crashed node is missed by all, and comes back as a newer incarnation, whatever crosses on the way",
          "[world]") {
  // The restart comes at the instant at which the last of the others has given up, when old and new hellos cross.
  const auto seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{21}));
  CAPTURE(seed);
  WorldOptions options;
  options.seed = seed;
  World world{options};
  add_five(world);
  REQUIRE(world.run_until([&] { return all_up(world); }, 2s));
  const Incarnation before = world.node("n2").incarnation();
  world.crash("n2");
  CHECK_FALSE(world.alive("n2"));
  const auto missed = [&] {
    for (const char* name : {"n1", "n3", "n4", "n5"}) {
      if (!sees(world, name, "n2", PeerState::unreachable)) return false;
    }
    return true;
  };
  CHECK(world.run_until(missed, 3s));
  world.restart("n2");
  CHECK(world.node("n2").incarnation() > before);
  CHECK(world.run_until([&] { return all_up(world); }, 10s));
}

TEST_CASE("a node that stops on purpose is gone within its drain, and the others know at once", "[world]") {
  World world{WorldOptions{}};
  add_five(world);
  REQUIRE(world.run_until([&] { return all_up(world); }, 2s));
  world.stop("n2");
  CHECK(world.run_until([&] { return !world.alive("n2"); }, 6s));
  CHECK(world.run_until([&] { return sees(world, "n1", "n2", PeerState::unreachable); }, 1s));
}

TEST_CASE("the books of every node balance after every event of a bad minute", "[world]") {
  World world{WorldOptions{}};
  add_five(world);
  std::uint64_t looked = 0;
  world.on_event([&] {
    if (world.events_run() % 64 != 0) return;  // a snapshot is dear
    for (const std::string& name : five) {
      if (!world.alive(name)) continue;
      ++looked;
      REQUIRE(world.node(name).snapshot().ledger.balanced());
    }
  });
  world.after(3s, [&] { world.partition({"n1", "n2"}, {"n3", "n4", "n5"}); });
  world.after(9s, [&] { world.heal(); });
  world.after(15s, [&] { world.crash("n4", sim::ProcessEnd::with_reset); });
  world.after(18s, [&] { world.restart("n4"); });
  world.run_for(30s);
  CHECK(looked > 500);
  CHECK(world.run_until([&] { return all_up(world); }, 10s));
}

TEST_CASE("real nodes give the same trace for the same seed", "[world]") {
  const std::uint64_t once = hash_of(42);
  CHECK(once == hash_of(42));
  CHECK(once != hash_of(43));
}
