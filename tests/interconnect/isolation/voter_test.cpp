#include <hawser/interconnect/isolation/voter.hpp>
#include "interconnect/isolation/model/clusters.hpp"

#include <catch2/catch.hpp>

using namespace hawser;
using hawser::model::cluster_of;
using Considered = Voter::Considered;

namespace {

constexpr Instant start = instant_from_us(50'000'000);

Epoch epoch(std::uint64_t counter) { return {counter, 0, Incarnation{1}}; }

View view(std::uint64_t counter, std::initializer_list<int> places) {
  View made{epoch(counter), {}};
  for (const int place : places) made.members.push_back({static_cast<Place>(place), Incarnation{1}});
  return made;
}

StoredVote memory(const View& grant) {
  StoredVote vote;
  vote.grant = grant;
  vote.before = epoch(1);
  vote.max_seen = grant.epoch;
  return vote;
}

// One that remembers a grant of everybody, long after its start.
struct Settled {
  IsolationSettings settings;
  Voter voter{settings, 3, 0, true, false};
  Instant now = start;

  Settled() {
    voter.start(memory(view(5, {0, 1, 2})), now);
    now += settings.promise();
  }
};

}  // namespace

TEST_CASE("a promise holds a grant back to its last microsecond, and is not renewed meanwhile") {
  Settled settled;
  Voter& voter = settled.voter;
  REQUIRE(voter.support(2, Incarnation{1}, settled.now));
  const Instant until = settled.now + settled.settings.promise();
  REQUIRE(voter.consider(view(6, {0, 1}), settled.now) == Considered::pledged);
  CHECK_FALSE(voter.support(2, Incarnation{1}, settled.now));  // pledged: it stops answering the one to go
  CHECK(voter.support(1, Incarnation{1}, settled.now));
  for (Instant now = settled.now; now < until; now += settled.settings.heartbeat) {
    REQUIRE(voter.consider(view(6, {0, 1}), now) == Considered::pledged);
    voter.expire(now);
    CHECK_FALSE(voter.ready(now));
  }
  CHECK_FALSE(voter.ready(until - Duration{1}));
  REQUIRE(voter.ready(until));
  voter.commit();
  CHECK(voter.grant().epoch == epoch(6));
  CHECK(voter.before() == epoch(5));
  CHECK_FALSE(voter.support(2, Incarnation{1}, until));
}

TEST_CASE("a resignation frees the place, but only as far as it goes and in that life") {
  Settled settled;
  Voter& voter = settled.voter;
  REQUIRE(voter.support(2, Incarnation{1}, settled.now));
  REQUIRE(voter.consider(view(6, {0, 1}), settled.now) == Considered::pledged);
  voter.resigned(2, Incarnation{1}, epoch(5));
  CHECK_FALSE(voter.ready(settled.now));
  SECTION("another life's does not count") {
    voter.resigned(2, Incarnation{2}, epoch(9));
    CHECK_FALSE(voter.ready(settled.now));
  }
  SECTION("far enough") {
    voter.resigned(2, Incarnation{1}, epoch(6));
    CHECK(voter.ready(settled.now));
  }
}

TEST_CASE("promises outlive grants") {
  Settled settled;
  Voter& voter = settled.voter;
  REQUIRE(voter.support(2, Incarnation{1}, settled.now));
  REQUIRE(voter.consider(view(6, {0, 1, 2}), settled.now) == Considered::pledged);
  REQUIRE(voter.ready(settled.now));
  voter.commit();
  REQUIRE(voter.consider(view(7, {0, 1}), settled.now) == Considered::pledged);
  CHECK_FALSE(voter.ready(settled.now));
}

TEST_CASE("grants only grow, a pledge gives way only to a higher one, and is forgotten when nobody repeats it") {
  Settled settled;
  Voter& voter = settled.voter;
  CHECK(voter.consider(view(5, {0, 1}), settled.now) == Considered::stale);
  REQUIRE(voter.support(2, Incarnation{1}, settled.now));
  CHECK(voter.consider(view(8, {0, 1}), settled.now) == Considered::pledged);
  CHECK(voter.consider(view(7, {0, 1, 2}), settled.now) == Considered::stale);
  voter.expire(settled.now + settled.settings.pledge() - Duration{1});
  CHECK(voter.pledged());
  voter.expire(settled.now + settled.settings.pledge());
  CHECK_FALSE(voter.pledged());
  CHECK(voter.support(2, Incarnation{1}, settled.now));
  CHECK(voter.consider(view(7, {0, 1, 2}), settled.now) == Considered::pledged);
  CHECK(voter.max_seen() == epoch(8));
}

TEST_CASE(
    "started with its memory, a voter supports at once and keeps everybody for one promise, the old one if longer") {
  IsolationSettings settings;
  Voter voter{settings, 3, 0, true, false};
  StoredVote stored = memory(view(5, {0, 1, 2}));
  stored.promise = settings.promise() * 3;
  voter.start(stored, start);
  CHECK(voter.support(1, Incarnation{1}, start));
  const Instant late = start + settings.promise() * 3;
  REQUIRE(voter.consider(view(6, {0, 1}), late - Duration{1}) == Considered::pledged);
  CHECK_FALSE(voter.ready(late - Duration{1}));
  CHECK(voter.ready(late));
}

