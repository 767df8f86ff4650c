// Requests made on behalf of requests: what is left of the deadline, and what happens when the caller gives up.
#include "pair.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <mutex>
#include <optional>

using namespace hawser;
using namespace hawser::stories;
using boost::asio::bind_cancellation_slot;
using boost::asio::cancellation_signal;
using boost::asio::cancellation_type;

namespace {

// What a handler was told, and whether it heard that nobody waits.
struct Worker {
  int begun = 0;
  int heard = 0;
  std::vector<Duration> left;

  // Works on every `T` until nobody waits for it.
  template <typename T>
  void on(Node& node) {
    node.on<T>([this, &node](Received<T>, const Delivery& from) -> Task<Message<Answer>> {
      ++begun;
      left.push_back(from.remaining());
      while (from.request && !from.cancelled()) co_await node.sleep(5ms);
      heard += from.request ? 1 : 0;
      co_return answer(0);
    });
  }
};

}  // namespace

HAWSER_STORY("what is left of a deadline is passed on, by plain, pool and coroutine handlers", inherited_deadline) {
  Worker third;
  Ends nested;
  std::mutex guard;
  const auto pass_on = [&](Node& node) {
    node.peer("n3").request<Answer>(Message<Other>{}, {.timeout = 60s}, [&](Result<Received<Answer>> result) {
      const std::lock_guard lock{guard};
      nested.all.push_back(result.outcome());
    });
  };
  pair.begin({{"n1", {}},
              {"n2",
               [&](Node& node) {
                 node.on<Note>([&](Note::Reader) {
                   pass_on(node);
                   return answer(1);
                 });
                 node.on<Parcel>(
                     [&](Received<Parcel>) {
                       pass_on(node);
                       return answer(1);
                     },
                     {.run_on = RunOn::pool});
                 node.on<Question>([&](Received<Question>) -> Task<Message<Answer>> {
                   co_await node.sleep(100ms);
                   const Message<Other> asked;
                   auto result = co_await node.peer("n3").request<Answer>(asked, {.timeout = 60s});
                   nested.all.push_back(result.outcome());
                   co_return answer(1);
                 });
               }},
              {"n3", [&](Node& node) {
                 TypePolicy many;
                 many.concurrency = 10;
                 node.policy<Other>(many);
                 third.on<Other>(node);
               }}});
  pair.meet("n1", "n2");
  pair.meet("n2", "n3");
  CHECK(ask<Answer>(pair, "n1", "n2", note(1), {.timeout = 900ms}).ok());
  CHECK(ask<Answer>(pair, "n1", "n2", parcel(8), {.timeout = 900ms}).ok());
  CHECK(same(ask<Answer>(pair, "n1", "n2", question(1), {.timeout = 900ms}).outcome(),
             ended(OutcomeKind::unknown, Cause::deadline)));
  REQUIRE(pair.run_until([&] { return third.heard == 3 && nested.count() == 3; }, 2s));
  for (const Duration left : third.left) CHECK(left <= 900ms);
  CHECK(third.left[2] <= 800ms);  // the coroutine slept first
  for (const Outcome& each : nested.all) CHECK(each == OutcomeKind::unknown);
  pair.rest();
}

HAWSER_STORY("a plain message has no deadline to pass on, nor has work that was started apart from a request",
             not_inherited) {
  Worker third;
  Ends nested;
  const auto told = [&](Result<Received<Answer>> result) { nested.all.push_back(result.outcome()); };
  pair.begin({{"n1", {}},
              {"n2",
               [&](Node& node) {
                 node.on<Note>(
                     [&](Note::Reader) { node.peer("n3").request<Answer>(Message<Other>{}, {.timeout = 3s}, told); });
                 node.on<Question>([&](Received<Question>) -> Task<Message<Answer>> {
                   spawn(node, [&]() -> Task<> {
                     const Message<Other> asked;
                     auto result = co_await node.peer("n3").request<Answer>(asked, {.timeout = 3s});
                     told(std::move(result));
                   });
                   co_return answer(1);
                 });
               }},
              {"n3", [&](Node& node) {
                 TypePolicy many;
                 many.concurrency = 10;
                 node.policy<Other>(many);
                 third.on<Other>(node);
               }}});
  pair.meet("n1", "n2");
  pair.meet("n2", "n3");
  CHECK(send(pair, "n1", "n2", note(1), {.ttl = 500ms}).delivered());
  CHECK(ask<Answer>(pair, "n1", "n2", question(1), {.timeout = 500ms}).ok());
  REQUIRE(pair.run_until([&] { return third.begun == 2; }));
  for (const Duration left : third.left) CHECK(left > 2s);
  REQUIRE(pair.run_until([&] { return nested.count() == 2 && third.heard == 2; }));
  pair.rest();
}

