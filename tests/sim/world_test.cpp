#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <vector>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

Config member(const char* id) {
  Config config;
  config.id = id;
  return config;
}

}  // namespace

TEST_CASE("the program of the readme meets its peer, and a partition makes the peer unreachable", "[world]") {
  std::vector<std::string> heard;
  std::vector<Outcome> ended;
  const auto app = [&](Node& node) {
    node.on<Note>([&](Note::Reader note, const Delivery& from) {
      heard.push_back(from.node.text() + " says " + note.getText().cStr());
    });
    spawn(node, [&]() -> Task<> {
      Message<Note> note;
      note->setText("good morning");
      const Outcome sent = co_await node.peer("n2").send(note, {.ttl = 2s});
      ended.push_back(sent);
    });
  };
  sim::World world{{.seed = 42}};
  world.host("n1", member("n1"), app);
  world.host("n2", member("n2"), app);
  world.run_for(1s);
  CHECK(heard.size() == 2);
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].delivered());
  CHECK(ended[1].delivered());
  CHECK(world.node("n1").peer("n2").health().state == PeerState::up);
  world.partition({"n1"}, {"n2"});
  world.run_for(10s);
  CHECK(world.node("n1").peer("n2").health().state == PeerState::unreachable);
  world.heal();
  world.run_for(5s);
  CHECK(world.node("n1").peer("n2").health().state == PeerState::up);
  CHECK(world.node("n1").snapshot().ledger.balanced());
}
