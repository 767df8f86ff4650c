// What becomes of messages when a member is removed: of those under way, those held, and those sent later.
#include <hawser/sim/frame_rule.hpp>
#include "stance_cluster.hpp"

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <map>
#include <string>
#include <utility>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::FrameRule;
using hawser::sim::test::Cluster;

namespace {

// How often each outcome with its cause was told.
using Told = std::map<std::pair<OutcomeKind, Cause>, int>;

void send_note(Cluster& cluster, const std::string& from, const std::string& to, Told& told, std::size_t bytes = 10) {
  Message<Note> note;
  note->setText(std::string(bytes, 'x'));
  cluster.world.node(from).peer(to).send(note, {.ttl = 8s}, [&told](const Outcome& outcome) {
    ++told[{outcome.kind, outcome.cause}];
  });
}

std::string text_of(const Told& told) {
  std::string text;
  for (const auto& [what, count] : told) {
    text += std::to_string(count) + ' ' + std::string{to_string(what.first)} + " (" +
            std::string{to_string(what.second)} + ") ";
  }
  return text;
}

std::uint64_t refused_as_isolated(Cluster& cluster, const std::string& at, const std::string& from) {
  std::uint64_t count = 0;
  for (const PeerSnapshot& peer : cluster.world.node(at).snapshot().peers) {
    if (peer.health.id.text() != from) continue;
    for (const InboundSnapshot& row : peer.inbound) {
      count += row.verdicts[static_cast<std::size_t>(OutcomeKind::isolated)];
    }
  }
  return count;
}

// Three that serve; then n3, the junior, cannot reach n2 any more, though n1 reaches both.
struct OneBadLink : Cluster {
  OneBadLink() : Cluster{3} {
    REQUIRE(world.run_until([&] { return whole(); }, 10s));
    world.run_for(2s);
    Told opened;  // and so is the lane from n3 to n1
    send_note(*this, "n3", "n1", opened);
    REQUIRE(world.run_until([&] { return opened[{OutcomeKind::delivered, Cause::none}] == 1; }, 3s));
    heard.clear();
  }
  void break_link() { world.partition({"n2"}, {"n3"}); }
  bool n3_removed() { return removed("n1", 2) && removed("n2", 2); }
};

}  // namespace

TEST_CASE("what a removed member sent before is refused where it comes later, and acts nowhere", "[isolation][world]") {
  OneBadLink cluster;
  cluster.world.add(FrameRule::delay(1s).from("n3").to("n1").of<Note>());
  Told told;
  int sent = 0;
  sim::WorldTime last = cluster.world.now();
  cluster.break_link();
  REQUIRE(cluster.world.run_until(
      [&] {
        if (cluster.serves("n3") && cluster.world.now() - last >= 20ms) {
          last = cluster.world.now();
          cluster.world.after(0us, [&] { send_note(cluster, "n3", "n1", told), ++sent; });
        }
        return cluster.removed("n1", 2);
      },
      10s));
  CHECK_FALSE(cluster.serves("n3"));
  const std::uint64_t handled = cluster.heard["n1"];
  CHECK(handled > 0);
  cluster.world.run_for(3s);
  CHECK(cluster.heard["n1"] == handled);
  CHECK(refused_as_isolated(cluster, "n1", "n3") > 0);
  // Each has ended: handled before, or not known to its sender, who stopped.
  int ended = 0;
  for (const auto& [what, count] : told) {
    CAPTURE(what.first, what.second);
    CHECK((what.first == OutcomeKind::delivered || what.first == OutcomeKind::unknown ||
           what.first == OutcomeKind::isolated));
    ended += count;
  }
  INFO(text_of(told));
  CHECK(ended == sent);
  CHECK(told[{OutcomeKind::unknown, Cause::self_isolated}] > 0);
}

TEST_CASE("what an isolated member holds ends at once: unsent as isolated, sent as unknown, and never comes back",
          "[isolation][world]") {
  const Duration until_isolated = [] {
    OneBadLink cluster;
    const sim::WorldTime broken = cluster.world.now();
    cluster.break_link();
    REQUIRE(cluster.world.run_until([&] { return !cluster.serves("n3"); }, 10s));
    return cluster.world.now() - broken;
  }();
  OneBadLink cluster;
  Told told;
  cluster.break_link();
  cluster.world.run_for(until_isolated - 400ms);
  cluster.world.lane_stall("n3", "n1", LaneClass::ordinary, true, sim::Direction::there);
  cluster.world.after(0us, [&] {
    for (int i = 0; i < 40; ++i) send_note(cluster, "n3", "n1", told, 20'000);
  });
  REQUIRE(cluster.world.run_until([&] { return !cluster.serves("n3"); }, 10s));
  cluster.world.run_for(10ms);
  constexpr int unsent = 14;  // beyond the 512 KiB that may be under way
  INFO(text_of(told));
  CHECK(told == Told{{{OutcomeKind::isolated, Cause::self_isolated}, unsent},
                     {{OutcomeKind::unknown, Cause::self_isolated}, 40 - unsent}});
  // And nothing of it is sent again, or handled, in the epoch in which it comes back.
  REQUIRE(cluster.world.run_until([&] { return cluster.n3_removed(); }, 5s));
  cluster.world.heal();
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 15s));
  cluster.world.lane_stall("n3", "n1", LaneClass::ordinary, false, sim::Direction::there);
  cluster.world.run_for(10s);
  CHECK(cluster.heard["n1"] == 0);
}

TEST_CASE("an isolated member sends nothing and takes nothing, each with its cause", "[isolation][world]") {
  OneBadLink cluster;
  cluster.break_link();
  REQUIRE(cluster.world.run_until([&] { return cluster.n3_removed(); }, 10s));
  cluster.world.run_for(500ms);
  Told told;
  send_note(cluster, "n3", "n1", told);
  cluster.world.run_for(100ms);
  CHECK(told == Told{{{OutcomeKind::isolated, Cause::self_isolated}, 1}});
  told.clear();
  send_note(cluster, "n1", "n3", told);  // the link between the two is good
  cluster.world.run_for(500ms);
  CHECK(told == Told{{{OutcomeKind::isolated, Cause::peer_isolated}, 1}});
  CHECK(cluster.heard["n3"] == 0);
  told.clear();
  cluster.world.heal();
  REQUIRE(cluster.world.run_until([&] { return cluster.whole(); }, 15s));
  send_note(cluster, "n1", "n3", told);
  send_note(cluster, "n3", "n1", told);
  cluster.world.run_for(1s);
  CHECK(told == Told{{{OutcomeKind::delivered, Cause::none}, 2}});
}
