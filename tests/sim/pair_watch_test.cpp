// A peer that is not heard must be suspected in time, by those who run.
#include <hawser/sim/pair_watch.hpp>

#include <catch2/catch.hpp>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::Findings;
using hawser::sim::Invariant;
using hawser::sim::PairWatch;
using hawser::sim::WorldTime;

namespace {

constexpr WorldTime at(Duration since_begin) { return sim::world_begin + since_begin; }

}  // namespace

TEST_CASE("a cut peer that is taken for up past the bound breaks completeness", "[pair_watch]") {
  Findings findings;
  PairWatch watch{findings};
  watch.told("a", "b", true, true, at(0s));
  watch.told("a", "b", true, false, at(5s));
  watch.told("a", "b", true, false, at(5500ms));  // the silence goes on
  watch.believed("a", "b", PeerState::up, 1s, at(6s));
  CHECK(findings.empty());
  SECTION("suspected") { watch.believed("a", "b", PeerState::suspect, 1s, at(60s)); }
  SECTION("healed") {
    watch.told("a", "b", true, true, at(6s));
    watch.believed("a", "b", PeerState::up, 1s, at(60s));
  }
  SECTION("an observer that slept begins anew") {
    watch.told("a", "b", false, false, at(5500ms));
    watch.told("a", "b", true, false, at(9s));
    watch.believed("a", "b", PeerState::up, 1s, at(10s));
  }
  CHECK(findings.empty());
  watch.told("a", "b", true, false, at(60s));
  SECTION("up") {
    watch.believed("a", "b", PeerState::up, 1s, at(62s));
    REQUIRE(findings.all().size() == 1);
    CHECK(findings.all().front().invariant == Invariant::completeness);
    CHECK(findings.all().front().nodes == std::vector<std::string>{"a", "b"});
  }
}

TEST_CASE("two who answer each other for a second know each other's clocks; the time since is counted",
          "[pair_watch]") {
  Findings findings;
  PairWatch watch{findings};
  watch.told("a", "b", true, true, at(0s));
  CHECK(watch.unconfirmed("a", "b", at(2s)) == 0s);
  watch.told("a", "b", true, false, at(3s));
  CHECK(watch.unconfirmed("a", "b", at(5s)) == 2s);
  watch.told("a", "b", true, true, at(6s));
  CHECK(watch.unconfirmed("a", "b", at(6500ms)) == 3500ms);
  watch.told("a", "b", true, false, at(6600ms));  // too short to learn anything
  CHECK(watch.unconfirmed("a", "b", at(7s)) == 4s);
  watch.told("a", "b", true, true, at(8s));
  CHECK(watch.unconfirmed("a", "b", at(9s)) == 0s);
}

TEST_CASE("the bound follows the configuration", "[pair_watch]") {
  DetectorConfig config;
  const Duration usual = sim::suspicion_bound(config, 0ms);
  CHECK(usual > 800ms);
  CHECK(usual < 1s);
  config.suspect = 8.0;
  CHECK(sim::suspicion_bound(config, 0ms) > usual);
  CHECK(sim::suspicion_bound(config, 200ms) > sim::suspicion_bound(config, 0ms));
}

TEST_CASE("the bound follows what the observer has learnt of its peer", "[pair_watch]") {
  const DetectorConfig config;
  const Duration usual = sim::suspicion_bound(config, 0ms);
  DetectorRecord learnt;
  learnt.mean = config.heartbeat;
  learnt.deviation = 1ms;
  CHECK(sim::suspicion_bound(config, 0ms, learnt) == usual);
  learnt.mean = config.heartbeat + 50ms;
  CHECK(sim::suspicion_bound(config, 0ms, learnt) == usual + 50ms);
  learnt.deviation = 300ms;
  CHECK(sim::suspicion_bound(config, 0ms, learnt) > usual + 300ms);
}

TEST_CASE("an interval that was long enough to convict must not be counted", "[pair_watch]") {
  Findings findings;
  PairWatch watch{findings};
  DetectorRecord record;
  record.detection = 900ms;
  record.longest = 250ms;
  watch.learnt("a", "b", Incarnation{1}, record, at(1s));
  record.longest = 899ms;
  record.detection = 2s;  // a long interval makes the observer slower
  watch.learnt("a", "b", Incarnation{1}, record, at(1010ms));
  record.detection = 0s;  // convicted
  watch.learnt("a", "b", Incarnation{1}, record, at(4s));
  CHECK(findings.empty());
  SECTION("an outage is not counted") {
    record.detection = 2s;
    watch.learnt("a", "b", Incarnation{1}, record, at(4010ms));
    CHECK(findings.empty());
  }
  record.detection = 5s;
  record.longest = 3s;
  SECTION("an outage that is counted") {
    watch.learnt("a", "b", Incarnation{1}, record, at(4010ms));
    REQUIRE(findings.all().size() == 1);
    CHECK(findings.all().front().invariant == Invariant::accuracy);
  }
  SECTION("something was learnt of it before it was up again") {
    DetectorRecord other = record;
    other.detection = 0s;
    other.longest = 899ms;
    other.deviation = 300ms;
    watch.learnt("a", "b", Incarnation{1}, other, at(4s + 5ms));
    watch.learnt("a", "b", Incarnation{1}, record, at(4010ms));
    CHECK(findings.empty());
  }
  SECTION("the observer had long not been looked at") {
    watch.learnt("a", "b", Incarnation{1}, record, at(7s));
    CHECK(findings.empty());
  }
  SECTION("another life of the peer") {
    watch.learnt("a", "b", Incarnation{2}, record, at(4010ms));
    CHECK(findings.empty());
  }
}
