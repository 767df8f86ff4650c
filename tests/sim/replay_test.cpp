// Frames that a broken middle box says again, on connections where they do not belong: what they damage heals.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <algorithm>

using namespace hawser;
using namespace hawser::sim;
using namespace std::chrono_literals;

TEST_CASE("a batch of the control lane that comes again on a data lane does not shut that lane for good",
          "[world][faults]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    WorldOptions options;
    options.seed = seed;
    World world{options};
    Watch watch{world};
    std::uint64_t delivered = 0;
    for (const char* name : {"n1", "n2"}) {
      world.host(name, Config{}, [&](Node& node) {
        node.on<Note>([](Note::Reader) {});
        // Rarely, so that the numbers of the control lane run ahead of those of the ordinary one.
        node.every(700ms, [&] {
          for (Peer& peer : node.peers()) {
            peer.send(Message<Note>{}, {.ttl = 500ms}, [&](Outcome outcome) { delivered += outcome.delivered(); });
          }
          return true;
        });
      });
    }
    world.run_for(5s);
    CHECK(delivered > 8);
    world.replay("n1", "n2", 200'000);
    world.run_for(5s);
    world.replay("n1", "n2", 0);
    watch.expect_recovery(60s);
    delivered = 0;
    world.run_for(7s);
    CHECK(delivered >= 18);
  }
}
