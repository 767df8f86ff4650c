// Gray failures: a peer that answers heartbeats and fails on real work is degraded, and only such a peer.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <algorithm>
#include <string>
#include <vector>

using namespace hawser;
using namespace hawser::sim;
using namespace std::chrono_literals;

namespace {

// n1 asks n2 and n3 ten times a second, with one, two or three types.
struct Office {
  World world{{.seed = 4}};
  std::vector<PeerHealth> told;  // at n1

  explicit Office(int types = 1) {
    for (const char* name : {"n1", "n2", "n3"}) {
      world.host(name, Config{}, [this, types](Node& node) { app(node, types); });
    }
  }
  void app(Node& node, int types) {
    node.on<Question>([](Question::Reader, const Delivery&) { return Message<Answer>{}; });
    node.on<Note>([](Note::Reader, const Delivery&) { return Message<Answer>{}; });
    node.on<Parcel>([](Parcel::Reader) {});
    if (node.id() != NodeId{"n1"}) return;
    node.on_peer([this](const PeerHealth& health) { told.push_back(health); });
    node.every(100ms, [&node, types] {
      for (Peer& peer : node.peers()) {
        const auto ignore = [](const Result<Received<Answer>>&) {};
        peer.request<Answer>(Message<Question>{}, {.timeout = 300ms}, ignore);
        if (types > 1) peer.request<Answer>(Message<Note>{}, {.timeout = 300ms}, ignore);
        if (types > 2) peer.try_post(Message<Parcel>{}, {.ttl = 300ms});
      }
      return true;
    });
  }
  PeerHealth n2() { return world.node("n1").peer("n2").health(); }
  bool told_degraded() const {
    return std::any_of(told.begin(), told.end(), [](const PeerHealth& health) { return health.degraded; });
  }
};

}  // namespace

TEST_CASE("a peer that answers heartbeats and no request is degraded, and is not when it works again",
          "[world][gray]") {
  Office office;
  office.world.run_for(3s);
  CHECK_FALSE(office.n2().degraded);
  office.world.handler_stall("n2", "Question", true);
  REQUIRE(office.world.run_until([&] { return office.n2().degraded; }, 3s));
  CHECK(office.n2().state == PeerState::up);
  CHECK(office.n2().reason.cause == "consecutive_failures");
  CHECK(office.n2().reason.detail == "Question");
  CHECK_FALSE(office.world.node("n1").peer("n3").health().degraded);
  CHECK_FALSE(office.world.node("n3").peer("n2").health().degraded);  // it asks nothing
  office.world.run_for(1s);
  CHECK(office.told_degraded());
  const NodeSnapshot shown = office.world.node("n1").snapshot();
  CHECK(std::any_of(shown.events.begin(), shown.events.end(), [](const Event& event) {
    return event.kind == "gray" && event.text == "n2 answers heartbeats and fails on real work: Question";
  }));
  office.world.run_for(10s);
  CHECK(office.n2().degraded);
  office.world.handler_stall("n2", "Question", false);
  CHECK(office.world.run_until([&] { return !office.n2().degraded; }, 40s));
  CHECK(office.n2().state == PeerState::up);
  CHECK_FALSE(office.told.back().degraded);
}

TEST_CASE("one bad type among three says nothing about the peer; two do", "[world][gray]") {
  Office office{3};
  office.world.run_for(3s);
  office.world.handler_stall("n2", "Question", true);
  office.world.run_for(5s);
  CHECK_FALSE(office.n2().degraded);
  CHECK_FALSE(office.told_degraded());
  office.world.handler_stall("n2", "Note", true);
  CHECK(office.world.run_until([&] { return office.n2().degraded; }, 5s));
}

TEST_CASE("a peer that is not reached is unreachable, and not degraded as well", "[world][gray]") {
  Office office;
  office.world.run_for(3s);
  office.world.handler_stall("n2", "Question", true);
  REQUIRE(office.world.run_until([&] { return office.n2().degraded; }, 3s));
  office.world.partition({"n1"}, {"n2"});
  REQUIRE(office.world.run_until([&] { return office.n2().state == PeerState::unreachable; }, 5s));
  CHECK_FALSE(office.n2().degraded);
}
