// The arbiter's vote as a member sees it: what it asks for, and which answers count as support.
#include <hawser/interconnect/isolation/arbiter_voter.hpp>
#include "interconnect/isolation/model/clusters.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <string>

using namespace hawser;
using hawser::model::cluster_of;

namespace {

constexpr Instant start = instant_from_us(50'000'000);
constexpr std::uint64_t cluster = 7;
constexpr Incarnation life{1};

Epoch epoch(std::uint64_t counter) { return {counter, 0, life}; }

View view(std::uint64_t counter, std::initializer_list<int> places) {
  View made{epoch(counter), {}};
  for (const int place : places) made.members.push_back({static_cast<Place>(place), life});
  return made;
}

bool contains(const std::vector<std::string>& keys, const std::string& beginning) {
  return std::any_of(keys.begin(), keys.end(), [&](const std::string& key) { return key.starts_with(beginning); });
}

// n1 of three, and an arbiter that granted epoch 5 to all.
struct Asking {
  IsolationSettings settings;
  Coterie coterie{cluster_of(3, Strategy::arbiter)};
  ArbiterVoter voter{coterie, settings, 1, life, cluster};
  Instant now = start;
  std::uint64_t sequence = 0;
  std::uint64_t row_version = 1;
  ArbiterRecord record;
  std::uint64_t revision = 10;
  std::uint64_t version = 3;
  std::vector<std::string> keys;

  Asking() {
    record.grant = view(5, {0, 1, 2});
    record.before = epoch(4);
  }
  ArbiterRenewal ask(const Epoch& below = {}, const View& grant = {}, const std::optional<View>& proposal = {}) {
    Pulse pulse;
    pulse.incarnation = life;
    pulse.sequence = ++sequence;
    pulse.rows.push_back({1, life, row_version, MemberSet::only(0), false, false, {}, {}});
    pulse.below = below;
    pulse.grant = grant;
    pulse.proposal = proposal;
    voter.asked(pulse, now);
    const std::optional<ArbiterRenewal> renewal = voter.take_renewal();
    REQUIRE(renewal);
    return *renewal;
  }
  ArbiterAnswer state(bool done = true) { return {done, {revision, version, encode(record, cluster), keys}, {}}; }
  bool supported(std::uint64_t number) {
    const std::optional<Pulse> pulse = voter.renewed(number, state(), now);
    return pulse && pulse->answer && pulse->answer->supports;
  }
};

}  // namespace

TEST_CASE("arbiter: support takes a renewal that kept the serving key, which takes a known grant") {
  Asking asking;
  const ArbiterRenewal first = asking.ask();
  CHECK(contains(first.keep, "here/n1/1"));
  CHECK_FALSE(contains(first.keep, "serve/n1/1"));
  CHECK(first.ttl == asking.settings.promise());
  CHECK_FALSE(asking.supported(first.number));
  const ArbiterRenewal second = asking.ask();
  CHECK(contains(second.keep, "serve/n1/1"));
  CHECK(second.number > first.number);
  CHECK(asking.supported(second.number));
  CHECK_FALSE(asking.supported(second.number));  // once
}

TEST_CASE("arbiter: no support on an answer older than a lease, of a failed renewal, or without us in the grant") {
  Asking asking;
  asking.supported(asking.ask().number);
  const std::uint64_t late = asking.ask().number;
  asking.now += asking.settings.lease;
  CHECK_FALSE(asking.supported(late));
  const std::uint64_t failed = asking.ask().number;
  CHECK_FALSE(asking.voter.renewed(failed, asking.state(false), asking.now));
  const std::uint64_t removed = asking.ask().number;
  asking.record.grant = view(6, {0, 2});
  ++asking.revision;
  CHECK_FALSE(asking.supported(removed));
}

TEST_CASE("arbiter: who resigns releases its key, and no answer from before that supports it any more") {
  Asking asking;
  asking.supported(asking.ask().number);
  const std::uint64_t before = asking.ask().number;
  const ArbiterRenewal released = asking.ask(epoch(6));
  CHECK(contains(released.release, "serve/n1/1"));
  CHECK(contains(released.keep, "here/n1/1"));
  // Overtaken: by the time the old answer comes the arbiter has granted a later view with us, and our key is gone.
  asking.record.before = asking.record.grant.epoch;
  asking.record.grant = view(7, {0, 1, 2});
  ++asking.revision;
  CHECK_FALSE(asking.supported(before));
  CHECK_FALSE(asking.supported(released.number));
  const ArbiterRenewal again = asking.ask(epoch(6));
  CHECK(contains(again.keep, "serve/n1/1"));
  CHECK(asking.supported(again.number));
}

