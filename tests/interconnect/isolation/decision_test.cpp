// What evidence decides, rule by rule; model_test.cpp decides every change of its runs again.
#include <hawser/interconnect/isolation/decision.hpp>
#include "interconnect/isolation/model/clusters.hpp"

#include <catch2/catch.hpp>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::model::cluster_of;

namespace {

constexpr Incarnation life{1};
constexpr Instant now = instant_from_us(100'000'000);

Epoch epoch(std::uint64_t counter) { return {counter, 0, life}; }

// n0 of three serves in epoch 7 on its own support and n1's; before that it served in 5.
struct Case {
  Coterie coterie{cluster_of(3)};
  IsolationSettings settings;
  Evidence evidence;

  Case() {
    evidence.at = now;
    evidence.incarnation = life;
    evidence.grant.epoch = evidence.entered = epoch(7);
    evidence.last = epoch(5);
    evidence.table = MemberTable{3};
    for (Place place = 0; place < 3; ++place) {
      evidence.grant.members.push_back({place, life});
      evidence.table.merge({place, life, 1, MemberSet::first(3).without(place), true, false, epoch(7), epoch(7)});
    }
    for (const Place voter : {Place{0}, Place{1}}) {
      evidence.supports.push_back({voter, epoch(7), now - 100ms * (voter + 1), epoch(5)});
    }
  }
  Decision decision() const { return decide(coterie, settings, evidence); }
};

}  // namespace

TEST_CASE("decision: a quorum of answers younger than the lease serves, until the oldest of them ends") {
  Case one;
  const Decision decision = one.decision();
  CHECK(decision.stance == Stance::serving);
  CHECK(decision.supporters == MemberSet::first(2));
  CHECK(decision.until == now - 200ms + one.settings.lease);
  CHECK(decision.continues);
  CHECK(decision.wish == MemberSet::first(3));
  CHECK(has_settled(one.evidence, one.evidence.grant));
}

TEST_CASE("decision: without a quorum, resigned, or given up it is isolated; never having served it is joining") {
  Case one;
  one.evidence.supports.back().sent = now - one.settings.lease;
  CHECK(one.decision().stance == Stance::isolated);
  CHECK_FALSE(one.decision().quorum);
  one = Case{};
  one.evidence.supports.back().epoch = epoch(6);
  CHECK(one.decision().stance == Stance::isolated);
  one = Case{};
  one.evidence.below = epoch(8);
  CHECK(one.decision().stance == Stance::isolated);
  one = Case{};
  one.evidence.given_up = true;
  CHECK(one.decision().stance == Stance::isolated);
  one = Case{};
  one.evidence.entered = Epoch{};
  CHECK(one.decision().stance == Stance::joining);
}

TEST_CASE("decision: it continues only when no supporter granted anything newer than what it left, that is known") {
  Case one;
  one.evidence.supports.back().before = epoch(6);
  CHECK_FALSE(one.decision().continues);
  one.evidence.supports.back().before = std::nullopt;
  CHECK_FALSE(one.decision().continues);
  one.evidence.supports.back().before = epoch(4);
  CHECK(one.decision().continues);
  one.evidence.last = Epoch{};
  CHECK_FALSE(one.decision().continues);
}

TEST_CASE("decision: a view has not settled while another member may serve in an older one") {
  Case one;
  one.evidence.table.merge({2, life, 2, MemberSet::first(2), true, false, epoch(7), epoch(5)});
  CHECK_FALSE(has_settled(one.evidence, one.evidence.grant));
  one.evidence.table.merge({2, life, 3, MemberSet::first(2), true, false, epoch(7), Epoch{}});
  CHECK(has_settled(one.evidence, one.evidence.grant));
  one.evidence.table.merge({2, Incarnation{2}, 1, MemberSet::first(2), true, false, epoch(7), epoch(7)});
  CHECK_FALSE(has_settled(one.evidence, one.evidence.grant));
}
