#include "demo_command.hpp"
#include "demo_play.hpp"
#include "demo_story.hpp"
#include "demo_world.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

using namespace hawser;
using namespace hawser::tools;
using namespace std::chrono_literals;

namespace {

NodeSight sight_of(const std::string& id, const std::vector<std::string>& others, const std::string& state) {
  NodeSight sight;
  sight.id = id;
  for (const std::string& other : others) {
    if (other == id) continue;
    PeerSight peer;
    peer.id = other;
    peer.state = state;
    peer.breaker = "closed";
    sight.peers.push_back(peer);
  }
  return sight;
}

}  // namespace

TEST_CASE("a step that is not seen in time ends the story, is named, and says what was seen instead") {
  const std::vector<std::string> nodes{"n1", "n2", "n3"};
  Story story{{nodes, 1.0}};
  Stage stage{nodes};
  story.advance(0s, stage);
  for (const std::string& id : nodes) stage.observe(sight_of(id, nodes, "connecting"));
  CHECK(story.advance(14s, stage).notes.empty());
  const Story::Turn last = story.advance(16s, stage);
  REQUIRE(last.notes.size() == 1);
  CHECK(last.notes[0].tone == Note::Tone::missed);
  CHECK(last.notes[0].text.find("not seen within 15s: all nodes find each other") == 0);
  CHECK(story.over());
  CHECK_FALSE(story.succeeded());
  REQUIRE(story.results().size() == 1);
  CHECK_FALSE(story.results()[0].observed);
}

namespace {

// A cluster on paper, for the story of a cut: everything is said by the test.
struct Paper {
  std::vector<std::string> nodes{"n1", "n2", "n3"};
  StoryPlan plan{nodes, 0.0, true};
  Story story{plan};
  Stage stage{nodes};
  std::map<std::string, NodeSight> sights;
  Duration now{0};

  Paper() {
    for (const std::string& id : nodes) {
      NodeSight& sight = sights[id] = sight_of(id, nodes, "up");
      sight.stance = "serving";
      sight.stance_cause = "entered";
      sight.may_serve = true;
      sight.epoch = "1";
      sight.view = nodes;
      for (PeerSight& peer : sight.peers) peer.ledger.outcomes["delivered"] = 10;
    }
  }
  // The notes of one look.
  std::vector<Note> look(Duration step = 100ms) {
    for (const auto& [id, sight] : sights) stage.observe(sight);
    now += step;
    return story.advance(now, stage).notes;
  }
  // Until the network is cut.
  void cut() {
    for (int i = 0; i < 20; ++i) {
      for (const auto& [id, sight] : sights) stage.observe(sight);
      now += 100ms;
      if (story.advance(now, stage).act.kind == ActKind::cut) return;
    }
    FAIL("the network was never cut");
  }
  void part() {
    sights["n3"].stance = "isolated";
    sights["n3"].stance_cause = "lease_expired";
    sights["n3"].may_serve = false;
    for (PeerSight& peer : sights["n3"].peers) peer.ledger.outcomes["isolated"] = 10;
    for (const std::string id : {"n1", "n2"}) {
      sights[id].epoch = "2";
      sights[id].view = {"n1", "n2"};
      sights[id].events = {{1, "view", "", "entered", "epoch 2/0/77 is {n1, n2}, removed {n3}"}};
    }
  }
};

}  // namespace

TEST_CASE("a step that is missed after a cut says how those cut off are, and how the others see them") {
  Paper paper;
  paper.cut();
  std::vector<Note> notes = paper.look();
  CHECK(notes.empty());
  notes = paper.look(16s);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].tone == Note::Tone::missed);
  CHECK(notes[0].text.find("; n3 is serving (entered) in epoch 1 of {n1, n2, n3}") != std::string::npos);
  CHECK(notes[0].text.find("; n1 has n3 as up") != std::string::npos);
}

TEST_CASE("that the majority's traffic goes on after a cut is said only when it was seen") {
  Paper paper;
  paper.cut();
  paper.part();
  for (int i = 0; i < 10; ++i) paper.look();
  CHECK(paper.story.waiting_for() == "what the isolated send ends at once");
  // One way is not both.
  for (PeerSight& peer : paper.sights["n1"].peers) peer.ledger.outcomes["delivered"] = 17;
  CHECK(paper.look().empty());
  for (PeerSight& peer : paper.sights["n2"].peers) peer.ledger.outcomes["delivered"] = 16;
  const std::vector<Note> notes = paper.look();
  REQUIRE_FALSE(notes.empty());
  CHECK(notes[0].text.find("since the cut 13 messages between n1, n2 were delivered") != std::string::npos);
}

