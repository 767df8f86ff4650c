// What a message may be, how it is handled, and what its sender is told.
#include "pair.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>

using namespace hawser;
using namespace hawser::stories;

HAWSER_STORY("two nodes greet each other", greet) {
  std::vector<std::string> heard;
  Ends ends;
  const auto app = [&](const NodeId& other) {
    return [&, other](Node& node) {
      node.on<Note>([&](Note::Reader said, const Delivery& from) {
        heard.push_back(from.node.text() + " says " + said.getText().cStr());
        CHECK_FALSE(from.request);
      });
      node.peer(other).send(note(1, "good morning"), {}, ends.sink());
    };
  };
  pair.begin({{"n1", app("n2")}, {"n2", app("n1")}});
  REQUIRE(pair.run_until([&] { return ends.count() == 2; }));
  CHECK(ends.delivered() == 2);
  std::sort(heard.begin(), heard.end());
  CHECK(heard == std::vector<std::string>{"n1 says good morning", "n2 says good morning"});
  pair.rest();
}

HAWSER_STORY("two thousand messages arrive in the order in which they were sent", keep_order) {
  constexpr std::uint64_t count = 2000;
  std::vector<std::uint64_t> heard;
  Ends ends;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Note>([&](Note::Reader said) { heard.push_back(said.getNumber()); });
                           }}});
  pair.meet();
  for (std::uint64_t i = 1; i <= count; ++i) pair.node("n1").peer("n2").send(note(i), {}, ends.sink());
  REQUIRE(pair.run_until([&] { return ends.count() == count; }));
  CHECK(ends.delivered() == count);
  REQUIRE(heard.size() == count);
  CHECK(std::is_sorted(heard.begin(), heard.end()));
  CHECK(heard.front() == 1);
  CHECK(heard.back() == count);
  pair.rest();
}

HAWSER_STORY("a request is answered by a plain handler", ask_and_answer) {
  pair.begin({{"n1", {}}, {"n2", [](Node& node) {
                             node.on<Question>([](Question::Reader asked, const Delivery& from) {
                               CHECK(from.request == (asked.getNumber() == 21));
                               return answer(asked.getNumber() * 2);
                             });
                           }}});
  pair.meet();
  auto result = ask<Answer>(pair, "n1", "n2", question(21));
  REQUIRE(result.ok());
  CHECK((*result)->getNumber() == 42);
  // Sent as a message it is handled as well; nobody wants the answer.
  CHECK(send(pair, "n1", "n2", question(1)).delivered());
  pair.rest();
}

HAWSER_STORY("a handler that throws has refused, and the next message is handled", throw_and_go_on) {
  int handled = 0;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Note>([&](Note::Reader said) {
                               if (said.getNumber() == 1) throw std::runtime_error{"out of ink"};
                               ++handled;
                             });
                             node.on<Question>(
                                 [](Question::Reader) -> Message<Answer> { throw std::runtime_error{"no idea"}; });
                           }}});
  pair.meet();
  CHECK(same(send(pair, "n1", "n2", note(1)), ended(OutcomeKind::refused, Cause::handler_threw)));
  CHECK(send(pair, "n1", "n2", note(2)).delivered());
  CHECK(handled == 1);
  CHECK(same(ask<Answer>(pair, "n1", "n2", question(1)).outcome(), ended(OutcomeKind::refused, Cause::handler_threw)));
  pair.rest();
}

HAWSER_STORY("a type without a handler is unhandled, a request to a handler without answer is refused", not_for_us) {
  pair.begin({{"n1", {}}, {"n2", [](Node& node) { node.on<Question>([](Question::Reader) {}); }}});
  pair.meet();
  CHECK(same(send(pair, "n1", "n2", note(1)), ended(OutcomeKind::unhandled)));
  CHECK(same(ask<Answer>(pair, "n1", "n2", note(1)).outcome(), ended(OutcomeKind::unhandled)));
  CHECK(same(ask<Answer>(pair, "n1", "n2", question(1)).outcome(), ended(OutcomeKind::refused, Cause::no_reply)));
  CHECK(send(pair, "n1", "n2", question(1)).delivered());
  pair.rest();
}

