// Flaws that chance finds rarely or never: each rule in the smallest story that needs it, told with the rule and
// without.
#include "interconnect/isolation/flaws/in_force.hpp"
#include "interconnect/isolation/model/clusters.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace hawser;
using hawser::model::cluster_of;

namespace {

constexpr Instant start = instant_from_us(50'000'000);
constexpr Incarnation first_life{1};

Epoch epoch(std::uint64_t counter) { return {counter, 0, first_life}; }

View view(std::uint64_t counter, std::initializer_list<int> places) {
  View made{epoch(counter), {}};
  for (const int place : places) made.members.push_back({static_cast<Place>(place), first_life});
  return made;
}

StoredVote memory(const View& grant) {
  StoredVote vote;
  vote.grant = grant;
  vote.before = epoch(1);
  vote.max_seen = grant.epoch;
  return vote;
}

// The story holds with the rule, and not without.
void needs(Flaw flaw, const std::function<bool()>& story) {
  INFO("flaw " << static_cast<int>(flaw));
  CHECK(story());
  InForce in_force{flaw};
  CHECK_FALSE(story());
}

Voter voter_with(const View& grant, std::size_t places) {
  Voter voter{IsolationSettings{}, places, 0, true, false};
  voter.start(memory(grant), start);
  return voter;
}

Member serving_in_5() {
  Member member{IsolationSettings{}.lease, 3};
  for (const Place voter : MemberSet::first(2)) member.supported(voter, epoch(5), start, std::nullopt);
  member.enter(view(5, {0, 1, 2}), start);
  return member;
}

// k, the senior of five, cut off from b and X, beside a and m. m grants k's view and goes on to another one with X
// unheard; then k and a grant it too. Whether k tells that X is removed, in whose view m now promises support.
bool senior_keeps_silent() {
  ServingGate gate;
  IsolationSettings settings;
  IsolationConfig config{Coterie{cluster_of(5)}, settings, 0, first_life, false};
  Isolation k{std::move(config), gate, Random{1}};
  Instant now = start;
  k.start(memory(view(5, {0, 1, 2, 3, 4})), "", now);
  std::uint64_t version = 0;
  bool told = false;
  std::uint64_t asked = 0;
  const auto listen = [&] {
    const IsolationOutput output = k.take();
    for (const ViewChange& change : output.views) told = told || change.view.epoch == epoch(6);
    for (const PulseSending& sending : output.sendings) asked = std::max(asked, sending.pulse.sequence);
  };
  const auto say = [&](Place from, const View& grant, bool supports) {
    Pulse pulse;
    pulse.incarnation = first_life;
    pulse.grant = grant;
    pulse.max_seen = grant.epoch;
    pulse.rows.push_back(
        {from, first_life, ++version, MemberSet::first(3).without(from), true, false, grant.epoch, {}});
    pulse.answer = PulseAnswer{asked, first_life, supports, epoch(1)};
    k.hear(from, pulse, now);
    listen();
  };
  listen();
  for (const Place peer : {Place{1}, Place{2}}) k.link(peer, first_life, true, now);
  const View old = view(5, {0, 1, 2, 3, 4});
  while (!k.grant().any() || (k.grant().epoch == epoch(5) && now < start + settings.promise() * 2)) {
    now += settings.heartbeat / 2;
    k.tick(now);
    listen();
    say(1, old, true);
    if (now < start + settings.stable_after * 5 / 4) say(2, old, true);  // m is heard no more after that
    if (now > start + settings.stable_after && now < start + settings.stable_after * 5 / 4) {
      say(2, view(6, {0, 1, 2}), false);  // its grant is heard, its answers are not
      break;
    }
  }
  while (k.grant().epoch < epoch(6) && now < start + settings.promise() * 3) {
    now += settings.heartbeat / 2;
    k.tick(now);
    listen();
    say(1, old, true);
  }
  if (k.grant().epoch != epoch(6)) return false;  // the story did not come to its point
  say(1, view(6, {0, 1, 2}), true);
  return !told;
}

}  // namespace

TEST_CASE("rules: promises last as long as any lawful lease") {
  const auto lasts = [] {
    IsolationSettings settings;
    const auto drift = static_cast<std::int64_t>(settings.drift_ppm);
    return to_us(settings.promise()) * (1'000'000 - drift) >= to_us(settings.lease) * (1'000'000 + drift);
  };
  needs(Flaw::drift_ignored, lasts);
  needs(Flaw::drift_halved, lasts);
}

