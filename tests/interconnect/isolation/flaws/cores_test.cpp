// The two stories that chance never told, played by whole cores: a lower view that is granted after a higher one, and
// grants that are scattered when a proposer dies.
#include "interconnect/isolation/flaws/in_force.hpp"
#include "interconnect/isolation/flaws/scripted_cores.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <initializer_list>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

constexpr Place k = 0;
constexpr Place a = 1;
constexpr Place m = 2;
constexpr Place b = 3;
constexpr Place x = 4;

Epoch epoch(std::uint64_t counter) { return {counter, 0, ScriptedCores::life}; }

StoredVote granted(std::uint64_t counter, std::size_t members) {
  StoredVote vote;
  vote.grant.epoch = vote.max_seen = epoch(counter);
  for (std::size_t i = 0; i < members; ++i) {
    vote.grant.members.push_back({static_cast<Place>(i), ScriptedCores::life});
  }
  vote.before = epoch(1);
  return vote;
}

struct Late {
  bool came_to_its_point = false;
  bool unbroken = true;       // x served all the while
  bool rejoined = false;      // x was told so in the higher view
  bool removed_told = false;  // k told that x is removed, in the lower one
};

// m hears x no more and grants k's view without x, e1; then m, b and x grant a higher one with x, e2. Only then k and a
// grant e1 as well: three of five have, each at its time, and x serves in e2.
Late lower_view_after_a_higher_one() {
  Late late;
  // Nobody proposes anything of its own while promises run out.
  ScriptedCores five{5, [](Place) { return granted(5, 5); }, 4s};
  five.run(4s);
  if (!five.serves(x)) return late;
  const auto run_until = [&](const std::function<bool()>& reached, Duration span) {
    return five.run_until(
        [&] {
          late.unbroken = late.unbroken && five.serves(x);
          return reached();
        },
        span);
  };

  for (const Place quiet : {k, m}) {
    for (const Place to : {a, b, x}) five.pass(quiet, to, false);
  }
  five.pass(x, m, false);
  // a hears of nobody but from themselves.
  Epoch highest = last_epoch;
  five.lets = [&highest](Place to, Pulse& pulse) {
    if (to == a) pulse.rows.resize(1);
    return to != a || pulse.grant.epoch <= highest;
  };
  five.link(m, x, false);
  const auto said = [&] {
    const auto& pulse = five.last_pulse(k);
    return !five.core(m).grant().has(x) && pulse && pulse->grant == five.core(m).grant();
  };
  if (!run_until(said, 10s)) return late;
  const Epoch e1 = five.core(m).grant().epoch;
  highest = e1;
  Pulse from_k = *five.last_pulse(k);
  from_k.rows.resize(1);

  // k stands still from here on; what it said last to a is still under way.
  five.freeze(k, true);
  five.pass(x, m, true);
  five.link(m, x, true);
  five.pass(m, b, true);
  five.pass(m, x, true);
  if (!run_until([&] { return five.core(x).view().epoch > e1; }, 10s)) return late;
  late.rejoined = std::any_of(five.told(x).begin(), five.told(x).end(),
                              [&](const ViewChange& change) { return change.rejoined && change.view.epoch > e1; });

  // a hears x no more, and what k said, again and again, until its promise to x has run out.
  for (const Place other : {m, b, x}) {
    five.pass(other, a, false);
    five.pass(a, other, false);
  }
  five.link(a, x, false);
  for (int i = 0; i < 20 && five.core(a).grant().epoch != e1; ++i) {
    five.say(k, a, from_k);
    run_until([] { return false; }, five.settings.heartbeat);
  }
  if (five.core(a).grant().epoch != e1) return late;
  Pulse from_a = from_k;
  from_a.rows = {five.core(a).table().row(a)};
  from_a.sequence = 0;
  from_a.proposal.reset();
  five.freeze(k, false);
  five.say(a, k, from_a);
  late.came_to_its_point = five.core(x).view().has(x) && five.core(x).view().epoch > e1 && late.unbroken;
  late.removed_told = std::any_of(five.told(k).begin(), five.told(k).end(), [&](const ViewChange& change) {
    return change.event == ViewEvent::entered && change.view.epoch == e1;
  });
  return late;
}

// Two of three have granted the next view when its proposer is gone; the third never heard of it. Nobody's wish differs
// from what was granted.
bool scattered_grants_come_together() {
  ScriptedCores three{3, [](Place place) { return granted(place == 0 ? 5 : 6, 3); }};
  return three.run_until([&] { return three.serves(0) && three.serves(1) && three.serves(2); }, 20s);
}

}  // namespace

TEST_CASE(
    "cores: a lower view granted after a higher one is told by nobody, and who went on was told that it rejoined") {
  const Late lawful = lower_view_after_a_higher_one();
  REQUIRE(lawful.came_to_its_point);
  CHECK(lawful.rejoined);
  CHECK_FALSE(lawful.removed_told);
  {
    InForce in_force{Flaw::before_ignored_unbroken};
    const Late flawed = lower_view_after_a_higher_one();
    REQUIRE(flawed.came_to_its_point);
    CHECK_FALSE(flawed.rejoined);
    CHECK_FALSE(flawed.removed_told);
  }
  {
    InForce in_force{Flaw::told_on_counted_grants};
    const Late flawed = lower_view_after_a_higher_one();
    REQUIRE(flawed.came_to_its_point);
    CHECK(flawed.removed_told);
  }
}

TEST_CASE("cores: grants that a dead proposer has left scattered come together, by relay or repair alone") {
  CHECK(scattered_grants_come_together());
  InForce in_force{Flaw::no_relay_no_repair};
  CHECK_FALSE(scattered_grants_come_together());
}
