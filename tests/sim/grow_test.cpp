// A cluster grows, and a node is replaced, by the steps of docs/isolation.md: under load, with every invariant watched.
#include "stance_cluster.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using Catch::Contains;
using hawser::sim::ProcessEnd;
using hawser::sim::test::Cluster;
using hawser::sim::test::majority;

namespace {

// Everybody that runs speaks to everybody it knows, all the time.
void under_load(Cluster& cluster) {
  cluster.world.after(100ms, [&cluster] {
    for (const std::string& from : cluster.names) {
      Node* const node = cluster.world.node_if(from);
      if (node == nullptr) continue;
      for (const std::string& to : cluster.names) {
        if (to != from) node->peer(to).send(Message<Note>{}, {.ttl = 1s}, [](const Outcome&) {});
      }
    }
    under_load(cluster);
  });
}

bool said(Cluster& cluster, const std::string& at, std::string_view kind, std::string_view cause) {
  const auto events = cluster.world.node(at).snapshot().events;
  return std::any_of(events.begin(), events.end(),
                     [&](const Event& event) { return event.kind == kind && event.cause == cause; });
}

}  // namespace

TEST_CASE("a cluster grows by a node: nobody of the new members acts before the last of the old ones has started again",
          "[grow][world]") {
  Cluster cluster{4};
  cluster.world.hold_back("n4");
  under_load(cluster);
  const auto old_ones_serve = [&] { return cluster.serves("n1") && cluster.serves("n2") && cluster.serves("n3"); };
  REQUIRE(cluster.world.run_until(old_ones_serve, 10s));
  cluster.world.run_for(2s);
  const Epoch before = cluster.world.node("n1").snapshot().epoch;

  // 1. The new one starts first. It is nobody's peer, and it is told so.
  cluster.world.join("n4");
  cluster.world.run_for(3s);
  CHECK(old_ones_serve());
  CHECK(cluster.world.node("n4").stance() == Stance::joining);
  CHECK(said(cluster, "n1", "refused", "unknown_node"));
  CHECK_THAT(cluster.world.node("n4").peer("n1").health().reason.detail, Contains("not a configured peer"));
  CHECK(cluster.send("n4", "n1") == OutcomeKind::isolated);
  CHECK(cluster.send("n1", "n4").cause == Cause::unknown_peer);

  // 2. One of the old ones starts again, knowing it: the others remove it and go on, and both sides say that they
  // differ.
  cluster.world.restart("n1");
  REQUIRE(cluster.world.run_until([&] { return cluster.removed("n2", 0); }, 10s));
  cluster.world.run_for(1s);
  CHECK(said(cluster, "n1", "refused", "config_mismatch"));
  CHECK(said(cluster, "n2", "refused", "config_mismatch"));
  for (const auto& [at, of] : {std::pair{"n1", "n2"}, std::pair{"n2", "n1"}}) {
    const PeerHealth health = cluster.world.node(at).peer(of).health();
    CHECK(health.state != PeerState::up);
    CHECK_THAT(health.reason.detail, Contains("settings that must be equal"));
  }
  CHECK(cluster.world.node("n1").peer("n4").health().state == PeerState::up);
  CHECK(cluster.serves("n2"));
  CHECK(cluster.serves("n3"));

  // 3. The next one: now neither the old nor the new members act, though three of the new four are there.
  cluster.world.restart("n2");
  cluster.world.run_for(15s);
  for (const std::string& name : cluster.names) CHECK_FALSE(cluster.serves(name));
  CHECK(cluster.send("n1", "n2") == OutcomeKind::isolated);

  // 4. The last one.
  cluster.world.restart("n3");
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  const Epoch after = cluster.world.node("n1").snapshot().epoch;
  CHECK(after.counter > before.counter);  // a fencing token never falls
  CHECK(cluster.send("n1", "n4").delivered());
  CHECK(cluster.send("n4", "n3").delivered());
}

TEST_CASE("a node is replaced by another machine under its id: it waits and asks before it acts", "[grow][world]") {
  Cluster cluster{3};
  under_load(cluster);
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  cluster.world.crash("n2", ProcessEnd::silent);
  REQUIRE(cluster.world.run_until([&] { return cluster.removed("n1", 1); }, 5s));
  const Endpoint there{"n2", 7300};
  cluster.world.move("n2", there, false);
  for (const char* other : {"n1", "n3"}) {
    cluster.world.at_host(other).at(cluster.world.at_host(other).now(), [&cluster, other, there] {
      cluster.world.node_if(other)->set_endpoint(NodeId{"n2"}, there);
    });
  }
  cluster.world.run_for(1600ms);
  CHECK_FALSE(cluster.serves("n2"));
  CHECK(cluster.serves("n1"));
  CHECK(cluster.serves("n3"));
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 10s));
  CHECK(cluster.views["n2"].back().view.epoch == cluster.world.node("n1").snapshot().epoch);
}
