// Rules of single frames: which frames a guard picks, and what becomes of them.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <algorithm>
#include <string>
#include <vector>

using namespace hawser;
using namespace hawser::sim;
using namespace std::chrono_literals;

namespace {

// n1 says a number to n2 and to n3 every 100 ms; each is a frame of its own.
struct Talk {
  World world{{.seed = 5}};
  std::vector<std::uint64_t> n2;
  std::vector<std::uint64_t> n3;
  std::uint64_t said = 0;

  Talk() {
    for (const char* name : {"n1", "n2", "n3"}) world.host(name, Config{}, [this](Node& node) { app(node); });
    REQUIRE(world.run_until([this] { return n2.size() > 3 && n3.size() > 3; }, 5s));
  }
  void app(Node& node) {
    std::vector<std::uint64_t>& heard = node.id() == NodeId{"n2"} ? n2 : n3;
    node.on<Note>([&heard](Note::Reader note) { heard.push_back(note.getNumber()); });
    if (node.id() != NodeId{"n1"}) return;
    node.every(100ms, [this, &node] {
      Message<Note> note;
      note->setNumber(++said);
      SendOptions options;
      options.ttl = 5s;
      for (Peer& peer : node.peers()) peer.try_post(note, options);
      return true;
    });
  }
  bool heard(const std::vector<std::uint64_t>& by, std::uint64_t number) const {
    return std::find(by.begin(), by.end(), number) != by.end();
  }
};

}  // namespace

TEST_CASE("a delay by type and direction makes that message late, and what follows it", "[world][rules]") {
  Talk talk;
  const std::uint64_t next = talk.said + 1;
  const FrameRuleId id = talk.world.add(FrameRule::delay(250ms).from("n1").to("n2").of<Note>().nth(1));
  talk.world.run_for(200ms);
  CHECK_FALSE(talk.heard(talk.n2, next));
  CHECK_FALSE(talk.heard(talk.n2, next + 1));
  CHECK(talk.heard(talk.n3, next));
  talk.world.run_for(200ms);
  CHECK(talk.heard(talk.n2, next));
  CHECK(talk.heard(talk.n2, next + 1));
  CHECK(talk.world.applied(id) == 1);
}

TEST_CASE("a dropped frame takes its connection with it; what was sent comes again on the next one, once",
          "[world][rules]") {
  Talk talk;
  const std::uint64_t next = talk.said + 1;
  const FrameRuleId id = talk.world.add(FrameRule::drop().from("n1").to("n2").of<Note>().first(1));
  talk.world.run_for(5s);
  CHECK(talk.world.applied(id) == 1);
  CHECK(std::count(talk.n2.begin(), talk.n2.end(), next) == 1);
  CHECK(std::is_sorted(talk.n2.begin(), talk.n2.end()));
  CHECK(talk.world.node("n1").peer("n2").health().state == PeerState::up);
}

TEST_CASE("guards: lane, kind, both directions, size, count and chance", "[world][rules]") {
  Talk talk;
  const auto none = Duration::zero();  // a rule that only counts
  const FrameRuleId control = talk.world.add(FrameRule::delay(none).between("n1", "n2").on(LaneClass::control));
  const FrameRuleId ordinary = talk.world.add(FrameRule::delay(none).from("n1").on(LaneClass::ordinary));
  const FrameRuleId bulk = talk.world.add(FrameRule::delay(none).on(LaneClass::bulk));
  const FrameRuleId hellos = talk.world.add(FrameRule::delay(none).kind(FrameKind::hello));
  const FrameRuleId large = talk.world.add(FrameRule::delay(none).larger_than(100'000));
  const FrameRuleId third = talk.world.add(FrameRule::delay(none).from("n1").of<Note>().every(3));
  const FrameRuleId late = talk.world.add(FrameRule::delay(none).from("n1").of<Note>().after(30));
  const FrameRuleId half = talk.world.add(FrameRule::delay(none).from("n1").of<Note>().chance(500'000));
  const FrameRuleId nothing = talk.world.add(FrameRule::delay(none).of<Other>());
  const std::uint64_t before = talk.said;
  talk.world.run_for(10s);
  const std::uint64_t notes = 2 * (talk.said - before);
  CHECK(notes == 200);
  CHECK(talk.world.applied(control) >= 4 * 49);
  CHECK(talk.world.applied(ordinary) >= notes);
  CHECK(talk.world.applied(bulk) == 0);
  CHECK(talk.world.applied(hellos) == 0);
  CHECK(talk.world.applied(large) == 0);
  CHECK(talk.world.applied(nothing) == 0);
  CHECK(talk.world.applied(third) == notes / 3);
  CHECK(talk.world.applied(late) == notes - 30);
  CHECK(talk.world.applied(half) > notes / 3);
  CHECK(talk.world.applied(half) < notes * 2 / 3);
  talk.world.reset("n1", "n3");
  talk.world.run_for(2s);
  CHECK(talk.world.applied(hellos) >= 3);  // two control lanes and the ordinary one of n1
}

TEST_CASE("only while: a rule sleeps as long as its guard says so, and ends when it is removed", "[world][rules]") {
  Talk talk;
  bool awake = false;
  const FrameRuleId id = talk.world.add(FrameRule::delay(60ms).from("n1").of<Note>().only_while([&] { return awake; }));
  talk.world.run_for(1s);
  CHECK(talk.world.applied(id) == 0);
  awake = true;
  talk.world.run_for(1s);
  CHECK(talk.world.applied(id) == 20);
  talk.world.remove(id);
  CHECK(talk.world.applied(id) == 0);
  const std::size_t before = talk.n2.size();
  talk.world.run_for(1s);
  CHECK(talk.n2.size() >= before + 10);
}

TEST_CASE("frames that come twice, or damaged, are found out, and every message is handled once", "[world][rules]") {
  Talk talk;
  const FrameRuleId twice = talk.world.add(FrameRule::duplicate().to("n2").of<Note>().every(5));
  const FrameRuleId bent = talk.world.add(FrameRule::corrupt().to("n3").of<Note>().nth(10));
  const FrameRuleId cut = talk.world.add(FrameRule::truncate().to("n3").of<Note>().nth(40));
  talk.world.run_for(10s);
  CHECK(talk.world.applied(twice) > 10);
  CHECK(talk.world.applied(bent) == 1);
  CHECK(talk.world.applied(cut) == 1);
  for (const auto* heard : {&talk.n2, &talk.n3}) {
    CHECK(std::is_sorted(heard->begin(), heard->end()));
    CHECK(std::adjacent_find(heard->begin(), heard->end()) == heard->end());
  }
  CHECK(talk.world.node("n3").snapshot().frames_rejected >= 2);
}