TEST_CASE("rules: a voter keeps what it promised, and a resignation goes only so far") {
  needs(Flaw::no_wait_after_restart, [] {
    Voter voter = voter_with(view(5, {0, 1, 2}), 3);
    voter.consider(view(6, {0, 1}), start);
    return !voter.ready(start);
  });
  const auto promised = [](const Epoch& below, bool granted_between) {
    Voter voter = voter_with(view(5, {0, 1, 2}), 3);
    const Instant now = start + IsolationSettings{}.promise();
    voter.support(2, first_life, now);
    if (granted_between) {
      voter.consider(view(6, {0, 1, 2}), now);
      voter.commit();
    }
    voter.consider(view(7, {0, 1}), now);
    voter.resigned(2, first_life, below);
    return !voter.ready(now);
  };
  needs(Flaw::promise_forgotten, [&] { return promised({}, false); });
  needs(Flaw::promises_cleared_by_grant, [&] { return promised({}, true); });
  needs(Flaw::resignation_of_any_epoch, [&] { return promised(epoch(6), false); });
}

TEST_CASE("rules: who forgot its vote waits, and asks those who remember") {
  const auto votes = [](std::size_t answers, bool remembering, Duration after) {
    const Coterie coterie{cluster_of(5)};
    Voter voter{IsolationSettings{}, 5, 0, true, false};
    voter.start(std::nullopt, start);
    const Instant now = start + after;
    for (std::size_t i = 1; i <= answers; ++i) {
      voter.answered(static_cast<Place>(i), remembering, epoch(3), epoch(3), now);
    }
    return voter.try_recover(coterie, now);
  };
  const Duration promise = IsolationSettings{}.promise();
  CHECK(votes(3, true, promise));
  needs(Flaw::amnesia_without_asking, [&] { return !votes(0, false, promise); });
  needs(Flaw::cold_start_by_quorum, [&] { return !votes(3, false, promise); });
  needs(Flaw::no_wait_after_amnesia, [&] { return !votes(3, true, Duration{0}); });
}

TEST_CASE("rules: a member continues only when nothing can have been granted without it in between") {
  const auto told = [](const std::optional<Epoch>& before) {
    Member member = serving_in_5();
    member.supported(0, epoch(8), start, epoch(5));
    member.supported(1, epoch(8), start, before);
    return !member.enter(view(8, {0, 1, 2}), start);
  };
  CHECK_FALSE(told(epoch(5)));
  needs(Flaw::rejoin_only_if_known, [&] { return told(std::nullopt); });
  needs(Flaw::before_ignored_unbroken, [&] { return told(epoch(7)); });
}

TEST_CASE("rules: a view that was given up is given up for good") {
  const Coterie coterie{cluster_of(3)};
  needs(Flaw::old_epoch_resumed, [&] {
    Member member = serving_in_5();
    const Instant now = start + IsolationSettings{}.lease;
    member.lapse(coterie, epoch(6), now);
    for (const Place voter : MemberSet::first(2)) member.supported(voter, epoch(5), now, std::nullopt);
    return !member.serving(coterie, now);
  });
  needs(Flaw::resign_but_serve_on, [&] {
    Member member = serving_in_5();
    member.resign(epoch(6));
    return !member.serving(coterie, start);
  });
}

TEST_CASE("rules: two halves are not two quorums") {
  needs(Flaw::quorum_of_half, [] {
    const Coterie coterie{cluster_of(4)};
    return !disjoint_quorums(coterie.voters(), [&](const MemberSet& set) { return coterie.quorum(set); });
  });
}

TEST_CASE("rules: a node that slept through the end of its lease finds the gate closed") {
  needs(Flaw::cached_flag, [] {
    ServingGate gate;
    IsolationSettings settings;
    Isolation alone{{Coterie{cluster_of(1)}, settings, 0, first_life, false}, gate, Random{1}};
    Instant now = start;
    alone.start(std::nullopt, "never written", now);
    while (!gate.serving(now) && now < start + settings.promise() * 4) {
      now = alone.next_wake();
      alone.tick(now);
      alone.take();
      alone.told(now);
    }
    return gate.serving(now) && !gate.serving(now + settings.lease);
  });
}

TEST_CASE("rules: removed is told on live answers, not on grants that were counted") {
  needs(Flaw::told_on_counted_grants, senior_keeps_silent);
}
