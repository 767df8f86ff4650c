// Snapshot: the words that people and tools read.
#include <hawser/interconnect/snapshot.hpp>

#include <catch2/catch.hpp>

#include <sstream>

using namespace hawser;

TEST_CASE("snapshot: a peer's health in one line names the cause of everything that is not well") {
  PeerHealth health;
  const auto line = [&] {
    std::ostringstream out;
    out << health;
    return out.str();
  };
  health.state = PeerState::up;
  CHECK(line() == "up");
  health.degraded = true;
  health.reason.cause = "slow";
  CHECK(line() == "up, degraded (slow)");
  health.degraded = false;
  health.state = PeerState::unreachable;
  health.reason.cause = "silent";
  CHECK(line() == "unreachable (silent)");
}

TEST_CASE("snapshot: stances and lane states have their names") {
  CHECK(to_string(Stance::joining) == "joining");
  CHECK(to_string(Stance::serving) == "serving");
  CHECK(to_string(Stance::isolated) == "isolated");
  CHECK(to_string(LaneState::idle) == "idle");
  CHECK(to_string(LaneState::waiting) == "waiting");
  CHECK(to_string(LaneState::dialling) == "dialling");
  CHECK(to_string(LaneState::greeting) == "greeting");
  CHECK(to_string(LaneState::open) == "open");
}
