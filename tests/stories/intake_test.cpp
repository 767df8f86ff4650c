// A node under pressure gives up the unimportant at its door, and takes it in again by itself.
#include <hawser/interconnect/intake_guard.hpp>
#include "pair.hpp"

#include <algorithm>
#include <optional>
#include <string>
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

HAWSER_STORY(
    "requests stand in line: the important pass, who finds no room is told when to ask again, and all is shown",
    intake_line) {
  std::vector<std::string> said;
  bool free = false;
  pair.begin({{"n1", [](Node& node) { node.policy<Note>({.priority = 7}); }},
              {"n2",
               [&](Node& node) {
                 node.policy<Question>({.priority = 3, .concurrency = 100});
                 node.policy<Note>({.priority = 7, .concurrency = 100});
                 const auto wait = [&node, &free]() -> Task<Message<Answer>> {
                   while (!free) co_await node.sleep(10ms);
                   co_return answer(1);
                 };
                 node.on<Question>([wait](Received<Question>) -> Task<Message<Answer>> { return wait(); });
                 node.on<Note>([wait](Received<Note>) -> Task<Message<Answer>> { return wait(); });
                 node.on_event([&](const Event& event) {
                   if (event.kind == "intake") said.push_back(std::string{event.cause});
                 });
               },
               [](Config& config) {
                 config.intake.shed = true;
                 config.intake.places = 4;
                 config.intake.line = 4;
               }}});
  pair.meet();
  std::vector<Outcome> ends;
  const auto told = [&](const Result<Received<Answer>>& result) { ends.push_back(result.outcome()); };
  Peer peer = pair.node("n1").peer("n2");
  for (int i = 0; i < 12; ++i) peer.request<Answer>(question(1), {.timeout = 20s}, told);
  const auto shown = [&] { return *pair.node("n2").snapshot().intake; };
  REQUIRE(pair.run_until([&] { return shown().taken == 4 && shown().waiting > 0 && !said.empty(); }));
  CHECK(shown().line_reason.cause == said.front());
  const std::uint64_t before = shown().admitted;
  peer.request<Answer>(note(2), {.timeout = 20s}, told);
  // It takes the place of one that matters less, or one that is left; it is not refused.
  REQUIRE(pair.run_until(
      [&] { return shown().rejected[static_cast<std::size_t>(ShedReason::displaced)] == 1 || shown().waiting == 4; }));
  CHECK(shown().admitted == before);
  free = true;
  REQUIRE(pair.run_until([&] { return ends.size() == 13; }));
  const auto count = [&](OutcomeKind kind) {
    return std::count_if(ends.begin(), ends.end(), [&](const Outcome& each) { return each.kind == kind; });
  };
  CHECK(count(OutcomeKind::delivered) >= 8);
  CHECK(count(OutcomeKind::overloaded) >= 3);
  CHECK(count(OutcomeKind::delivered) + count(OutcomeKind::overloaded) == 13);
  for (const Outcome& each : ends) {
    if (each.kind != OutcomeKind::overloaded) continue;
    CHECK(each.cause == Cause::intake);
    CHECK(each.next_at.has_value());
  }
  CHECK(shown().taken == 0);
  CHECK(shown().waiting == 0);
  REQUIRE(pair.run_until([&] { return shown().line_reason.cause == "admits"; }));
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