HAWSER_STORY("a node sends to itself under the same rules", talk_to_oneself) {
  std::vector<std::uint64_t> heard;
  pair.begin({{"n1",
               [&](Node& node) {
                 node.on<Note>([&](Note::Reader said, const Delivery& from) {
                   CHECK(from.node == NodeId{"n1"});
                   if (said.getNumber() == 0) throw std::runtime_error{"no"};
                   heard.push_back(said.getNumber());
                 });
                 node.on<Question>([](Question::Reader asked) { return answer(asked.getNumber() + 1); });
               }},
              {"n2", {}}});
  for (std::uint64_t i = 1; i <= 3; ++i) CHECK(send(pair, "n1", "n1", note(i)).delivered());
  CHECK(heard == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(same(send(pair, "n1", "n1", note(0)), ended(OutcomeKind::refused, Cause::handler_threw)));
  CHECK(same(send(pair, "n1", "n1", parcel(1)), ended(OutcomeKind::unhandled)));
  auto result = ask<Answer>(pair, "n1", "n1", question(1));
  REQUIRE(result.ok());
  CHECK((*result)->getNumber() == 2);
  CHECK(same(send(pair, "n1", "n1", parcel(17u << 20)), ended(OutcomeKind::too_large)));
  // Bigger than a channel's share: it borrows, is granted, and is cut into pieces, without a socket.
  pair.node("n1").on<Parcel>([&](Parcel::Reader got) { heard.push_back(got.getBytes().size()); });
  CHECK(send(pair, "n1", "n1", parcel(3u << 20)).delivered());
  CHECK(heard.back() == 3u << 20);
  pair.rest();
}

HAWSER_STORY("nobody of that name: unreachable at once, on every path", unknown_peer) {
  pair.begin({{"n1", {}}, {"n2", {}}});
  const Outcome nobody = ended(OutcomeKind::unreachable, Cause::unknown_peer);
  CHECK(same(send(pair, "n1", "n9", note(1)), nobody));
  CHECK(same(ask<Answer>(pair, "n1", "n9", question(1)).outcome(), nobody));
  CHECK(same(pair.node("n1").peer("n9").try_post(note(1)), nobody));
  CHECK_FALSE(pair.node("n1").peer("n9").known());
  CHECK(pair.node("n1").peer("n9").health().state == PeerState::unreachable);
  CHECK(pair.node("n1").snapshot().ledger[OutcomeKind::unreachable].messages == 3);
  pair.rest();
}

HAWSER_STORY("a coroutine answers after a while, and others are not kept waiting", coroutine_handlers) {
  std::vector<std::uint64_t> order;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Question>([&](Received<Question> asked) -> Task<Message<Answer>> {
                               co_await node.sleep(50ms);
                               order.push_back(asked->getNumber());
                               co_return answer(asked->getNumber() + 1);
                             });
                             node.on<Note>([&](Note::Reader said) { order.push_back(said.getNumber()); });
                             node.on<Other>([&](Received<Other>) -> Task<> {
                               co_await node.sleep(1ms);
                               throw std::runtime_error{"too late to say"};
                             });
                           }}});
  pair.meet();
  std::vector<std::uint64_t> answers;
  for (std::uint64_t i = 1; i <= 2; ++i) {
    pair.node("n1").peer("n2").request<Answer>(question(i), {}, [&](Result<Received<Answer>> result) {
      REQUIRE(result.ok());
      answers.push_back((*result)->getNumber());
    });
  }
  CHECK(send(pair, "n1", "n2", note(100)).delivered());
  REQUIRE(pair.run_until([&] { return answers.size() == 2; }));
  CHECK(answers == std::vector<std::uint64_t>{2, 3});
  CHECK(order == std::vector<std::uint64_t>{100, 1, 2});
  // A message's verdict is fixed when its coroutine starts; a request hears of the failure.
  CHECK(send(pair, "n1", "n2", Message<Other>{}).delivered());
  CHECK(same(ask<Answer>(pair, "n1", "n2", Message<Other>{}).outcome(),
             ended(OutcomeKind::refused, Cause::handler_threw)));
  pair.rest();
}

