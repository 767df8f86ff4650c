// Hardships that are plans: swizzles, storms of kills, rolling restarts, twins, other builds, and what stops them.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using namespace hawser::sim;

namespace {

const Group four{"n1", "n2", "n3", "n4"};

WorldOptions with_rows(std::uint64_t seed = 1) {
  WorldOptions options;
  options.seed = seed;
  options.trace_rows = 100'000;
  return options;
}

// Verbs and ends of processes, as "<ms> <text>".
std::vector<std::string> happened(World& world, const std::string& wanted) {
  std::vector<std::string> result;
  for (const TraceRow& row : world.trace().rows()) {
    const bool fits = row.kind == TraceKind::hardship || row.kind == TraceKind::process;
    if (!fits || row.text.find(wanted) == std::string::npos) continue;
    const std::string name = row.host == world_owner ? "" : ' ' + world.hosts()[row.host];
    result.push_back(std::to_string(to_us(row.at) / 1000) + ' ' + row.text + name);
  }
  return result;
}

bool all_up(World& world, const Group& names) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    if (!world.alive(name)) return false;
    const auto peers = world.node(name).peers();
    return std::all_of(peers.begin(), peers.end(), [](Peer peer) { return peer.health().state == PeerState::up; });
  });
}

struct Four {
  World world;
  explicit Four(std::uint64_t seed = 1, const App& app = {}) : world(with_rows(seed)) {
    for (const std::string& name : four) world.host(name, Config{}, app);
  }
  bool come_up(Duration limit = 5s) {
    return world.run_until([&] { return all_up(world, four); }, limit);
  }
};

bool any_cut(World& world) {
  for (MachineId i = 0; i < world.hosts_count(); ++i) {
    for (MachineId j = 0; j < world.hosts_count(); ++j) {
      if (world.network().rule(i, j).cut || world.network().rule(i, j).hold) return true;
    }
  }
  return false;
}

Message<Note> note(std::uint64_t number) {
  Message<Note> result;
  result->setNumber(number);
  return result;
}

}  // namespace

TEST_CASE("a swizzle cuts its nodes off one by one and lets them back in another order", "[world][faults]") {
  std::set<std::string> orders;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Four run{seed};
    run.world.swizzle({"n1", "n2", "n3"}, 4s, Cut::blackhole);
    bool joint = false;  // n1 and n2 are off at the same time, and stay parted until both are back
    run.world.on_event([&] { joint |= run.world.network().rule(0, 1).cut && run.world.network().rule(1, 3).cut; });
    run.world.run_for(2s);
    const auto off = happened(run.world, "isolate");
    REQUIRE(off.size() == 3);
    CHECK(any_cut(run.world));
    for (const char* node : {"n1", "n2", "n3"}) {
      CHECK(run.world.network().rule(run.world.at_host(node).index(), 3).cut);
    }
    run.world.run_for(2001ms);
    CHECK_FALSE(any_cut(run.world));
    CHECK(joint);
    std::string order;
    for (const std::string& row : off) order += row.substr(row.rfind(' '));
    orders.insert(order);
  }
  CHECK(orders.size() >= 4);
}

TEST_CASE("a flap with jitter goes down and up in uneven spans, each within its bounds", "[world][faults]") {
  Four run;
  run.world.flap("n1", "n2", 300ms, 500ms, 4, 100ms);
  run.world.run_for(5s);
  const auto down = happened(run.world, "partition");
  const auto up = happened(run.world, "heal n1");
  REQUIRE(down.size() == 4);
  REQUIRE(up.size() == 4);
  std::set<long> spans;
  for (std::size_t i = 0; i < 4; ++i) {
    const long span = std::stol(up[i]) - std::stol(down[i]);
    CHECK(span >= 200);
    CHECK(span <= 400);
    spans.insert(span);
  }
  CHECK(spans.size() > 1);
  CHECK_FALSE(any_cut(run.world));
}