TEST_CASE("an act is asked for once, and what is counted begins there") {
  Stage stage{{"n1", "n2"}};
  NodeSight before = sight_of("n1", {"n2"}, "up");
  before.peers[0].ledger.outcomes["delivered"] = 7;
  stage.observe(before);
  stage.mark();
  CHECK(stage.since_mark("n1", "n2", "delivered") == 0);
  before.peers[0].ledger.outcomes["delivered"] = 9;
  stage.observe(before);
  CHECK(stage.since_mark("n1", "n2", "delivered") == 2);
}

TEST_CASE("what happens between two snapshots is known from the events") {
  Stage stage{{"n1", "n2"}};
  NodeSight sight = sight_of("n1", {"n2"}, "up");
  sight.events.push_back({1, "peer_state", "n2", "silent", "n2 is suspect"});
  sight.events.push_back({2, "breaker", "n2", "answered", "n2: half_open"});
  sight.events.push_back({3, "breaker", "n2", "slow", "Order: open"});
  stage.observe(sight);
  CHECK(stage.was_state("n1", "n2", "suspect"));
  CHECK_FALSE(stage.was_state("n1", "n2", "unreachable"));
  CHECK(stage.was_breaker("n1", "n2", "half_open"));
  CHECK_FALSE(stage.was_breaker("n1", "n2", "open"));  // that of one type is not that of the peer
}

TEST_CASE("who a change of view removed is read from its sentence, and from nothing else") {
  const EventSight event{7, "view", "", "entered", "epoch 2/0/77 is {n1, n4}, removed {n2, n33}, joined {n5}"};
  CHECK(event.removed("n2"));
  CHECK(event.removed("n33"));
  for (const std::string other : {"n3", "n", "n1", "n4", "n5", "n2, n33", ""}) CHECK_FALSE(event.removed(other));
  CHECK_FALSE(EventSight{8, "view", "", "entered", "epoch 2/0/77 is {n1, n2}"}.removed("n2"));
  CHECK_FALSE(EventSight{9, "node", "", "started", ", removed {n2}"}.removed("n2"));
  Stage stage{{"n1", "n2"}};
  NodeSight sight = sight_of("n1", {"n2"}, "up");
  sight.events.push_back({1, "view", "", "entered", "epoch 2/0/77 is {n1}, removed {n2}"});
  stage.observe(sight);
  CHECK(stage.told_removed("n1", "n2"));
  CHECK(stage.logged("n1", "view", "entered"));
  CHECK_FALSE(stage.logged("n1", "view", "rejoined"));
  stage.mark();
  CHECK_FALSE(stage.told_removed("n1", "n2"));
}

TEST_CASE("the books of a killed life are kept as last seen, and a new life begins with empty ones") {
  Stage stage{{"n1", "n2"}};
  NodeSight sight = sight_of("n1", {"n2"}, "up");
  sight.ledger.submitted = 5;
  stage.observe(sight);
  stage.set_life("n1", Life::killed);
  stage.set_life("n1", Life::running);
  CHECK(stage.sight("n1") == nullptr);
  REQUIRE(stage.lost_books().size() == 1);
  CHECK(stage.lost_books()[0].second.submitted == 5);
}

TEST_CASE("the story of a cut comes true on virtual time, with few nodes and many") {
  for (const std::size_t count : {std::size_t{3}, std::size_t{4}, std::size_t{5}}) {
    DemoOptions options;
    options.nodes = count;
    options.partition = true;
    options.seconds = 15;
    const StoryPlan plan = demo_plan(options);
    Story story{plan};
    Stage stage{plan.nodes};
    Terminal terminal;
    DemoWorld world{plan.nodes, demo_traffic(), count};
    CAPTURE(count);
    const bool seen = play(world, story, stage, terminal, true, false);
    INFO((story.results().empty() ? std::string{} : story.results().back().text));
    CHECK(seen);
    std::vector<std::string> titles;
    for (const StepResult& step : story.results()) titles.push_back(step.title);
    for (const std::string title :
         {"the minority isolates itself", "the majority takes over", "the minority rejoins"}) {
      CHECK(std::count(titles.begin(), titles.end(), title) == 1);
    }
  }
}

TEST_CASE("the whole story comes true on virtual time, with any seed, and the same seed tells the same") {
  std::map<std::uint64_t, std::uint64_t> traces;
  for (const std::uint64_t seed : {1u, 2u, 3u, 1u}) {
    DemoOptions options;
    options.nodes = 3;
    Story story{{demo_nodes(options), 0.0}};
    Stage stage{demo_nodes(options)};
    Terminal terminal;
    DemoWorld world{demo_nodes(options), demo_traffic(), seed};
    CAPTURE(seed);
    const bool seen = play(world, story, stage, terminal, true, false);
    INFO((story.results().empty() ? std::string{} : story.results().back().text));
    CHECK(seen);
    const auto [trace, fresh] = traces.try_emplace(seed, world.trace_hash());
    CHECK(trace->second == world.trace_hash());
  }
  CHECK(traces.at(1) != traces.at(2));
}
