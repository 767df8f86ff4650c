// The TTL by the session clock on a real world: jams, pauses, clocks that differ, drift, step, and a peer that freezes.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <map>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::World;
using hawser::sim::WorldTime;

namespace {

// n1 sends to n2, and the world's own time says how old each message was when its handler began.
struct Post {
  World world;
  std::map<std::uint64_t, WorldTime> sent;
  std::map<std::uint64_t, Duration> age;
  std::map<std::uint64_t, Outcome> told;
  std::uint64_t last = 0;

  explicit Post(std::uint64_t seed = 1, Config config = {}) : world({.seed = seed}) {
    world.host("n1", config, [](Node&) {});
    world.host("n2", config, [this](Node& node) {
      node.on<Note>([this](Note::Reader note) { age[note.getNumber()] = world.now() - sent.at(note.getNumber()); });
    });
    REQUIRE(world.run_until([&] { return up(); }, 10s));
    send(10s);
    world.run_for(500ms);
    REQUIRE(told.at(1).delivered());
  }

  bool up() {
    return world.node("n1").peer("n2").health().state == PeerState::up &&
           world.node("n2").peer("n1").health().state == PeerState::up;
  }
  std::uint64_t send(Duration ttl) {
    const std::uint64_t number = ++last;
    sent[number] = world.now();
    Message<Note> note;
    note->setNumber(number);
    world.node("n1").peer("n2").send(note, {.ttl = ttl}, [this, number](Outcome outcome) { told[number] = outcome; });
    world.run_for(0s);
    return number;
  }
  // Sends one message into a jam that lasts so long.
  std::uint64_t through_jam(Duration ttl, Duration jam) {
    world.hold("n1", "n2", sim::Direction::there);
    const std::uint64_t number = send(ttl);
    world.run_for(jam);
    world.release("n1", "n2", sim::Direction::there);
    world.run_for(1s);
    return number;
  }
  bool handled(std::uint64_t number) const { return age.count(number) == 1; }
};

}  // namespace

TEST_CASE("session time: a jam counts, and what it leaves of the TTL is enough", "[world][ttl]") {
  Post post;
  CHECK_FALSE(post.handled(post.through_jam(600ms, 900ms)));
  CHECK(post.handled(post.through_jam(600ms, 300ms)));
}

TEST_CASE("session time: after an hour of quiet, with clocks that drift as far as they may, nothing has changed",
          "[world][ttl]") {
  const int rate = GENERATE(-40'000, 0, 40'000);
  Post post;
  post.world.clock_rate("n1", rate);
  post.world.clock_rate("n2", -rate);
  post.world.run_for(1h);
  REQUIRE(post.up());
  // The bound: one base delay, and the drift of both clocks from one heartbeat to the next and over the jam itself.
  CHECK(post.handled(post.through_jam(600ms, 450ms)));
  CHECK_FALSE(post.handled(post.through_jam(600ms, 760ms)));
}

TEST_CASE("session time: wall clocks that step by ten minutes, either way, change nothing at all", "[world][ttl]") {
  const auto story = [](Duration step) {
    Post post;
    for (int i = 0; i < 3; ++i) {
      post.world.wall_step("n1", step);
      post.world.wall_step("n2", -step);
      post.through_jam(600ms, 300ms + i * 250ms);
    }
    return post.age;
  };
  const auto still = story(0s);
  CHECK(still.size() == 3);
  CHECK(story(10min) == still);
  CHECK(story(-10min) == still);
}

TEST_CASE("session time: clocks that began ten minutes apart, or days, give the same ages", "[world][ttl]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {  // each seed gives every host a clock of its own
    Post post{seed};
    CHECK(post.handled(post.through_jam(600ms, 300ms)));
    CHECK_FALSE(post.handled(post.through_jam(600ms, 900ms)));
  }
}

TEST_CASE("session time: a steady clock that jumps by ten minutes costs what was under way, and heals by itself",
          "[world][ttl]") {
  const std::string who = GENERATE("n1", "n2");
  Post post;
  post.world.clock_step(who, 10min);
  post.world.run_for(5s);
  REQUIRE(post.world.run_until([&] { return post.up(); }, 20s));
  post.world.run_for(1s);
  CHECK(post.handled(post.through_jam(600ms, 300ms)));
  CHECK_FALSE(post.handled(post.through_jam(600ms, 900ms)));
}