TEST_CASE("arbiter: a view is asked for while a dropped member's key lives, and granted when it is gone") {
  Asking asking;
  asking.keys = {"here/n0/1", "serve/n2/1"};
  asking.supported(asking.ask().number);
  const View wanted = view(6, {0, 1});
  asking.ask({}, {}, wanted);
  std::optional<ArbiterSwap> swap = asking.voter.take_swap();
  REQUIRE(swap);
  std::string problem;
  std::optional<ArbiterRecord> next = decode_record(swap->record, cluster, 4, problem);
  REQUIRE(next);
  CHECK(next->grant == view(5, {0, 1, 2}));
  CHECK(next->pledge == wanted);
  CHECK(swap->absent.empty());

  asking.record = *next;
  ++asking.version;
  ++asking.revision;
  const std::optional<Pulse> pledged = asking.voter.swapped(asking.state(), asking.now);
  REQUIRE(pledged);
  CHECK(pledged->proposal == wanted);
  CHECK_FALSE(asking.voter.take_swap());  // n2 has not given up yet

  asking.keys = {"here/n0/1"};
  ++asking.revision;
  asking.supported(asking.ask({}, {}, wanted).number);
  swap = asking.voter.take_swap();
  REQUIRE(swap);
  CHECK(swap->absent == std::vector<std::string>{"serve/n2/1"});
  next = decode_record(swap->record, cluster, 4, problem);
  REQUIRE(next);
  CHECK(next->grant == wanted);
  CHECK(next->before == epoch(5));
  CHECK_FALSE(next->pledge.any());
}

TEST_CASE("arbiter: a pledge without us ends our support, and is forgotten when nobody repeats it") {
  Asking asking;
  asking.supported(asking.ask().number);
  asking.record.pledge = view(6, {0, 2});
  asking.record.repeated = 1;
  ++asking.revision;
  CHECK_FALSE(asking.supported(asking.ask().number));
  asking.now += asking.settings.pledge();
  CHECK(asking.supported(asking.ask().number));
}

TEST_CASE("arbiter: a lower proposal than the one it is asked for is refused") {
  Asking asking;
  asking.record.pledge = view(8, {0, 1});
  asking.record.repeated = 1;
  asking.supported(asking.ask().number);
  const std::uint64_t number = asking.ask({}, {}, view(7, {1})).number;
  const std::optional<Pulse> pulse = asking.voter.renewed(number, asking.state(), asking.now);
  REQUIRE(pulse);
  CHECK(pulse->refused == epoch(7));
  CHECK(pulse->max_seen == epoch(8));
}

TEST_CASE("arbiter: a record of others, or one that has forgotten, is of no use, and the voter says why") {
  Asking asking;
  asking.supported(asking.ask().number);
  CHECK(asking.voter.linked(asking.now));
  ArbiterAnswer foreign = asking.state();
  foreign.state.record = encode(asking.record, cluster + 1);
  ++foreign.state.revision;
  CHECK_FALSE(asking.voter.renewed(asking.ask().number, foreign, asking.now));
  CHECK(asking.voter.problem().find("of a cluster with other members") != std::string::npos);
  asking.record.grant = view(2, {0, 1, 2});
  ++asking.revision;
  CHECK_FALSE(asking.supported(asking.ask().number));
  CHECK(asking.voter.problem().find("has forgotten what it granted") != std::string::npos);
  CHECK_FALSE(asking.voter.renewed(asking.ask().number, {false, {}, "connection refused"}, asking.now));
  CHECK(asking.voter.problem() == "connection refused");
}

TEST_CASE("arbiter: members know by it whom the others hear, and each is there under its newest row alone") {
  Asking asking;
  const ArbiterRenewal first = asking.ask();
  asking.row_version = 2;
  const ArbiterRenewal second = asking.ask();
  REQUIRE(second.keep.size() == 1);
  CHECK(second.keep != first.keep);
  CHECK(second.release == first.keep);
  asking.keys = {second.keep.front(), "here/n0/1/zz", "here/n2/9/" + second.keep.front().substr(10), "serve/n0/1"};
  const std::optional<Pulse> pulse = asking.voter.renewed(second.number, asking.state(), asking.now);
  REQUIRE(pulse);
  REQUIRE(pulse->rows.size() == 2);  // what is no row of its own member is left out
  CHECK(pulse->rows.front().hears == MemberSet::only(1));
  CHECK(pulse->rows.back().version == 2);
  CHECK(pulse->rows.back().hears == MemberSet::only(0));
}
