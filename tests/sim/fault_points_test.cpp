// Named points in the code: each fires when it is told to, is seen to do what its name says, and breaks no promise.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/probe.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <map>
#include <memory>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using namespace hawser::sim;

namespace {

// Three nodes that talk, every message in the books; n1 may be interfered with.
struct Talk {
  World world;
  Watch watch;
  bool talking = true;
  std::uint64_t burst = 3;

  explicit Talk(std::uint64_t seed = 7) : world(options(seed)), watch(world) {
    for (const char* name : {"n1", "n2", "n3"}) world.host(name, Config{}, [this](Node& node) { app(node); });
  }
  static WorldOptions options(std::uint64_t seed) {
    WorldOptions result;
    result.seed = seed;
    result.trace_rows = 200'000;
    return result;
  }
  void app(Node& node) {
    auto probe = std::make_shared<sim::Probe>(node, watch.books(), world.clock());
    probe->on<Note>([](Note::Reader, const Delivery&) {});
    probe->on<Question>([](Question::Reader, const Delivery&) { return Message<Answer>{}; });
    node.every(20ms, [this, probe] {
      for (Peer& peer : probe->node().peers()) {
        const std::string to = peer.id().text();
        for (std::uint64_t i = 0; talking && i < burst; ++i) probe->send(to, Message<Note>{}, {.ttl = 3s});
        if (talking) probe->request<Answer>(to, Message<Question>{}, {.timeout = 3s});
      }
      return true;
    });
  }
  std::size_t fired(FaultPoint point) {
    std::size_t count = 0;
    for (const TraceRow& row : world.trace().rows()) {
      count += row.kind == TraceKind::note && row.text == to_string(point) ? 1 : 0;
    }
    return count;
  }
  bool all_up() {
    for (const std::string& name : world.hosts()) {
      for (Peer& peer : world.node(name).peers()) {
        if (peer.health().state != PeerState::up) return false;
      }
    }
    return true;
  }
};

// How long n1 takes to be up with everybody, in microseconds.
std::int64_t time_to_up(FaultPoint point, std::uint32_t chance) {
  Talk talk;
  talk.world.fault_point("n1", point, chance);
  REQUIRE(talk.world.run_until([&] { return talk.all_up(); }, 10s));
  return to_us(talk.world.now());
}

// Counts of one second of talk, when the point fires at n1 with that chance.
struct Seen {
  std::uint64_t frames = 0;
  Duration slowest{0};
};
Seen second_of_talk(FaultPoint point, std::uint32_t chance) {
  Talk talk;
  talk.burst = 40;
  REQUIRE(talk.world.run_until([&] { return talk.all_up(); }, 10s));
  talk.world.fault_point("n1", point, chance);
  const std::uint64_t before = talk.world.node("n1").snapshot().transport.frames_out;
  talk.world.run_for(1s);
  return {talk.world.node("n1").snapshot().transport.frames_out - before, {}};
}

}  // namespace

TEST_CASE("every point, often and seldom, at every node: all promises are kept and the run comes to rest",
          "[fault_points]") {
  const auto index = GENERATE(range(std::size_t{0}, fault_point_count));
  const auto chance = GENERATE(std::uint32_t{50'000}, std::uint32_t{600'000});
  const auto point = static_cast<FaultPoint>(index);
  CAPTURE(to_string(point), chance);
  Talk talk;
  for (const std::string& name : talk.world.hosts()) talk.world.fault_point(name, point, chance);
  talk.world.run_for(2s);
  talk.world.reset("n1", "n2");
  talk.world.run_for(2s);
  CHECK(talk.fired(point) > 0);
  CHECK(talk.all_up());
  CHECK(talk.watch.books().handled_messages() > 100);
  talk.talking = false;
  talk.watch.expect_rest(8s);
}

TEST_CASE("all points at once, half of the time", "[fault_points]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Talk talk{seed};
    for (const std::string& name : talk.world.hosts()) {
      for (std::size_t i = 0; i < fault_point_count; ++i) {
        talk.world.fault_point(name, static_cast<FaultPoint>(i), 500'000);
      }
    }
    talk.world.run_for(4s);
    CHECK(talk.all_up());
    talk.talking = false;
    talk.watch.expect_rest(8s);
  }
}

