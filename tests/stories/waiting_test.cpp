// How a caller may wait: callbacks, futures, coroutines, other executors; and what user code may wait for.
#include "pair.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <future>
#include <optional>
#include <stdexcept>

using namespace hawser;
using namespace hawser::stories;

namespace {

void answers(Node& node) {
  node.on<Note>([](Note::Reader) {});
  node.on<Question>([](Question::Reader asked) { return answer(asked.getNumber() + 1); });
}

}  // namespace

HAWSER_STORY("one send, awaited by a coroutine, by a future and by a callback on another executor", styles) {
  pair.begin({{"n1", {}}, {"n2", answers}});
  pair.meet();
  Node& node = pair.node("n1");

  std::optional<Outcome> awaited;
  std::optional<std::uint64_t> answered;
  spawn(node, [&]() -> Task<> {
    const Message<Note> hello = note(1);
    awaited = co_await node.peer("n2").send(hello, {.ttl = 20s});
    const Message<Question> asked = question(1);
    auto result = co_await node.peer("n2").request<Answer>(asked);
    if (result.ok()) answered = (*result)->getNumber();
  });
  REQUIRE(pair.run_until([&] { return answered.has_value(); }));
  CHECK(awaited->delivered());
  CHECK(answered == 2);

  std::future<Outcome> future = node.peer("n2").send(note(2), {}, boost::asio::use_future);
  REQUIRE(pair.run_until([&] { return future.wait_for(0s) == std::future_status::ready; }));
  CHECK(future.get().delivered());
  std::future<Outcome> refused = node.peer("n9").send(note(2), {}, boost::asio::use_future);
  REQUIRE(pair.run_until([&] { return refused.wait_for(0s) == std::future_status::ready; }));
  CHECK(refused.get() == OutcomeKind::unreachable);

  boost::asio::io_context elsewhere;
  std::optional<Outcome> told;
  node.peer("n2").send(note(3), {},
                       boost::asio::bind_executor(elsewhere.get_executor(), [&](Outcome outcome) { told = outcome; }));
  pair.run_for(200ms);
  CHECK_FALSE(told.has_value());
  // The executor was told that work is outstanding, so that it waits for it.
  CHECK(elsewhere.run_one() == 1);
  CHECK(told->delivered());
  pair.rest();
}

HAWSER_STORY("a completion never runs inside the call, even for a refusal", never_inline) {
  pair.begin({{"n1", {}}, {"n2", {}}});
  Ends ends;
  pair.node("n1").peer("n9").send(note(1), {}, ends.sink());
  CHECK(ends.count() == 0);
  pair.node("n1").peer("n2").send(parcel(20u << 20), {}, ends.sink());
  CHECK(ends.count() == 0);
  REQUIRE(pair.run_until([&] { return ends.count() == 2; }));
  pair.rest();
}

HAWSER_STORY("user code sends from completions, handlers and observers, and observers may throw", from_inside) {
  std::vector<std::uint64_t> heard;
  std::uint64_t changes = 0;
  pair.begin({{"n1",
               [&](Node& node) {
                 node.on_peer([&](const PeerHealth& health) {
                   ++changes;
                   if (health.state == PeerState::up) node.peer("n2").try_post(note(1));
                   throw std::runtime_error{"observers may be wrong"};
                 });
                 node.on<Answer>([&](Answer::Reader got) { node.peer("n2").try_post(note(got.getNumber())); });
               }},
              {"n2", [&](Node& node) {
                 node.on<Note>([&](Note::Reader said) {
                   heard.push_back(said.getNumber());
                   if (said.getNumber() < 5) node.peer("n1").try_post(answer(said.getNumber() + 1));
                 });
               }}});
  REQUIRE(pair.run_until([&] { return heard.size() >= 5; }));
  CHECK(heard == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
  CHECK(changes > 0);
  pair.node("n1").peer("n2").send(note(6), {}, [&](Outcome) { pair.node("n1").peer("n2").try_post(note(7)); });
  REQUIRE(pair.run_until([&] { return saw_event(pair, "n1", "task", "exception") && heard.size() == 7; }));
  pair.rest();
}

HAWSER_STORY("ready, sleep, every and post run on the node's time", time_of_the_node) {
  pair.begin({{"n1", {}}, {"n2", {}, {}, true}});
  Node& node = pair.node("n1");
  std::optional<bool> early;
  std::optional<bool> in_time;
  node.ready(100ms, [&](bool all) { early = all; });
  node.ready(30s, [&](bool all) { in_time = all; });
  REQUIRE(pair.run_until([&] { return early.has_value(); }));
  CHECK_FALSE(*early);
  CHECK_FALSE(in_time.has_value());
  pair.start("n2");
  REQUIRE(pair.run_until([&] { return in_time.has_value(); }));
  CHECK(*in_time);

  const Instant before = node.now();
  std::optional<Instant> woken;
  int ticks = 0;
  bool posted = false;
  node.sleep(50ms, [&] { woken = node.now(); });
  node.every(10ms, [&] { return ++ticks < 5; });
  node.post([&] { posted = true; });
  REQUIRE(pair.run_until([&] { return woken.has_value() && ticks == 5; }));
  CHECK(*woken - before >= 50ms);
  CHECK(posted);
  pair.run_for(100ms);
  CHECK(ticks == 5);
  pair.rest();
}

HAWSER_STORY("observers hear of every change of a peer, with its cause", observers) {
  std::vector<PeerState> states;
  std::vector<std::string> kinds;
  pair.begin({{"n1",
               [&](Node& node) {
                 node.on_peer([&](const PeerHealth& health) {
                   if (states.empty() || states.back() != health.state) states.push_back(health.state);
                 });
                 node.on_event([&](const Event& event) { kinds.push_back(std::string{event.kind}); });
               }},
              {"n2", {}}});
  pair.meet();
  pair.stop("n2");
  REQUIRE(pair.run_until([&] { return states.size() == 2; }));
  CHECK(states == std::vector<PeerState>{PeerState::up, PeerState::unreachable});
  CHECK(std::find(kinds.begin(), kinds.end(), "lane") != kinds.end());
  CHECK(std::find(kinds.begin(), kinds.end(), "session") != kinds.end());
  pair.rest();
}