HAWSER_STORY("a handler on the pool owns its message and answers", pool_handlers) {
  pair.begin(
      {{"n1", {}}, {"n2", [&](Node& node) {
                      node.on<Question>([](Received<Question> asked) { return answer(asked->getNumber() + 1); },
                                        {.run_on = RunOn::pool});
                      node.on<Parcel>(
                          [](Received<Parcel> got) { return answer(got->getBytes().size() + got->getBytes()[1]); },
                          {.run_on = RunOn::pool});
                    }}});
  pair.meet();
  std::vector<std::uint64_t> answers;
  for (std::uint64_t i = 0; i < 100; ++i) {
    pair.node("n1").peer("n2").request<Answer>(question(i), {}, [&](Result<Received<Answer>> result) {
      REQUIRE(result.ok());
      answers.push_back((*result)->getNumber());
    });
  }
  REQUIRE(pair.run_until([&] { return answers.size() == 100; }));
  CHECK(std::is_sorted(answers.begin(), answers.end()));
  auto large = ask<Answer>(pair, "n1", "n2", parcel(100'000));
  REQUIRE(large.ok());
  CHECK((*large)->getNumber() == 100'008);
  pair.rest();
}

HAWSER_STORY("concurrency: so many handlers of a type at a time, never more", concurrency) {
  int running = 0;
  int most = 0;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             TypePolicy policy;
                             policy.concurrency = 3;
                             node.policy<Note>(policy);
                             node.on<Note>([&](Received<Note>) -> Task<> {
                               most = std::max(most, ++running);
                               co_await node.sleep(5ms);
                               --running;
                             });
                           }}});
  pair.meet();
  Ends ends;
  for (std::uint64_t i = 0; i < 20; ++i) pair.node("n1").peer("n2").send(note(i), {}, ends.sink());
  REQUIRE(pair.run_until([&] { return ends.count() == 20 && running == 0; }));
  CHECK(ends.delivered() == 20);
  CHECK(most == 3);
  pair.rest();
}

HAWSER_STORY("a broadcast that is given up ends everywhere: where it has left as unknown, where it waits as expired",
             broadcast_given_up) {
  pair.begin({{"n1", {}}, {"n2", {}}, {"n3", {}, {}, true}});
  pair.meet("n1", "n2");
  Ends first;
  pair.node("n1").peer("n2").send(note(0), {}, first.sink());  // its lane is open, so that the next one leaves
  REQUIRE(pair.run_until([&] { return first.count() == 1; }));
  pair.jam();
  boost::asio::cancellation_signal signal;
  std::vector<PeerOutcome> rows;
  pair.node("n1").broadcast(
      note(1), {.ttl = 60s},
      boost::asio::bind_cancellation_slot(signal.slot(), [&](std::vector<PeerOutcome> all) { rows = std::move(all); }));
  pair.run_for(100ms);
  REQUIRE(rows.empty());
  signal.emit(boost::asio::cancellation_type::terminal);
  REQUIRE(pair.run_until([&] { return !rows.empty(); }));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].outcome == OutcomeKind::unknown);
  CHECK(rows[0].outcome.cause == Cause::cancelled);
  CHECK(rows[1].outcome == OutcomeKind::expired);
  CHECK(rows[1].outcome.cause == Cause::cancelled);
}

HAWSER_STORY("who waits until all are up may give up waiting", ready_given_up) {
  pair.begin({{"n1", {}}, {"n2", {}, {}, true}});
  boost::asio::cancellation_signal signal;
  std::optional<bool> ready;
  std::optional<bool> other;
  pair.node("n1").ready(60s, boost::asio::bind_cancellation_slot(signal.slot(), [&](bool all) { ready = all; }));
  pair.node("n1").ready(60s, [&](bool all) { other = all; });
  pair.run_for(50ms);
  REQUIRE_FALSE(ready);
  signal.emit(boost::asio::cancellation_type::terminal);
  REQUIRE(pair.run_until([&] { return ready.has_value(); }));
  CHECK_FALSE(*ready);
  CHECK_FALSE(other);
}

HAWSER_STORY("a broadcast ends once per peer, in the order of their ids", broadcast) {
  std::vector<std::string> heard;
  const auto listener = [&](Node& node) {
    node.on<Note>([&, id = node.id()](Note::Reader) { heard.push_back(id.text()); });
  };
  pair.begin({{"n1", listener}, {"n2", listener}, {"n3", {}}});
  pair.meet("n1", "n2");
  pair.meet("n1", "n3");
  std::vector<PeerOutcome> rows;
  pair.node("n1").broadcast(note(1), {}, [&](std::vector<PeerOutcome> all) { rows = std::move(all); });
  REQUIRE(pair.run_until([&] { return !rows.empty(); }));
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].peer == NodeId{"n2"});
  CHECK(rows[0].outcome.delivered());
  CHECK(rows[1].peer == NodeId{"n3"});
  CHECK(rows[1].outcome == OutcomeKind::unhandled);
  CHECK(heard == std::vector<std::string>{"n2"});
  pair.rest();
}