TEST_CASE("hello, welcome and dial wait a turn of a millisecond", "[fault_points]") {
  const std::int64_t prompt = time_to_up(FaultPoint::hello_delayed, 0);
  for (const FaultPoint point : {FaultPoint::hello_delayed, FaultPoint::welcome_delayed, FaultPoint::dial_delayed}) {
    CAPTURE(to_string(point));
    CHECK(time_to_up(point, point == FaultPoint::hello_delayed ? always : 900'000) >= prompt + 600);
  }
}

TEST_CASE("a batch cut small makes more frames of the same messages", "[fault_points]") {
  const Seen whole = second_of_talk(FaultPoint::batch_cut_small, 0);
  CHECK(second_of_talk(FaultPoint::batch_cut_small, always).frames > whole.frames * 5 / 4);
}

TEST_CASE("what is due waits: a flush, an acknowledgement, a handler, the word of an end", "[fault_points]") {
  const auto point = GENERATE(FaultPoint::flush_delayed, FaultPoint::ack_withheld, FaultPoint::handler_delayed,
                              FaultPoint::completion_delayed, FaultPoint::credit_withheld);
  CAPTURE(to_string(point));
  World world{Talk::options(3)};
  std::int64_t handled = 0;
  const App listens = [&](Node& node) { node.on<Note>([&](Note::Reader) { handled = to_us(world.now()); }); };
  for (const char* name : {"n1", "n2"}) world.host(name, Config{}, listens);
  world.run_for(1s);
  const auto end_of_one = [&](const std::string& to) {
    std::int64_t told = 0;
    world.node("n1").peer(to).send(Message<Note>{}, {.ttl = 5s}, [&](Outcome) { told = to_us(world.now()); });
    const std::int64_t begin = to_us(world.now());
    world.run_until([&] { return told != 0; }, 10s);
    return std::pair{handled - begin, told - begin};
  };
  for (int i = 0; i < 3; ++i) end_of_one("n2");
  const auto prompt = end_of_one("n2");
  CHECK(prompt.second < 1'000);
  const bool at_receiver = point == FaultPoint::ack_withheld || point == FaultPoint::handler_delayed;
  world.fault_point(at_receiver ? "n2" : "n1", point, 900'000);
  std::pair<std::int64_t, std::int64_t> late{0, 0};
  for (int i = 0; i < 8; ++i)
    late = std::max(late, end_of_one("n2"), [](const auto& a, const auto& b) { return a.second < b.second; });
  switch (point) {
    case FaultPoint::flush_delayed:
    case FaultPoint::handler_delayed:
      CHECK(late.first >= 1'000);
      CHECK(late.second >= 1'000);
      break;
    case FaultPoint::ack_withheld:
      CHECK(late.first < 1'000);
      CHECK(late.second >= 1'000);
      break;
    default:  // told in a later round of the same turn; credit that nobody needs yet
      CHECK(late.second < 1'000);
  }
}

TEST_CASE("the order of peers in a turn is reversed: the last one is served first", "[fault_points]") {
  const auto first_served = [](std::uint32_t chance) {
    World world{Talk::options(3)};
    for (const char* name : {"n1", "n2", "n3"}) world.host(name, Config{}, [](Node&) {});
    const auto say = [&] {
      for (const char* to : {"n2", "n3"}) world.node("n1").peer(to).try_post(Message<Note>{}, {.ttl = 1s});
    };
    world.run_for(1s);
    say();  // so that the lanes are open
    world.run_for(10ms);
    world.fault_point("n1", FaultPoint::flush_reordered, chance);
    const std::uint64_t seen = world.trace().rows_seen();
    say();
    world.run_for(0us);
    const auto rows = world.trace().rows();
    for (std::size_t i = seen; i < rows.size(); ++i) {
      if (rows[i].kind == TraceKind::sent && rows[i].host == 0) return world.hosts()[rows[i].other];
    }
    return std::string{"nobody"};
  };
  CHECK(first_served(0) == "n2");
  CHECK(first_served(always) == "n3");
}

TEST_CASE("points that never fire leave the run as it is", "[fault_points]") {
  const auto hash = [](bool named) {
    Talk talk;
    if (named) {
      for (std::size_t i = 0; i < fault_point_count; ++i) {
        talk.world.at_host("n1").set_fault_point(static_cast<FaultPoint>(i), 0);
      }
    }
    talk.world.run_for(1s);
    return talk.world.trace_hash();
  };
  CHECK(hash(false) == hash(true));
  for (std::size_t i = 0; i < fault_point_count; ++i) {
    const auto point = static_cast<FaultPoint>(i);
    CHECK(fault_point_of(to_string(point)) == point);
  }
  CHECK_FALSE(fault_point_of("no such point"));
}
