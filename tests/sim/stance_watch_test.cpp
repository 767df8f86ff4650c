// The watch over who serves, told of one breach at a time: each part of I12 is noticed, alone, and what is lawful is
// not.
#include <hawser/base/random.hpp>
#include <hawser/sim/stance_watch.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using Catch::Contains;
using hawser::sim::Finding;
using hawser::sim::Findings;
using hawser::sim::Invariant;
using hawser::sim::StanceWatch;

namespace {

Epoch epoch(std::uint64_t counter) { return {counter, 0, Incarnation{1}}; }

std::vector<ViewMember> members(std::initializer_list<int> places) {
  std::vector<ViewMember> made;
  for (const int place : places) made.push_back({static_cast<Place>(place), Incarnation{1}});
  return made;
}

ViewChange entered(std::uint64_t counter, std::initializer_list<int> places, std::initializer_list<int> removed = {},
                   bool rejoined = false) {
  ViewChange change;
  change.view = {epoch(counter), members(places)};
  change.removed = members(removed);
  change.rejoined = rejoined;
  return change;
}

ViewChange settled(std::uint64_t counter, std::initializer_list<int> places) {
  ViewChange change = entered(counter, places);
  change.event = ViewEvent::settled;
  return change;
}

Permission serving(std::uint64_t counter) { return {true, never, epoch(counter)}; }

// Three members n1 .. n3 on hosts of their names, all in epoch 5.
struct Three {
  Findings findings;
  StanceWatch watch{findings};

  Three() {
    CoterieConfig config;
    config.strategy = Strategy::keep_majority;
    const std::vector<NodeId> ids{"n1", "n2", "n3"};
    for (const NodeId& id : ids) config.members.push_back({id, 1, {}});
    for (const NodeId& id : ids) {
      watch.begins(id.text(), {id, Incarnation{1}}, ids, Coterie{config}, IsolationSettings{});
      watch.told(id.text(), entered(5, {0, 1, 2}));
    }
  }
  void serves(const char* name, const Permission& permission) {
    watch.may_serve(name, permission);
    watch.serves(name);
  }
  void all_serve() {
    for (const char* name : {"n1", "n2", "n3"}) serves(name, serving(5));
  }
  // All that was found is this one thing.
  void found(const char* text) {
    const std::vector<Finding> all = findings.take();
    REQUIRE_FALSE(all.empty());
    for (const Finding& each : all) {
      CHECK(each.invariant == Invariant::isolation);
      CHECK_THAT(each.text, Contains(text));
    }
  }
  bool nothing() { return findings.take().empty(); }
};

constexpr auto heard_now = [](const NodeId&) { return Duration{0}; };
constexpr auto all_reach = [](const std::string&, const NodeId&) { return Duration{0}; };

}  // namespace

TEST_CASE("I12 (a): a member that somebody was told is removed may not serve, until it was told that it rejoined") {
  Three three;
  three.all_serve();
  three.serves("n3", Permission{});
  three.watch.told("n1", entered(6, {0, 1}, {2}));
  CHECK(three.nothing());
  CHECK(three.watch.condemned() == 1);
  three.watch.told("n3", entered(7, {0, 1, 2}));  // it goes on as if nothing had been
  three.serves("n3", serving(7));
  three.found("somebody was told in epoch 6.0.1 that it is removed");

  three.watch.told("n3", entered(8, {0, 1, 2}, {}, true));
  CHECK(three.watch.condemned() == 0);
  three.serves("n1", Permission{});
  three.serves("n2", Permission{});
  three.serves("n3", serving(8));
  CHECK(three.nothing());
}

TEST_CASE("I12 (a): a view without it that is entered late is nothing to who has rejoined in a later one") {
  Three three;
  three.watch.told("n3", entered(8, {0, 1, 2}, {}, true));
  three.watch.told("n1", entered(6, {0, 1}, {2}));
  CHECK(three.watch.condemned() == 0);
  three.serves("n3", serving(8));
  CHECK(three.nothing());
  three.watch.told("n1", entered(9, {0, 1}, {2}));
  CHECK(three.watch.condemned() == 1);
  three.serves("n3", serving(8));
  three.found("somebody was told in epoch 9.0.1 that it is removed");
}

TEST_CASE("I12 (a), (c): what only the dead were told binds those who remember, not who rejoins in a lower epoch") {
  for (const bool dies : {false, true}) {
    CAPTURE(dies);
    Three three;
    three.watch.told("n1", entered(7, {0, 1}, {2}));
    three.watch.told("n1", settled(7, {0, 1}));
    if (dies) three.watch.ends("n1");
    three.serves("n2", serving(5));
    three.found("n2 serves in epoch 5.0.1, and 7.0.1 has settled");
    three.serves("n2", Permission{});
    three.watch.told("n3", entered(6, {1, 2}, {}, true));
    three.serves("n3", serving(6));
    CHECK(three.nothing() == dies);
  }
}

TEST_CASE("I12 (b): who serves in a lower epoch is in the view of everybody who serves in a higher one") {
  Three three;
  three.all_serve();
  CHECK(three.nothing());
  three.watch.told("n1", entered(6, {0, 1, 2}));
  three.serves("n1", serving(6));
  CHECK(three.nothing());
  three.watch.told("n2", entered(7, {0, 1}));  // and nobody is told that n3 is removed
  three.serves("n2", serving(7));
  three.found("n3 serves in epoch 5.0.1 and is not in the view 7.0.1, in which n2 serves");
}

