#include "probe.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace hawser;
using namespace hawser::sim;
using namespace hawser::sim::test;

namespace {

// Five hosts that talk, under some of everything.
std::uint64_t hash_of(std::uint64_t seed, std::string_view first_frame = "ping", std::ostream* rows = nullptr) {
  WorldOptions options;
  options.seed = seed;
  options.trace_to = rows;
  Stage stage{options, {"a", "b", "c", "d", "e"}};
  World& world = stage.world;
  stage.start();
  world.loss("a", "b", 20'000);
  world.delay("c", "d", Delay::pareto(Duration{100}, 1'500, Duration{50'000}));
  world.delay("d", "e", Delay::lognormal(Duration{100}, Duration{300}, 700, Duration{50'000}));
  world.clock_rate("e", 123);
  world.after(Duration{300'000}, [&] { world.partition({"a", "b"}, {"c", "d", "e"}); });
  world.after(Duration{500'000}, [&] { world.heal(); });
  world.after(Duration{600'000}, [&] { world.crash("c", ProcessEnd::with_reset); });
  world.after(Duration{700'000}, [&] { world.restart("c"); });
  for (const std::string& name : world.hosts()) {
    for (const std::string& other : world.hosts()) {
      if (name != other) stage.probe(name).dial(other);
    }
  }
  for (int i = 0; i < 100; ++i) {
    world.run_for(Duration{10'000});
    for (const std::string& name : world.hosts()) {
      if (!world.alive(name)) continue;
      Probe& probe = stage.probe(name);
      for (const LinkId link : probe.up) probe.send(link, first_frame);
    }
  }
  return world.trace_hash();
}

}  // namespace

TEST_CASE("the same seed gives the same trace, another seed another") {
  CHECK(hash_of(42) == hash_of(42));
  CHECK(hash_of(42) != hash_of(43));
}

TEST_CASE("the trace of a seed is the same on every compiler and at every optimisation level") {
  // If this number changes, so do all recorded seeds; change it only together with what enters the trace.
  CHECK(hash_of(42) == 0xf0144fad62b82b81ULL);
}

TEST_CASE("two traces of a seed are equal row by row") {
  std::ostringstream first;
  std::ostringstream second;
  hash_of(7, "ping", &first);
  hash_of(7, "ping", &second);
  CHECK(first.str() == second.str());
  CHECK(first.str().size() > 50'000);
}

TEST_CASE("frames of equal size and different content make different traces") {
  CHECK(hash_of(42, "ping") != hash_of(42, "pong"));
}

TEST_CASE("rows have fixed columns, and the last ones are kept") {
  WorldOptions options = Stage::fixed_delay();
  options.trace_rows = 4;
  Stage stage{options};
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").send(link, "hello");
  stage.world.note("b", "stance\tserving\n");  // a text does not break the columns
  stage.run_ms(1);
  stage.world.partition({"a"}, {"b"});
  std::ostringstream out;
  stage.world.trace().print(out);
  CHECK(out.str() ==
        "2000\ta\tsent\tb\t5\t\n"
        "2000\tb\tnote\t-\t0\tstance serving \n"
        "3000\tb\tarrived\ta\t5\t\n"
        "3000\t-\thardship\t-\t0\tpartition a | b\n");
  CHECK(stage.world.trace().rows_seen() > 4);
}

TEST_CASE("a note changes the hash") {
  Trace one;
  Trace two;
  one.add(world_begin, TraceKind::note, 0, 0, 0, "a");
  two.add(world_begin, TraceKind::note, 0, 0, 0, "b");
  CHECK(one.hash() != two.hash());
}