TEST_CASE("a storm of kills takes every node once, within the window, and all come back", "[world][faults]") {
  Four run;
  REQUIRE(run.come_up());
  const std::int64_t begin = to_us(run.world.now()) / 1000;
  run.world.kill_storm(four, 2s, 500ms);
  run.world.run_for(3s);
  const auto lost = happened(run.world, "lost power");
  REQUIRE(lost.size() == 4);
  for (const std::string& row : lost) {
    CHECK(std::stol(row) >= begin);
    CHECK(std::stol(row) <= begin + 2000);
  }
  for (const std::string& name : four) CHECK(run.world.at_host(name).starts() == 2);
  CHECK(run.come_up(10s));
}

TEST_CASE("a rolling restart stops one node at a time, on purpose, and never two", "[world][faults]") {
  Four run;
  REQUIRE(run.come_up());
  run.world.rolling_restart(four, 200ms, 1s);
  std::size_t most_down = 0;
  run.world.on_event([&] {
    most_down = std::max<std::size_t>(
        most_down, static_cast<std::size_t>(std::count_if(four.begin(), four.end(),
                                                          [&](const auto& name) { return !run.world.alive(name); })));
  });
  run.world.run_for(10s);
  CHECK(most_down == 1);
  CHECK(happened(run.world, "stopped").size() == 4);
  CHECK(happened(run.world, "lost power").empty());
  for (const std::string& name : four) CHECK(run.world.at_host(name).starts() == 2);
  CHECK(run.come_up(10s));
}

TEST_CASE("a cold start: all lose power at one instant and start at another", "[world][faults]") {
  Four run;
  REQUIRE(run.come_up());
  run.world.cold_start(3s);
  for (const std::string& name : four) CHECK_FALSE(run.world.alive(name));
  run.world.run_for(2999ms);
  for (const std::string& name : four) CHECK_FALSE(run.world.alive(name));
  run.world.run_for(1ms);
  for (const std::string& name : four) CHECK(run.world.alive(name));
  CHECK(run.come_up(10s));
}

TEST_CASE("two processes with one node id: the younger one fences the older, and both are told", "[world][faults]") {
  Four run;
  REQUIRE(run.come_up());
  run.world.run_for(1s);
  run.world.twin("n4b", "n4");
  run.world.run_for(3s);
  const NodeSnapshot n1 = run.world.node("n1").snapshot();
  const auto n4 = std::find_if(n1.peers.begin(), n1.peers.end(),
                               [](const PeerSnapshot& peer) { return peer.health.id == NodeId{"n4"}; });
  REQUIRE(n4 != n1.peers.end());
  // n1 knows the younger incarnation only, and turns the older away.
  CHECK(n4->health.incarnation == run.world.node("n4b").incarnation());
  CHECK(n1.sessions_refused > 0);
  const NodeSnapshot older = run.world.node("n4").snapshot();
  CHECK(std::any_of(older.events.begin(), older.events.end(), [](const Event& event) {
    return event.cause == "superseded" || event.cause == "stale_incarnation";
  }));
  // The address that n1 knows leads to the older one until that one is gone.
  run.world.crash("n4");
  run.world.misroute("n4", "n4b");
  CHECK(run.world.run_until([&] { return run.world.node("n1").peer("n4").health().state == PeerState::up; }, 10s));
}

TEST_CASE("builds of other versions: one in common is used, none is a refusal that says so on both sides",
          "[world][faults][version]") {
  Four run;
  run.world.version_skew("n2", {1, 4});  // the next build, which still speaks ours
  run.world.version_skew("n3", {6, 9});  // one that does not
  run.world.run_for(5s);
  CHECK(run.world.node("n1").peer("n2").health().state == PeerState::up);
  CHECK(run.world.node("n2").peer("n1").health().state == PeerState::up);
  CHECK(run.world.node("n1").peer("n4").health().state == PeerState::up);
  CHECK(run.world.node("n1").peer("n3").health().state == PeerState::unreachable);
  CHECK(run.world.node("n3").peer("n1").health().state == PeerState::unreachable);
  for (const char* name : {"n1", "n2", "n3"}) {
    const NodeSnapshot shown = run.world.node(name).snapshot();
    CAPTURE(name);
    CHECK(std::any_of(shown.events.begin(), shown.events.end(),
                      [](const Event& event) { return event.cause == "no_common_version"; }));
  }
  run.world.version_skew("n3", {1, 6});  // a rolling upgrade made right
  run.world.restart("n3");
  CHECK(run.come_up(15s));
}

