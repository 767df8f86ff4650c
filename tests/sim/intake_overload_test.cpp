// Requests stand in line at the intake: under ten times the load the work that is done stays near the peak, and the
// most important is done as if nothing had happened.
#include <hawser/interconnect/coroutine.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <algorithm>
#include <cstdint>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::World;

namespace {

constexpr Duration service = 10ms;    // one worker: a hundred requests a second
constexpr Duration patience = 1s;     // of a caller
constexpr std::uint64_t urgent = 20;  // one of so many is of the highest priority

struct Counted {
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;
  std::uint64_t hinted = 0;  // of those, with a time at which to ask again
};

// n2 and n3 ask n1, whose handlers share one worker, `load` times as much as it can do.
struct Office {
  World world{{.seed = 11}};
  Counted usual;
  Counted important;
  bool counting = false;
  std::uint64_t turn = 0;

  Office(double load, bool shed) {
    Config server;
    server.intake.shed = shed;
    world.host("n1", server, [this](Node& node) { serve(node); });
    for (const char* name : {"n2", "n3"}) {
      world.host(name, Config{}, [this, load](Node& node) { ask(node, load / 2); });
    }
  }
  void serve(Node& node) {
    node.policy<Question>({.priority = 3, .concurrency = 1000});
    node.policy<Note>({.priority = 7, .concurrency = 1000});
    const auto free_at = std::make_shared<Instant>(node.now());
    node.on<Question>([&node, free_at](Received<Question>) -> Task<Message<Answer>> { return work(node, free_at); });
    node.on<Note>([&node, free_at](Received<Note>) -> Task<Message<Answer>> { return work(node, free_at); });
  }
  static Task<Message<Answer>> work(Node& node, std::shared_ptr<Instant> free_at) {
    *free_at = later(std::max(*free_at, node.now()), service);
    const Duration until_done = *free_at - node.now();
    co_await node.sleep(until_done);
    co_return Message<Answer>{};
  }
  void ask(Node& node, double load) {
    const auto every = std::chrono::duration_cast<Duration>(service / load);
    node.every(every, [this, &node] {
      const bool matters = turn++ % urgent == 0;
      Counted& row = matters ? important : usual;
      if (counting) ++row.asked;
      const auto told = [this, &row, counted = counting](const Result<Received<Answer>>& result) {
        if (!counted) return;
        row.answered += result.ok() ? 1 : 0;
        const Outcome outcome = result.outcome();
        row.refused += outcome.kind == OutcomeKind::overloaded ? 1 : 0;
        row.hinted += outcome.kind == OutcomeKind::overloaded && outcome.next_at ? 1 : 0;
      };
      Peer peer = node.peer("n1");
      if (matters) {
        peer.request<Answer>(Message<Note>{}, {.timeout = patience}, told);
      } else {
        peer.request<Answer>(Message<Question>{}, {.timeout = patience}, told);
      }
      return true;
    });
  }
  double goodput() {
    constexpr int seconds = 20;
    world.run_for(5s);
    counting = true;
    world.run_for(std::chrono::seconds{seconds});
    counting = false;
    world.run_for(2s);
    return static_cast<double>(usual.answered + important.answered) / seconds;
  }
};

}  // namespace

TEST_CASE("goodput at ten times the load stays near the peak, and the most important is answered", "[world][intake]") {
  double peak = 0;
  for (const double load : {0.5, 1.0, 2.0, 5.0}) peak = std::max(peak, Office{load, true}.goodput());
  CHECK(peak > 90);
  Office office{10.0, true};
  const double goodput = office.goodput();
  CAPTURE(peak, goodput, office.important.asked, office.important.answered);
  CHECK(goodput >= 0.9 * peak);
  CHECK(office.important.asked > 900);
  CHECK(static_cast<double>(office.important.answered) > 0.99 * static_cast<double>(office.important.asked));
  // Whoever was turned away was told when to ask again.
  CHECK(office.usual.refused > 0);
  CHECK(office.usual.hinted == office.usual.refused);

  const NodeSnapshot shown = office.world.node("n1").snapshot();
  REQUIRE(shown.intake);
  CHECK(shown.intake->sheds);
  CHECK(shown.intake->admitted > 0);
  std::uint64_t rejected = 0;
  for (const std::uint64_t each : shown.intake->rejected) rejected += each;
  CHECK(rejected >= office.usual.refused + office.important.refused);
}

TEST_CASE("without the line the same load is answered late or not at all", "[world][intake]") {
  Office office{10.0, false};
  CHECK(office.goodput() < 20);
}

TEST_CASE("nobody is turned away below what can be done, and the line opens again when the load goes",
          "[world][intake]") {
  Office office{0.8, true};
  office.goodput();
  CHECK(office.usual.answered == office.usual.asked);
  CHECK(office.important.answered == office.important.asked);
  const NodeSnapshot shown = office.world.node("n1").snapshot();
  CHECK(shown.intake->line_reason.cause == "admits");
  CHECK(shown.intake->waiting == 0);
}
