// The lock of examples/lock under hardship: how one tests a program of one's own. The correct one keeps its promise on
// every seed; the one with the mistake is found out by a partition, and by nothing else.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/property.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include <lock/lock.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

// Three clients and a server, whose clocks are wrong by as much as the lock allows.
struct Harbour {
  sim::World world;
  std::map<std::string, std::weak_ptr<lock::Client>> clients;
  sim::Properties must{world};

  Harbour(std::uint64_t seed, const lock::Options& options) : world(rows(seed)) {
    for (const char* name : {"n1", "n2", "n3", "n4"}) {
      world.host(name, Config{}, [this, name, options](Node& node) { clients[name] = lock::start(node, options); });
      world.clock_rate(name, static_cast<std::int32_t>(world.random().between(-50'000, 50'000)));
    }
    must.never("two nodes hold the lock", [this] { return holders() > 1; });
    must.eventually("somebody holds it", 10s, [this] { return holders() == 1; });
    must.sometimes("it has changed hands", [this] { return turns("n2") > 0 && turns("n3") > 0 && turns("n4") > 0; });
  }

  static sim::WorldOptions rows(std::uint64_t seed) {
    sim::WorldOptions options;
    options.seed = seed;
    options.trace_rows = 200;
    return options;
  }

  std::size_t holders() {
    return static_cast<std::size_t>(std::count_if(clients.begin(), clients.end(), [](const auto& entry) {
      const auto client = entry.second.lock();
      return client != nullptr && client->holds();
    }));
  }
  std::uint64_t turns(const std::string& name) {
    const auto client = clients[name].lock();
    return client == nullptr ? 0 : client->turns();
  }

  // Now and then the server is cut off from somebody, for longer than a lease.
  void cut_now_and_then(Duration span) {
    for (Duration at{5'000'000}; at < span; at += Duration{world.random().between(5'000'000, 12'000'000)}) {
      const std::string client = "n" + std::to_string(2 + world.random().below(3));
      world.after(at, [this, client] { world.partition({"n1"}, {client}); });
      world.after(at + 4s, [this] { world.heal(); });
    }
  }
  // What a network does on any day, and a restart of each.
  void trouble() {
    for (const char* name : {"n2", "n3", "n4"}) {
      world.loss("n1", name, 20'000);
      world.delay("n1", name, 1ms, 50ms);
    }
    world.after(20s, [this] { world.restart("n2"); });
    world.after(30s, [this] { world.restart("n1"); });
    world.after(50s, [this] { world.pause("n3"); });
    world.after(51s, [this] { world.resume("n3"); });
  }
};

// What broke, if anything, within a minute and a half.
std::optional<sim::BrokenProperty> outcome(std::uint64_t seed, const lock::Options& options, bool cuts) {
  Harbour harbour{seed, options};
  harbour.trouble();
  if (cuts) harbour.cut_now_and_then(80s);
  try {
    harbour.world.run_for(90s);
    harbour.must.finish();
  } catch (const sim::PropertyBroken& broken) {
    return broken.broken();
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("the lock of the example is held by one node at a time, whatever the network does", "[world][lock]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto broken = outcome(seed, {}, true);
    CAPTURE(seed);
    if (broken) FAIL_CHECK(*broken);
  }
}

TEST_CASE("a lock that takes silence for yes works until a partition comes, and then two nodes hold it",
          "[world][lock]") {
  lock::Options wrong;
  wrong.takes_silence_for_yes = true;
  wrong.turn = 3s;
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const auto quiet = outcome(seed, wrong, false);
    if (quiet) FAIL_CHECK(*quiet);
    const auto broken = outcome(seed, wrong, true);
    if (!broken) continue;
    ++found;
    CHECK(broken->kind == sim::PropertyKind::never);
    CHECK(broken->name == "two nodes hold the lock");
    CHECK(broken->seed == seed);
    CHECK_FALSE(broken->story.empty());
    // The seed and the event replay it.
    const auto again = outcome(seed, wrong, true);
    REQUIRE(again);
    CHECK(again->event == broken->event);
  }
  CHECK(found >= 3);
}