TEST_CASE("a host that moves is found again by those who are told", "[world][faults]") {
  Four run;
  REQUIRE(run.come_up());
  run.world.move("n2", {"n2", 7001});
  run.world.run_for(5s);
  // It finds the others by itself; its own messages reach them, theirs do not reach it.
  CHECK(run.world.node("n1").peer("n2").health().state != PeerState::up);
  for (const char* name : {"n1", "n3", "n4"}) run.world.node(name).set_endpoint("n2", {"n2", 7001});
  CHECK(run.come_up(10s));
  CHECK(run.world.node("n2").endpoint().port == 7001);
}

TEST_CASE("a process that holds more than its memory allows is killed, and not before", "[world][faults]") {
  Four run;
  REQUIRE(run.come_up());
  run.world.memory_limit("n1", 200'000);
  run.world.lane_stall("n2", LaneClass::ordinary, true);
  const auto fill = [&](int messages) {
    for (int i = 0; i < messages; ++i) {
      Message<Note> large;
      large->setText(std::string(10'000, 'x'));
      SendOptions options;
      options.ttl = 60s;
      run.world.node("n1").peer("n2").try_post(large, options);
    }
  };
  fill(10);
  run.world.run_for(50ms);
  CHECK(run.world.alive("n1"));
  fill(15);
  run.world.run_for(20ms);
  CHECK_FALSE(run.world.alive("n1"));
  CHECK(happened(run.world, "crashed").size() == 1);
  run.world.lane_stall("n2", LaneClass::ordinary, false);
  run.world.restart("n1");
  run.world.memory_limit("n1", 0);
  CHECK(run.come_up(10s));
}

TEST_CASE("a frozen clock stands, and goes on behind the others", "[world][faults]") {
  Four run;
  REQUIRE(run.come_up());
  Host& host = run.world.at_host("n1");
  const Instant before = host.now();
  run.world.clock_freeze("n1", true);
  run.world.run_for(3s);
  CHECK(host.now() == before);
  run.world.clock_freeze("n1", false);
  run.world.run_for(1s);
  CHECK(host.now() == before + 1s);
  CHECK(run.come_up(10s));
}

TEST_CASE("a stalled handler stops its type only; the messages wait, run out, or are handled when it goes on",
          "[world][faults]") {
  std::vector<std::uint64_t> notes;
  int questions = 0;
  Four run{1, [&](Node& node) {
             if (node.id() != NodeId{"n2"}) return;
             node.on<Note>([&](Note::Reader said) { notes.push_back(said.getNumber()); });
             node.on<Question>([&](Question::Reader, const Delivery&) {
               ++questions;
               return Message<Answer>{};
             });
           }};
  REQUIRE(run.come_up());
  std::vector<Outcome> ends;
  const auto sink = [&](Outcome outcome) { ends.push_back(outcome); };
  Peer n2 = run.world.node("n1").peer("n2");
  run.world.handler_stall("n2", "Note", true);
  n2.send(note(1), {.ttl = 1s}, sink);
  n2.send(note(2), {.ttl = 30s}, sink);
  int answers = 0;
  Message<Question> question;
  n2.request<Answer>(question, {.timeout = 1s},
                     [&](Result<Received<Answer>> result) { answers += result.outcome().delivered() ? 1 : 0; });
  run.world.run_for(2s);
  CHECK(notes.empty());
  CHECK(answers == 1);
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].kind != OutcomeKind::delivered);
  run.world.handler_stall("n2", "Note", false);
  run.world.run_for(1s);
  CHECK(notes == std::vector<std::uint64_t>{2});
  REQUIRE(ends.size() == 2);
  CHECK(ends[1].delivered());
}

TEST_CASE("type loss: the one type does not come through, heartbeats do, and it is over when it ends",
          "[world][faults]") {
  std::vector<std::uint64_t> notes;
  Four run{1, [&](Node& node) {
             if (node.id() == NodeId{"n2"})
               node.on<Note>([&](Note::Reader said) { notes.push_back(said.getNumber()); });
           }};
  REQUIRE(run.come_up());
  run.world.type_loss("n1", "n2", Message<Note>{}.encode().type.id, true);
  std::vector<Outcome> ends;
  Peer n2 = run.world.node("n1").peer("n2");
  n2.send(note(1), {.ttl = 500ms}, [&](Outcome outcome) { ends.push_back(outcome); });
  run.world.run_for(5s);
  CHECK(notes.empty());
  REQUIRE(ends.size() == 1);
  CHECK_FALSE(ends[0].delivered());
  CHECK(n2.health().state == PeerState::up);
  run.world.type_loss("n1", "n2", Message<Note>{}.encode().type.id, false);
  bool reached = false;
  run.world.node("n1").every(200ms, [&] {
    n2.send(note(2), {.ttl = 1s}, [&](Outcome outcome) { reached |= outcome.delivered(); });
    return !reached;
  });
  CHECK(run.world.run_until([&] { return reached; }, 20s));
}

TEST_CASE("a channel all of whose credit went into a cut speaks again after the heal", "[world][faults]") {
  // A fresh channel may send 64 messages before the first word of its peer, and grants come with what is received.
  std::vector<std::uint64_t> notes;
  Four run{1, [&](Node& node) {
             if (node.id() == NodeId{"n2"})
               node.on<Note>([&](Note::Reader said) { notes.push_back(said.getNumber()); });
           }};
  REQUIRE(run.come_up());
  Peer n2 = run.world.node("n1").peer("n2");
  bool opened = false;  // the lane, by another type
  n2.send(Message<Question>{}, {.ttl = 1s}, [&](Outcome) { opened = true; });
  REQUIRE(run.world.run_until([&] { return opened; }, 1s));
  run.world.one_way("n1", "n2");
  std::size_t ended = 0;
  for (std::uint64_t i = 1; i <= 100; ++i) n2.send(note(i), {.ttl = 500ms}, [&](Outcome) { ++ended; });
  run.world.run_for(4s);
  CHECK(ended == 100);
  run.world.heal();
  REQUIRE(run.come_up(10s));
  bool reached = false;
  run.world.node("n1").every(200ms, [&] {
    n2.send(note(1000), {.ttl = 1s}, [&](Outcome outcome) { reached |= outcome.delivered(); });
    return !reached;
  });
  CHECK(run.world.run_until([&] { return reached; }, 10s));
  CHECK(notes.front() == 1000);
}

TEST_CASE("plans that are called off go no further, and a node that was being stopped comes back", "[world][faults]") {
  Four run;
  REQUIRE(run.come_up());
  run.world.rolling_restart(four, 200ms, 1s);
  run.world.kill_storm({"n3", "n4"}, 3s, 500ms);
  run.world.flap("n1", "n2", 300ms, 300ms, 50);
  run.world.run_for(1ms);  // n1 has begun to stop, the flap is down
  run.world.call_off();
  run.world.heal();
  const std::size_t cuts = happened(run.world, "partition").size();
  run.world.run_for(15s);
  CHECK(run.world.at_host("n1").starts() == 2);
  for (const char* name : {"n2", "n3", "n4"}) CHECK(run.world.at_host(name).starts() == 1);
  CHECK(happened(run.world, "partition").size() == cuts);
  CHECK(run.come_up(10s));
}

TEST_CASE("a cold start leaves hosts off that were off before", "[world][faults]") {
  Four run;
  REQUIRE(run.come_up());
  run.world.crash("n4");
  run.world.cold_start(1s);
  run.world.run_for(2s);
  for (const char* name : {"n1", "n2", "n3"}) CHECK(run.world.alive(name));
  CHECK_FALSE(run.world.alive("n4"));
}
