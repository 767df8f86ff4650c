// Who slept accuses nobody: planted accusations are found, and real nodes that are paused make none.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/self_watch.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using namespace hawser::sim;

namespace {

WorldTime at(Duration since) { return world_begin + since; }

// u and p have been in touch from the first second on; u sleeps from 10 s to 12 s.
struct Case {
  Findings findings;
  SelfWatch watch{findings, 15s};
  Case() {
    watch.told("u", "p", true, false, at(1s));
    watch.told("u", "p", true, true, at(10s));
    watch.told("u", "p", true, false, at(12s));
  }
};

}  // namespace

TEST_CASE("an accusation of silence after one's own sleep breaks I9; others do not", "[self_watch]") {
  Case slept;
  SECTION("found, with both nodes and both times") {
    slept.watch.accused("u", "p", "silent", at(12s + 300ms));
    REQUIRE(slept.findings.all().size() == 1);
    CHECK(slept.findings.all()[0].invariant == Invariant::self_suspicion);
    CHECK(slept.findings.all()[0].nodes == std::vector<std::string>{"u", "p"});
    CHECK_THAT(slept.findings.all()[0].text, Catch::Contains("300 ms after it slept itself for 2000 ms"));
  }
  SECTION("not for evidence other than silence") { slept.watch.accused("u", "p", "closed_by_peer", at(12s)); }
  SECTION("not long after") { slept.watch.accused("u", "p", "silent", at(30s)); }
  SECTION("not of a peer that was cut off meanwhile") {
    slept.watch.told("u", "p", false, false, at(12s + 100ms));
    slept.watch.accused("u", "p", "silent", at(13s));
  }
  SECTION("not of one that came back only shortly before") {
    slept.watch.told("u", "p", false, false, at(13s));
    slept.watch.told("u", "p", true, false, at(14s));
    slept.watch.told("u", "p", true, true, at(15s));
    slept.watch.told("u", "p", true, false, at(16s));
    slept.watch.accused("u", "p", "silent", at(16s));
  }
  SECTION("not of one whose connections died silently since") {
    slept.watch.told("u", "p", true, false, at(12s + 100ms), 1);
    slept.watch.accused("u", "p", "silent", at(12s + 300ms));
  }
  SECTION("nor by one that did not sleep") { slept.watch.accused("p", "u", "silent", at(12s)); }
  if (slept.findings.all().size() == 1) return;
  CHECK(slept.findings.empty());
}

TEST_CASE("it is no false accusation when the others, who gave it up meanwhile, cannot dial the one that slept",
          "[self_watch]") {
  const auto barrier = GENERATE(0, 1, 2);
  CAPTURE(barrier);
  World world{{.seed = 3}};
  Watch watch{world};
  for (const char* name : {"n1", "n2", "n3"}) world.host(name, Config{}, [](Node&) {});
  world.run_for(4s);
  world.pause("n1");
  if (barrier == 0) world.refuse("n1");
  if (barrier == 1) world.misroute("n1", "n3");
  if (barrier == 2) world.descriptors("n1", 0);
  world.run_for(3s);
  world.resume("n1");
  world.run_for(2s);
  const std::vector<Event> events = world.node("n1").snapshot().events;
  CHECK(std::any_of(events.begin(), events.end(),
                    [](const Event& event) { return event.kind == "peer_state" && event.cause == "silent"; }));
}

TEST_CASE("nodes that are paused for a while accuse nobody when they wake up", "[self_watch]") {
  const auto asleep = GENERATE(150ms, 700ms, 2000ms, 10000ms);
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed, to_us(Duration{asleep}));
    World world{{.seed = seed}};
    WatchOptions options;
    options.breakers_closed = false;  // nobody sends anything
    Watch watch{world, options};
    for (const char* name : {"n1", "n2", "n3", "n4"}) world.host(name, Config{}, [](Node&) {});
    world.run_for(4s);
    world.pause("n1");
    world.run_for(asleep);
    world.resume("n1");
    world.run_for(5s);
    watch.expect_recovery(10s);
  }
}