TEST_CASE("I12 (b): a lease that ended while its node could do nothing has ended") {
  Three three;
  three.all_serve();
  three.watch.told("n2", entered(7, {0, 1}));
  three.watch.may_serve("n2", serving(7));
  SECTION("it has ended") {
    three.watch.may_serve("n3", Permission{});
    three.watch.serves("n2");
    CHECK(three.nothing());
  }
  SECTION("it has not") {
    three.watch.serves("n2");
    three.found("n3 serves in epoch 5.0.1 and is not in the view 7.0.1, in which n2 serves");
  }
}

TEST_CASE("I12 (c): nobody serves below an epoch that has settled") {
  Three three;
  three.all_serve();
  three.watch.told("n1", entered(6, {0, 1, 2}));
  three.watch.told("n1", settled(6, {0, 1, 2}));
  three.serves("n1", serving(6));
  CHECK(three.nothing());
  three.serves("n2", serving(5));
  three.found("n2 serves in epoch 5.0.1, and 6.0.1 has settled");
}

TEST_CASE("I12 (d): nobody serves whom no quorum can have answered within a lease on the slowest clock") {
  Three three;
  three.all_serve();
  const auto silent = [](Duration span) {
    return [span](const NodeId& peer) { return peer == NodeId{"n1"} ? Duration{0} : span; };
  };
  three.watch.reaches("n1", heard_now);
  three.watch.reaches("n1", silent(1500ms));
  CHECK(three.nothing());
  three.watch.reaches("n1", silent(1600ms));
  three.found("no quorum can have answered it, only {n1}");
  three.serves("n1", Permission{});
  three.watch.reaches("n1", silent(1600ms));
  CHECK(three.nothing());
}

TEST_CASE("I12 (d): when a quorum is out of reach is known beforehand, to the microsecond, whoever fell silent when") {
  const sim::WorldTime begin = sim::world_begin + 100s;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random{seed};
    Three three;
    three.all_serve();
    std::map<std::string, sim::WorldTime> silent;  // to n1
    for (const char* name : {"n2", "n3"}) {
      const bool is = random.below(4) != 0;
      silent[name] = is ? begin + Duration{static_cast<std::int64_t>(random.below(3)) * 700'000} : sim::world_never;
    }
    const sim::WorldTime until =
        three.watch.reached_until("n1", [&](const NodeId& peer) { return silent.at(peer.text()); });
    const auto finds = [&](sim::WorldTime now) {
      three.watch.reaches("n1", [&](const NodeId& peer) {
        const sim::WorldTime since = silent.at(peer.text());
        return since == sim::world_never || since > now ? Duration{0} : Duration{now - since};
      });
      return !three.nothing();
    };
    const bool both = silent["n2"] != sim::world_never && silent["n3"] != sim::world_never;
    CHECK((until != sim::world_never) == both);
    if (until == sim::world_never) {
      CHECK_FALSE(finds(begin + 1h));
      continue;
    }
    CHECK_FALSE(finds(until));
    CHECK(finds(until + 1us));
  }
}

TEST_CASE("I12 (e): long after the last change those who serve are one view, and reach each other") {
  Three three;
  three.all_serve();
  three.watch.quiet(60s, 1s, all_reach);
  CHECK(three.nothing());
  const auto parted = [](const std::string& observer, const NodeId& peer) {
    return observer == "n3" || peer == NodeId{"n3"} ? Duration{60s} : Duration{0};
  };
  three.watch.quiet(60s, 1s, parted);
  three.found("cannot reach each other");
  three.watch.quiet(5s, 1s, parted);  // it takes a while to agree
  CHECK(three.nothing());

  three.watch.told("n2", entered(6, {0, 1, 2}));
  three.serves("n2", serving(6));
  three.watch.quiet(5s, 1s, all_reach);
  CHECK(three.nothing());
  three.watch.quiet(60s, 1s, all_reach);
  three.found("60000 ms after the last change");
}

TEST_CASE("I12 (f): stances do not change where nothing happens") {
  Three three;
  three.all_serve();
  StanceChange change;
  change.from = Stance::serving;
  change.to = Stance::isolated;
  change.reason.cause = stance_cause::lease_ended;
  three.watch.told("n2", change, false);
  CHECK(three.nothing());
  three.watch.told("n2", change, true);
  three.found("n2 went from serving to isolated (lease_ended), and nothing had happened for long");
  change.reason.cause = stance_cause::leaving;
  three.watch.told("n2", change, true);
  CHECK(three.nothing());
}

TEST_CASE("I12 (g): epochs are used once, only grow, and are of those who enter them") {
  Three three;
  three.watch.told("n1", entered(6, {0, 1, 2}));
  three.watch.told("n2", entered(6, {0, 1, 2}));
  CHECK(three.nothing());
  three.watch.told("n3", entered(6, {0, 2}));
  three.found("epoch 6.0.1 is two different views");
  three.watch.told("n1", entered(5, {0, 1, 2}));
  three.found("n1 entered epoch 5.0.1 after 6.0.1");
  three.watch.told("n3", entered(7, {0, 1}));
  three.found("n3 entered epoch 7.0.1 without it");
}

TEST_CASE("a member that starts again is another one: what was told of the old life is not held against the new") {
  Three three;
  three.all_serve();
  three.serves("n3", Permission{});
  three.watch.ends("n3");
  three.watch.told("n1", entered(6, {0, 1}, {2}));
  three.serves("n1", serving(6));
  CHECK(three.watch.condemned() == 1);
  CHECK_FALSE(three.watch.watches("n3"));
  CHECK(three.nothing());
}