TEST_CASE("a longer lease is on disk before anything is promised under it") {
  IsolationSettings settings;
  Voter voter{settings, 3, 0, true, true};
  StoredVote stored = memory(view(5, {0, 1, 2}));
  stored.promise = settings.promise() / 2;
  voter.start(stored, start);
  REQUIRE(voter.rewrite_due(start));
  CHECK_FALSE(voter.support(1, Incarnation{1}, start));
  CHECK(voter.vote_to_store().promise == settings.promise());
  CHECK(voter.vote_to_store().grant == stored.grant);
  voter.storing();
  CHECK_FALSE(voter.stored(true, start));
  CHECK(voter.support(1, Incarnation{1}, start));
}

TEST_CASE("a grant is on disk before it is one, and a failing disk is tried again later") {
  IsolationSettings settings;
  Voter voter{settings, 3, 0, true, true};
  StoredVote stored = memory(view(5, {0, 1, 2}));
  stored.promise = settings.promise();
  voter.start(stored, start);
  REQUIRE(voter.consider(view(6, {0, 1, 2}), start) == Considered::pledged);
  REQUIRE(voter.ready(start));
  CHECK(voter.vote_to_store().grant == view(6, {0, 1, 2}));
  CHECK(voter.vote_to_store().before == epoch(5));
  voter.storing();
  CHECK(voter.consider(view(7, {0, 1}), start) == Considered::silent);
  CHECK_FALSE(voter.ready(start));
  CHECK(voter.grant().epoch == epoch(5));
  CHECK_FALSE(voter.stored(false, start));
  CHECK_FALSE(voter.ready(start));
  REQUIRE(voter.ready(start + settings.heartbeat));
  voter.storing();
  CHECK(voter.stored(true, start));
  CHECK(voter.grant().epoch == epoch(6));
}

TEST_CASE("who lost its memory is silent for a promise, asks, and votes above what the rememberers granted") {
  const Coterie coterie{cluster_of(5)};
  IsolationSettings settings;
  Voter voter{settings, 5, 0, true, false};
  voter.start(std::nullopt, start);
  const Instant asks = start + settings.promise();
  CHECK(voter.consider(view(3, {0, 1, 2}), start) == Considered::silent);
  CHECK_FALSE(voter.support(1, Incarnation{1}, start));
  for (const Place place : MemberSet::first(4).without(0))
    voter.answered(place, true, epoch(4), epoch(9), asks - Duration{1});
  CHECK_FALSE(voter.try_recover(coterie, asks));  // they answered what was sent before the wait was over
  voter.answered(1, true, epoch(4), epoch(9), asks);
  voter.answered(2, true, epoch(6), epoch(9), asks);
  voter.answered(3, false, epoch(8), epoch(9), asks);
  CHECK_FALSE(voter.try_recover(coterie, asks));
  SECTION("a quorum remembers") {
    voter.answered(4, true, epoch(5), epoch(9), asks);
    REQUIRE(voter.try_recover(coterie, asks));
    CHECK(voter.floor() == epoch(6));
    CHECK(voter.consider(view(6, {0, 1, 2}), asks) == Considered::stale);
    REQUIRE(voter.consider(view(7, {0, 1, 2}), asks) == Considered::pledged);
    REQUIRE(voter.ready(asks));
    voter.commit();
    CHECK(voter.before() == std::nullopt);
  }
  SECTION("everybody has answered, in whatever state") {
    voter.answered(4, false, epoch(0), epoch(11), asks);
    REQUIRE(voter.try_recover(coterie, asks));
    CHECK(voter.floor() == epoch(11));
  }
  SECTION("an answer is worth nothing after a lease") {
    voter.answered(4, true, epoch(5), epoch(9), asks + settings.lease);
    CHECK_FALSE(voter.try_recover(coterie, asks + settings.lease));
  }
}

TEST_CASE("one without a vote follows grants and supports nobody") {
  IsolationSettings settings;
  Voter voter{settings, 3, 2, false, true};
  voter.start(std::nullopt, start);
  REQUIRE(voter.consider(view(3, {0, 1, 2}), start) == Considered::pledged);
  REQUIRE(voter.ready(start));
  voter.commit();
  CHECK_FALSE(voter.votes());
  CHECK_FALSE(voter.support(0, Incarnation{1}, start));
}

TEST_CASE("a vote given among other members is no memory, but its promise is waited for and its epochs are passed") {
  const IsolationSettings settings;
  StoredVote vote;
  vote.elsewhere = true;
  vote.promise = settings.promise() * 3;
  vote.max_seen = {40, 0, Incarnation{1}};
  Voter voter{settings, 3, 0, true, true};
  const Instant now = instant_from_us(50'000'000);
  voter.start(vote, now);
  CHECK_FALSE(voter.remembers());
  CHECK(voter.silent_until() == now + settings.promise() * 3);
  CHECK(voter.max_seen().counter == 40);
  CHECK_FALSE(voter.grant().any());
}
