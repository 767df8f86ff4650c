// A node under pressure gives up the unimportant at its door, and takes it in again by itself.
#include <hawser/interconnect/intake_guard.hpp>
#include "pair.hpp"

#include <optional>
#include <vector>

using namespace hawser;
using namespace hawser::stories;

namespace {

// Tells what its guard on intake said.
struct Door {
  std::vector<std::string> said;

  Member member(bool observe_only) {
    return {"n2",
            [this](Node& node) {
              node.policy<Note>({.priority = 7});
              node.on<Note>([](Note::Reader) {});
              node.on<Parcel>([](Parcel::Reader) {});
              node.on_event([this](const Event& event) {
                if (event.kind == "intake") said.push_back(event.text);
              });
            },
            [observe_only](Config& config) {
              config.intake.guard = true;
              config.intake.observe_only = observe_only;
              config.intake.lag_max = 10s;  // what a busy machine does to the test is no part of it
            }};
  }
};

}  // namespace

HAWSER_STORY("a node under pressure turns the unimportant away, answers go on, and it recovers by itself",
             intake_pressure) {
  Door door;
  pair.begin({{"n1",
               [](Node& node) {
                 node.policy<Note>({.priority = 7});
                 node.on<Question>([](Question::Reader asked) { return answer(asked.getNumber()); });
               }},
              door.member(false)});
  pair.meet();
  CHECK(send(pair, "n1", "n2", parcel(10)).delivered());
  CHECK(door.said.empty());

  pair.node("n2").report_pressure(1000, 0);
  REQUIRE(pair.run_until([&] { return !door.said.empty(); }));
  CHECK(door.said.front().find("fail_fast") != std::string::npos);
  CHECK(same(send(pair, "n1", "n2", parcel(10)), ended(OutcomeKind::overloaded, Cause::intake)));
  CHECK(send(pair, "n1", "n2", note(1)).delivered());
  // What it asks for is answered: replies are never turned away.
  std::optional<Outcome> answered;
  pair.node("n2").peer("n1").request<Answer>(question(3), {},
                                             [&](Result<Received<Answer>> result) { answered = result.outcome(); });
  REQUIRE(pair.run_until([&] { return answered.has_value(); }));
  CHECK(answered->delivered());

  pair.node("n2").report_pressure(0, 0);
  const auto normal = [&] { return door.said.back().find("normal") != std::string::npos; };
  REQUIRE(pair.run_until(normal));
  CHECK(send(pair, "n1", "n2", parcel(10)).delivered());
  pair.rest();
}

HAWSER_STORY("a guard that observes says what it would do, and lets everything in", intake_observed) {
  Door door;
  pair.begin({{"n1"}, door.member(true)});
  pair.meet();
  pair.node("n2").report_pressure(0, 1000);
  REQUIRE(pair.run_until([&] { return !door.said.empty(); }));
  CHECK(door.said.front().find("observed only") != std::string::npos);
  CHECK(send(pair, "n1", "n2", parcel(10)).delivered());
  pair.rest();
}

TEST_CASE("a guard's pressure is the worst of what it sees, and a lag counts once") {
  const Instant start = instant_from_us(1'000'000);
  IntakeGuard guard{{.guard = true, .observe_only = false, .lag_max = 200ms}, start};
  CHECK(guard.due(start));
  CHECK_FALSE(guard.look(0, start));
  CHECK_FALSE(guard.due(start + IntakeGuard::interval - 1us));
  CHECK(guard.due(start + IntakeGuard::interval));
  CHECK(guard.admits(0));
  guard.lagged(200ms);
  guard.lagged(1ms);
  CHECK(guard.look(0, start + 50ms));
  CHECK(guard.preventor().level() == CascadeLevel::fail_fast);
  CHECK(guard.preventor().reason().cause == std::string_view{"loop_lag"});
  CHECK_FALSE(guard.admits(6));
  CHECK(guard.admits(7));
  guard.look(0, start + 100ms);
  CHECK(guard.preventor().pressure() < 1000);
}
