// A node that did not run: it accuses nobody of its own silence, and finds who died meanwhile as soon as ever.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::ProcessEnd;
using hawser::sim::Watch;
using hawser::sim::World;
using hawser::sim::WorldTime;

namespace {

struct Five {
  World world{{.seed = 11, .trace_rows = 400}};
  Watch watch{world};
  std::vector<PeerHealth> seen;  // by n1

  Five() {
    for (const char* name : {"n1", "n2", "n3", "n4", "n5"}) {
      const bool first = std::string{name} == "n1";
      world.host(name, Config{}, [this, first](Node& node) {
        if (first) node.on_peer([this](const PeerHealth& health) { seen.push_back(health); });
      });
    }
    world.run_for(5s);
    seen.clear();
  }
  PeerState state(const std::string& peer) { return world.node("n1").peer(peer).health().state; }
  bool all_up() {
    return std::all_of(std::begin(others), std::end(others),
                       [this](const char* peer) { return state(peer) == PeerState::up; });
  }
  void pause(Duration span) {
    world.pause("n1");
    world.run_for(span);
    world.resume("n1");
  }
  // Convicted by n1 for its silence.
  int accused() const {
    return static_cast<int>(std::count_if(seen.begin(), seen.end(), [](const PeerHealth& health) {
      const bool silence = health.reason.cause == "silent" || std::string{health.reason.cause}.starts_with("cut_");
      return health.state != PeerState::up && silence;
    }));
  }
  static constexpr const char* others[] = {"n2", "n3", "n4", "n5"};
};

}  // namespace

TEST_CASE("a node that stood still for 3, 10 or 30 s accuses nobody, and says that it did not run", "[stall][world]") {
  for (const Duration span : {3s, 10s, 30s}) {
    CAPTURE(span.count());
    Five five;
    REQUIRE(five.all_up());
    five.pause(span);
    REQUIRE(five.world.run_until([&] { return five.all_up(); }, 15s));
    five.world.run_for(2s);
    CHECK(five.accused() == 0);
    CHECK(std::none_of(five.seen.begin(), five.seen.end(),
                       [](const PeerHealth& health) { return health.state == PeerState::unreachable; }));
    const NodeSnapshot shown = five.world.node("n1").snapshot();
    CHECK(shown.stalls == 1);
    CHECK(std::any_of(shown.events.begin(), shown.events.end(),
                      [](const Event& event) { return event.kind == "stall"; }));
  }
}

TEST_CASE("a peer that died while its observer stood still is found in the normal time, and a grace",
          "[stall][world]") {
  const auto found_after = [](Duration stood) {
    Five five;
    if (stood == Duration::zero()) {
      five.world.crash("n2", ProcessEnd::silent);
    } else {
      five.world.pause("n1");
      five.world.run_for(stood / 2);
      five.world.crash("n2", ProcessEnd::silent);
      five.world.run_for(stood / 2);
      five.world.resume("n1");
    }
    const WorldTime since = five.world.now();
    REQUIRE(five.world.run_until([&] { return five.state("n2") == PeerState::unreachable; }, 30s));
    const Duration took = five.world.now() - since;
    REQUIRE(five.world.run_until(
        [&] {
          return five.state("n3") == PeerState::up && five.state("n4") == PeerState::up &&
                 five.state("n5") == PeerState::up;
        },
        15s));
    return took;
  };
  const Duration normal = found_after(Duration::zero());
  CHECK(normal < 1500ms);
  for (const Duration stood : {3s, 10s, 30s}) {
    const Duration took = found_after(stood);
    CAPTURE(stood.count(), normal.count(), took.count());
    CHECK(took <= normal + 400ms);
  }
}

TEST_CASE("a node whose peers all fall silent at once doubts itself first, and convicts a heartbeat later",
          "[stall][world]") {
  Five five;
  struct Seen {
    WorldTime at;
    PeerState state;
  };
  std::vector<Seen> changes;
  five.world.node("n1").on_peer([&](const PeerHealth& health) { changes.push_back({five.world.now(), health.state}); });
  five.world.isolate("n1");
  REQUIRE(five.world.run_until(
      [&] {
        return std::count_if(changes.begin(), changes.end(),
                             [](const Seen& seen) { return seen.state == PeerState::unreachable; }) == 4;
      },
      5s));
  std::vector<WorldTime> doubts;
  for (const Seen& seen : changes) {
    if (seen.state == PeerState::suspect) doubts.push_back(seen.at);
  }
  REQUIRE(doubts.size() == 4);
  const WorldTime doubted_itself = doubts[2];
  CHECK(doubts[2] - doubts[0] < 200ms);
  std::size_t put_off = 0;
  for (const Seen& seen : changes) {
    if (seen.state != PeerState::unreachable || seen.at <= doubted_itself) continue;
    ++put_off;
    CHECK(seen.at - doubted_itself >= 200ms);
  }
  CHECK(put_off >= 2);
  const NodeSnapshot shown = five.world.node("n1").snapshot();
  CHECK(shown.local_health.cause == "peers_silent");
  CHECK(shown.stalls == 0);
  CHECK(std::any_of(shown.events.begin(), shown.events.end(),
                    [](const Event& event) { return event.kind == "stall" && event.cause == "peers_silent"; }));
  // The others have lost one of four.
  CHECK(five.world.node("n2").snapshot().local_health.cause == "healthy");
  five.world.heal();
  CHECK(five.world.run_until([&] { return five.all_up(); }, 20s));
  five.world.run_for(5s);
  CHECK(five.world.node("n1").snapshot().local_health.cause == "healthy");
}

TEST_CASE("a jam that ends while a node doubts itself leaves nobody convicted, though one peer's jam would",
          "[stall][world]") {
  const auto convicted_after = [](bool all, Duration jam) {
    Five five;
    for (const char* other : Five::others) {
      if (all || std::string{other} == "n2") five.world.hold("n1", other);
    }
    five.world.run_for(jam);
    for (const char* other : Five::others) five.world.release("n1", other);
    five.world.run_for(2s);
    return std::count_if(five.seen.begin(), five.seen.end(),
                         [](const PeerHealth& health) { return health.state == PeerState::unreachable; });
  };
  Duration jam = 500ms;
  while (convicted_after(false, jam) == 0) jam += 10ms;
  CHECK(jam < 1s);
  CHECK(convicted_after(true, jam + 20ms) <= 2);
}
