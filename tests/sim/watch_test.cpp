// The watch on a real world: what it finds stops the run and tells its story; an honest run is left as it is.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/probe.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <functional>
#include <memory>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using Catch::Contains;
using hawser::sim::Invariant;
using hawser::sim::InvariantViolated;
using hawser::sim::Probe;
using hawser::sim::Watch;
using hawser::sim::World;
using hawser::sim::WorldOptions;

namespace {

WorldOptions with_story() {
  WorldOptions options;
  options.seed = 42;
  options.trace_rows = 1000;
  return options;
}

// Two nodes; n1 sends a note every 100 ms to n2.
struct Pair {
  World world{with_story()};
  Watch watch;
  bool talking = true;
  std::function<void(std::uint64_t)> on_note = [](std::uint64_t) {};

  explicit Pair(const sim::WatchOptions& options = {}) : watch(world, options) {
    world.host("n1", Config{}, [this](Node& node) {
      auto probe = std::make_shared<Probe>(node, watch.books(), world.clock());
      node.every(Duration{100ms}, [this, probe] {
        SendOptions ttl;
        ttl.ttl = 1s;
        if (talking) probe->send("n2", Message<Note>{}, ttl);
        return true;
      });
    });
    world.host("n2", Config{}, [this](Node& node) {
      Probe probe{node, watch.books(), world.clock()};
      probe.on<Note>([this](Note::Reader note, const Delivery&) { on_note(note.getNumber()); });
    });
  }

  // What the run breaks.
  std::string broken(const std::function<void()>& run) {
    try {
      run();
    } catch (const InvariantViolated& violated) {
      return violated.what();
    }
    return "nothing";
  }
};

}  // namespace

TEST_CASE("a quiet world breaks nothing, recovers at once and comes to rest", "[watch]") {
  Pair pair;
  pair.world.run_for(3s);
  pair.watch.expect_recovery(0s);
  pair.talking = false;
  pair.watch.expect_rest(1s);
  CHECK(pair.watch.books().handled_messages() > 20);
  CHECK(pair.watch.looks() > 20);
}

TEST_CASE("a watched run has the hash of an unwatched one", "[watch]") {
  const auto hash = [](bool watched) {
    World world{with_story()};
    std::unique_ptr<Watch> watch;
    if (watched) watch = std::make_unique<Watch>(world);
    for (const char* name : {"n1", "n2", "n3"}) world.host(name, Config{}, [](Node&) {});
    world.after(1s, [&] { world.partition({"n1"}, {"n2", "n3"}); });
    world.after(4s, [&] { world.heal(); });
    world.run_for(8s);
    return world.trace_hash();
  };
  CHECK(hash(true) == hash(false));
}

TEST_CASE("a violation stops the run at its event, and says what, when, who, the seed and the story", "[watch]") {
  Pair pair;
  pair.on_note = [&](std::uint64_t number) {
    if (number == 10) {  // a second delivery, as the books see it
      const sim::RunId n2{"n2", pair.world.node("n2").incarnation()};
      pair.watch.books().handled(number, n2, {"n1", pair.world.node("n1").incarnation()}, pair.world.now());
    }
  };
  const std::string text = pair.broken([&] { pair.world.run_for(3s); });
  CHECK_THAT(text, Contains("I2 at most once is broken at 10") && Contains("seed 42, nodes n1 n2: message 10 of n1"));
  CHECK_THAT(text, Contains("\tn2\tarrived\tn1\t"));
  CHECK(pair.world.now() < sim::world_begin + 1200ms);
}

TEST_CASE("messages past the books are noticed: the node shows more than the simulator counts", "[watch]") {
  Pair pair;
  pair.world.run_for(500ms);
  Message<Note> unseen;
  CHECK(pair.world.node("n1").peer("n2").try_post(unseen).delivered());
  CHECK_THAT(pair.broken([&] { pair.world.run_for(1s); }), Contains("I1 conservation is broken"));
}

TEST_CASE("who stays cut off has not recovered", "[watch]") {
  sim::WatchOptions options;
  options.breakers_closed = false;  // n2 sends nothing
  Pair pair{options};
  pair.world.run_for(1s);
  pair.world.partition({"n1"}, {"n2"});
  pair.world.run_for(3s);
  CHECK_THAT(pair.broken([&] { pair.watch.expect_recovery(5s); }),
             Contains("I13 recovery is broken") && Contains("hardship\t-\t0\tpartition n1 | n2"));
  pair.world.heal();
  CHECK(pair.broken([&] { pair.watch.expect_recovery(10s); }) == "nothing");
}

TEST_CASE("who keeps sending does not come to rest", "[watch]") {
  Pair pair;
  pair.world.run_for(1s);
  pair.world.delay("n1", "n2", 200ms, 200ms);
  CHECK_THAT(pair.broken([&] { pair.watch.expect_rest(100ms); }),
             Contains("I13 recovery is broken") && Contains("holds"));
}

TEST_CASE("more connections than lanes break hygiene", "[watch]") {
  sim::WatchOptions options;
  options.connections_per_pair = 0;
  Pair pair{options};
  pair.world.run_for(1s);
  pair.talking = false;
  CHECK_THAT(pair.broken([&] { pair.watch.expect_rest(2s); }), Contains("I16 hygiene is broken"));
}

TEST_CASE("violations can be kept instead, and the run goes on", "[watch]") {
  sim::WatchOptions options;
  options.throws = false;
  Pair pair{options};
  pair.world.after(1s, [&] { pair.watch.books().ended(12'345, {}, pair.world.now()); });
  pair.world.run_for(3s);
  REQUIRE(pair.watch.violations().size() == 1);
  CHECK(pair.watch.violations().front().finding.invariant == Invariant::conservation);
  CHECK(pair.watch.violations().front().at == sim::world_begin + 1s);
  CHECK(pair.world.now() == sim::world_begin + 3s);
}