HAWSER_STORY("a deadline may be named, for sends as well; one that has passed is refused at once", named_deadline) {
  std::vector<Duration> left;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Note>(
                                 [&](Note::Reader, const Delivery& from) { left.push_back(from.remaining()); });
                             node.on<Question>([](Question::Reader) { return answer(1); });
                           }}});
  pair.meet();
  Node& node = pair.node("n1");
  CHECK(send(pair, "n1", "n2", note(1), {.ttl = 60s, .deadline = node.now() + 400ms}).delivered());
  CHECK(send(pair, "n1", "n2", note(2), {.ttl = 400ms, .deadline = node.now() + 60s}).delivered());
  REQUIRE(left.size() == 2);
  for (const Duration each : left) CHECK((each > 0s && each <= 400ms));
  const Outcome late = ended(OutcomeKind::expired, Cause::in_queue);
  CHECK(same(node.peer("n2").try_post(note(3), {.deadline = node.now()}), late));
  CHECK(same(send(pair, "n1", "n2", note(3), {.deadline = node.now() - 1s}), late));
  CHECK(same(ask<Answer>(pair, "n1", "n2", question(1), {.deadline = node.now()}).outcome(), late));
  CHECK(left.size() == 2);
  pair.rest();
}

HAWSER_STORY("a request raced against a timer: the loser is cancelled, and so is the work it asked for", raced) {
  using namespace boost::asio::experimental::awaitable_operators;
  Worker second;
  std::optional<std::size_t> slow_winner;
  std::optional<std::size_t> quick_winner;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             second.on<Question>(node);
                             node.on<Note>([](Note::Reader) { return answer(7); });
                           }}});
  pair.meet();
  Node& node = pair.node("n1");
  const Instant began = node.now();
  spawn(node, [&]() -> Task<> {
    Peer peer = node.peer("n2");
    const Message<Question> asked = question(1);
    const auto first = co_await (peer.request<Answer>(asked, {.timeout = 60s}) || node.sleep(100ms));
    slow_winner = first.index();
    // The other way round: the sleep is cut short, or this would take an hour.
    const Message<Note> quick = note(1);
    const auto second_race = co_await (peer.request<Answer>(quick, {.timeout = 60s}) || node.sleep(1h));
    quick_winner = second_race.index();
  });
  REQUIRE(pair.run_until([&] { return quick_winner.has_value(); }, 20s));
  CHECK(slow_winner == 1);
  CHECK(quick_winner == 0);
  CHECK(node.now() - began < 20s);
  REQUIRE(pair.run_until([&] { return second.heard == 1; }, 5s));
  CHECK(node.snapshot().ledger[OutcomeKind::unknown].messages == 1);
  pair.rest();
}

