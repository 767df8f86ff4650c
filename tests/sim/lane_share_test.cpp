// How channels share a lane that is full: the urgent get the larger part, and nobody gets nothing.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::World;

TEST_CASE("a full lane is shared by priority, and the last gets something as well", "[world]") {
  World world;
  std::size_t urgent = 0;
  std::size_t patient = 0;
  Config config;
  config.types["Note"].priority = priority_max;
  config.types["Other"].priority = std::uint8_t{0};
  world.host("n1", config, [](Node&) {});
  world.host("n2", config, [&](Node& node) {
    node.on<Note>([&](Note::Reader) { ++urgent; });
    node.on<Other>([&](Other::Reader) { ++patient; });
  });
  world.rate("n1", "n2", 2u << 20, 4u << 20);
  world.run_for(1s);
  // Each alone would fill the line.
  const std::string text(2'000, 'x');
  Message<Note> note;
  note->setText(text);
  Message<Other> other;
  other->setText(text);
  Node& sender = world.node("n1");
  sender.every(10ms, [&] {
    while (sender.peer("n2").try_post(note).delivered()) {
    }
    while (sender.peer("n2").try_post(other).delivered()) {
    }
    return true;
  });
  world.run_for(5s);
  INFO("urgent " << urgent << ", patient " << patient);
  CHECK(urgent + patient > 3'000);
  CHECK(urgent > 4 * patient);
  CHECK(patient * 20 > urgent);
}