TEST_CASE("session time: what a paused receiver finds when it goes on is as old as it is", "[world][ttl]") {
  Post post;
  post.world.pause("n2");
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < 8; ++i) {
    sent.push_back(post.send(500ms));
    post.world.run_for(100ms);
  }
  post.world.resume("n2");
  post.world.run_for(1s);
  // At the resume they were 800, 700, ... 100 ms old.
  for (std::size_t i = 0; i < sent.size(); ++i) {
    INFO("message " << i);
    if (i <= 2) CHECK_FALSE(post.handled(sent[i]));
    if (i >= 4) CHECK(post.handled(sent[i]));
  }
}

TEST_CASE("session time: a minute of silence forgives nothing: whatever comes out of it is older than its TTL says",
          "[world][ttl]") {
  Config patient;  // nobody is given up, so that the lanes and what is in them outlive the silence
  patient.detector.acceptable_pause = 60s;
  Post post{1, patient};
  post.world.run_for(10s);
  CHECK_FALSE(post.handled(post.through_jam(54s, 55s)));
  post.world.hold("n1", "n2");
  post.world.run_for(57s);
  const std::uint64_t short_one = post.send(500ms);
  post.world.run_for(1s);
  post.world.release("n1", "n2");
  post.world.run_for(2s);
  CHECK_FALSE(post.handled(short_one));  // one second old, with half a second to live
}

TEST_CASE("session time: what a lane of the session before still gives up is nobody's", "[world][ttl]") {
  Post post;
  post.world.lane_stall("n1", "n2", LaneClass::ordinary, true, sim::Direction::there);
  const std::uint64_t stuck = post.send(600ms);
  post.world.run_for(300ms);
  // To n1 it looks as if n2 had started again: it begins another session, while n2 has seen nothing end.
  post.world.twin("twin", "n2", [](Node&) {});
  const auto sessions = [&] {
    std::uint64_t begun = 0;
    for (const Event& each : post.world.node("n1").snapshot().events) begun += each.kind == "session";
    return begun;
  };
  REQUIRE(post.world.run_until([&] { return sessions() > 0; }, 1s));
  post.world.run_for(2s);
  const std::uint64_t rejected = post.world.node("n2").snapshot().frames_rejected;
  post.world.lane_stall("n1", "n2", LaneClass::ordinary, false, sim::Direction::there);
  post.world.run_for(2s);
  CHECK_FALSE(post.handled(stuck));
  CHECK(post.world.node("n2").snapshot().frames_rejected == rejected);  // the lane was closed, so nobody heard of it
}

TEST_CASE("a frozen peer accepts and says nothing: it is dialled as one that is absent, not as one that fails",
          "[world]") {
  Post post;
  post.world.pause("n2");
  post.world.run_for(5min);
  const NodeSnapshot snapshot = post.world.node("n1").snapshot();
  for (const PeerSnapshot& peer : snapshot.peers) {
    if (peer.health.id != NodeId{"n2"}) continue;
    CHECK(peer.health.reason.cause == "silent");
    CHECK(peer.lanes[0].next_delay_max <= 1s);
    CHECK(peer.lanes[0].reason.cause != "handshake_failed");
  }
  const Outcome outcome = post.world.node("n1").peer("n2").try_post(Message<Note>{});
  CHECK((outcome == OutcomeKind::unreachable && outcome.cause == Cause::silent));
  post.world.resume("n2");
  CHECK(post.world.run_until([&] { return post.up(); }, 4s));
}

TEST_CASE("a peer that was frozen from the beginning was never heard", "[world]") {
  World world;
  world.host("n1", Config{}, [](Node&) {});
  world.host("n2", Config{}, [](Node&) {});
  world.run_for(0s);
  world.pause("n2");
  world.run_for(2min);
  const Outcome outcome = world.node("n1").peer("n2").try_post(Message<Note>{});
  CHECK((outcome == OutcomeKind::unreachable && outcome.cause == Cause::never_heard));
  world.resume("n2");
  CHECK(world.run_until([&] { return world.node("n1").peer("n2").health().state == PeerState::up; }, 5s));
}