HAWSER_STORY("cancelled unsent it was not handled, cancelled on the way nobody knows, and both are told at once",
             cancelled_sends) {
  Worker busy;
  std::vector<std::uint64_t> heard;
  pair.begin({{"n1", {}},
              {"n2",
               [&](Node& node) {
                 busy.on<Question>(node);
                 node.on<Note>([&](Note::Reader said) { heard.push_back(said.getNumber()); });
               },
               {},
               true}});
  Node& node = pair.node("n1");
  Peer peer = node.peer("n2");
  Ends unsent;
  cancellation_signal signals[6];
  peer.send(note(1), {.ttl = 60s}, bind_cancellation_slot(signals[0].slot(), unsent.sink()));
  peer.send(note(2), {.ttl = 60s}, bind_cancellation_slot(signals[1].slot(), unsent.sink()));
  peer.request<Answer>(question(9), {.timeout = 60s},
                       bind_cancellation_slot(signals[2].slot(), [&](Result<Received<Answer>> result) {
                         unsent.all.push_back(result.outcome());
                       }));
  pair.run_for(20ms);
  signals[0].emit(cancellation_type::total);
  signals[2].emit(cancellation_type::terminal);
  REQUIRE(pair.run_until([&] { return unsent.count() == 2; }, 1s));
  CHECK(unsent.count(OutcomeKind::expired, Cause::cancelled) == 2);
  pair.start("n2");
  REQUIRE(pair.run_until([&] { return unsent.count() == 3; }));
  CHECK(unsent.delivered() == 1);
  CHECK(heard == std::vector<std::uint64_t>{2});
  signals[1].emit(cancellation_type::terminal);  // it has ended: nothing happens

  // One handler works, and one request waits behind it at the peer.
  Ends sent;
  const auto told = [&](Result<Received<Answer>> result) { sent.all.push_back(result.outcome()); };
  peer.request<Answer>(question(1), {.timeout = 60s}, bind_cancellation_slot(signals[3].slot(), told));
  peer.request<Answer>(question(2), {.timeout = 60s}, bind_cancellation_slot(signals[4].slot(), told));
  peer.send(question(3), {.ttl = 60s}, bind_cancellation_slot(signals[5].slot(), sent.sink()));
  REQUIRE(pair.run_until([&] { return busy.begun == 1; }));
  pair.run_for(100ms);
  signals[4].emit(cancellation_type::total);  // it has left: total promises what cannot be kept
  pair.run_for(50ms);
  CHECK(sent.count() == 0);
  signals[4].emit(cancellation_type::terminal);
  signals[5].emit(cancellation_type::terminal);
  signals[3].emit(cancellation_type::terminal);
  REQUIRE(pair.run_until([&] { return sent.count() == 3; }, 1s));
  CHECK(sent.count(OutcomeKind::unknown, Cause::cancelled) == 3);
  // The first is told, the second never begins, and of the message nobody could say that nobody waits.
  REQUIRE(pair.run_until([&] { return busy.heard == 1 && busy.begun == 2; }, 5s));
  CHECK(node.peer("n2").health().breaker.state == "closed");
  pair.rest();
}

HAWSER_STORY("who gives up is heard at the far end of the chain", cancelled_chain) {
  Worker third;
  bool middle_heard = false;
  std::optional<Outcome> middle;
  pair.begin({{"n1", {}},
              {"n2",
               [&](Node& node) {
                 node.on<Question>([&](Received<Question>, const Delivery& from) -> Task<Message<Answer>> {
                   co_await node.sleep(10ms);
                   const Message<Other> asked;
                   auto result = co_await node.peer("n3").request<Answer>(asked, {.timeout = 60s});
                   middle = result.outcome();
                   middle_heard = from.cancelled();
                   co_return answer(1);
                 });
               }},
              {"n3", [&](Node& node) { third.on<Other>(node); }}});
  pair.meet("n1", "n2");
  pair.meet("n2", "n3");
  Ends ends;
  cancellation_signal signal;
  pair.node("n1").peer("n2").request<Answer>(
      question(1), {.timeout = 60s},
      bind_cancellation_slot(signal.slot(), [&](Result<Received<Answer>> r) { ends.all.push_back(r.outcome()); }));
  REQUIRE(pair.run_until([&] { return third.begun == 1; }));
  signal.emit(cancellation_type::terminal);
  REQUIRE(pair.run_until([&] { return third.heard == 1 && middle.has_value() && ends.count() == 1; }, 2s));
  CHECK(same(*middle, ended(OutcomeKind::unknown, Cause::cancelled)));
  CHECK(middle_heard);
  pair.rest();
}

HAWSER_STORY("work for a caller that cannot be reached any more ends with its deadline", caller_gone) {
  Worker second;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) { second.on<Question>(node); }}});
  pair.meet();
  Ends ends;
  pair.node("n1").peer("n2").request<Answer>(
      question(1), {.timeout = 700ms}, [&](Result<Received<Answer>> result) { ends.all.push_back(result.outcome()); });
  REQUIRE(pair.run_until([&] { return second.begun == 1; }));
  pair.cut();
  CHECK(second.heard == 0);
  REQUIRE(pair.run_until([&] { return second.heard == 1; }, 2s));  // no cancellation can have come through
  REQUIRE(pair.run_until([&] { return ends.count() == 1; }, 1s));
  CHECK(ends.count(OutcomeKind::unknown, Cause::deadline) == 1);
  pair.heal();
  pair.meet();
  pair.rest();
}
