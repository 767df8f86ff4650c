// Requests that are made again: when it helps, when it may be done, and never for ever.
#include <hawser/interconnect/request_retries.hpp>
#include "pair.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <optional>
#include <stdexcept>

using namespace hawser;
using namespace hawser::stories;

namespace {

// How one request ended; its number when it was answered.
struct Asked {
  std::optional<Outcome> end;
  std::uint64_t number = 0;

  auto sink() {
    return [this](Result<Received<Answer>> result) {
      end = result.outcome();
      if (result) number = (*result)->getNumber();
    };
  }
};

RetryConfig soon(std::uint32_t attempts) {
  RetryConfig config;
  config.attempts_max = attempts;
  config.backoff = {Duration{5'000}, 1000, Duration{5'000}, Jitter::none};
  return config;
}

// Fails so many times, then answers with the number of the question.
struct Moody {
  int failures = 0;
  int begun = 0;

  void on(Node& node) {
    node.on<Question>([this](Question::Reader asked) {
      if (++begun <= failures) throw std::runtime_error("not today");
      return answer(asked.getNumber());
    });
  }
};

void may_repeat(Node& node) {
  TypePolicy policy;
  policy.idempotent = true;
  policy.concurrency = 4;
  node.policy<Question>(policy);
}

}  // namespace

HAWSER_STORY("a request that may have been handled is made again only where its type says that it may",
             retries_idempotent) {
  Moody moody;
  moody.failures = 2;
  pair.begin({{"n1"}, {"n2", [&](Node& node) { moody.on(node); }}});
  pair.meet();
  RequestRetries retries{soon(3)};

  Asked once;
  pair.node("n1").peer("n2").request<Answer>(question(7), {.retries = &retries}, once.sink());
  REQUIRE(pair.run_until([&] { return once.end.has_value(); }));
  CHECK(same(*once.end, ended(OutcomeKind::refused, Cause::handler_threw)));
  CHECK(moody.begun == 1);
  CHECK(retries.stops(RetryStop::not_repeatable) == 1);

  moody.begun = 0;
  may_repeat(pair.node("n1"));
  Asked again;
  pair.node("n1").peer("n2").request<Answer>(question(8), {.retries = &retries}, again.sink());
  REQUIRE(pair.run_until([&] { return again.end.has_value(); }));
  CHECK(again.end->delivered());
  CHECK(again.number == 8);
  CHECK(moody.begun == 3);
  CHECK(retries.retries() == 2);

  // All attempts spent: the end is that of the last one.
  moody.begun = 0;
  moody.failures = 9;
  Asked never;
  pair.node("n1").peer("n2").request<Answer>(question(9), {.retries = &retries}, never.sink());
  REQUIRE(pair.run_until([&] { return never.end.has_value(); }));
  CHECK(same(*never.end, ended(OutcomeKind::refused, Cause::handler_threw)));
  CHECK(moody.begun == 3);
  pair.rest();
}

HAWSER_STORY("an attempt that hangs is given up after its time, and the next one answers within the deadline",
             retries_hanging) {
  int begun = 0;
  int heard = 0;
  pair.begin({{"n1"}, {"n2", [&](Node& node) {
                         may_repeat(node);
                         node.on<Question>([&](Received<Question>, const Delivery& from) -> Task<Message<Answer>> {
                           const int mine = ++begun;
                           while (mine == 1 && !from.cancelled()) co_await node.sleep(5ms);
                           heard += mine == 1 ? 1 : 0;
                           co_return answer(static_cast<std::uint64_t>(mine));
                         });
                       }}});
  pair.meet();
  may_repeat(pair.node("n1"));
  TimeoutConfig attempt;
  attempt.initial = attempt.timeout_min = attempt.timeout_max = 300ms;
  attempt.margin = 0us;
  RequestRetries retries{soon(2), attempt};
  Asked asked;
  const Instant from = pair.time();
  pair.node("n1").peer("n2").request<Answer>(question(1), {.timeout = 20s, .retries = &retries}, asked.sink());
  REQUIRE(pair.run_until([&] { return asked.end.has_value(); }));
  CHECK(asked.end->delivered());
  CHECK(asked.number == 2);
  CHECK(pair.time() - from >= 300ms);
  CHECK(retries.retries() == 1);
  // The work of the first attempt was told that nobody waits.
  CHECK(pair.run_until([&] { return heard == 1; }));
  pair.rest();
}

HAWSER_STORY("a request that waits to be made again can be given up, and a node that stops ends it", retries_given_up) {
  Moody moody;
  moody.failures = 100;
  pair.begin({{"n1"}, {"n2", [&](Node& node) { moody.on(node); }}});
  pair.meet();
  may_repeat(pair.node("n1"));
  RetryConfig late = soon(3);
  late.backoff = {Duration{60'000'000}, 1000, Duration{60'000'000}, Jitter::none};
  RequestRetries retries{late, std::nullopt};
  boost::asio::cancellation_signal cancel;
  Asked asked;
  Asked stopped;
  const RequestOptions patient{.timeout = 300s, .retries = &retries};
  pair.node("n1").peer("n2").request<Answer>(question(1), patient,
                                             boost::asio::bind_cancellation_slot(cancel.slot(), asked.sink()));
  pair.node("n1").peer("n2").request<Answer>(question(2), patient, stopped.sink());
  REQUIRE(pair.run_until([&] { return retries.retries() == 2; }));
  CHECK_FALSE(asked.end);
  cancel.emit(boost::asio::cancellation_type::terminal);
  REQUIRE(pair.run_until([&] { return asked.end.has_value(); }));
  CHECK(same(*asked.end, ended(OutcomeKind::expired, Cause::cancelled)));
  CHECK_FALSE(stopped.end);
  pair.stop("n1");
  REQUIRE(pair.run_until([&] { return stopped.end.has_value(); }));
  CHECK(same(*stopped.end, ended(OutcomeKind::closed, Cause::stopping)));
  CHECK(moody.begun == 2);
}

HAWSER_STORY("a request of a handler that is given up is not made again, whether it waits or is under way",
             retries_nested) {
  Moody moody;
  moody.failures = 1;  // then it answers, if it is asked again
  RetryConfig late = soon(3);
  late.backoff = {Duration{60'000'000}, 1000, Duration{60'000'000}, Jitter::none};
  RequestRetries waiting{late, std::nullopt};
  RequestRetries hanging{soon(3), std::nullopt};
  Asked waits;
  Asked hangs;
  int attempts = 0;
  const auto middle = [&](Node& node) {
    node.on<Question>([&](Received<Question> asked) -> Task<Message<Answer>> {
      may_repeat(node);
      const bool first = asked->getNumber() == 1;
      node.peer(first ? "n3" : "n4")
          .request<Answer>(question(asked->getNumber()), {.timeout = 300s, .retries = first ? &waiting : &hanging},
                           first ? waits.sink() : hangs.sink());
      co_await node.sleep(300s);
      co_return answer(0);
    });
  };
  const auto fails_then_hangs = [&](Node& node) {
    node.on<Question>([&](Received<Question>, const Delivery& from) -> Task<Message<Answer>> {
      if (++attempts == 1) throw std::runtime_error("not today");
      while (!from.cancelled()) co_await node.sleep(5ms);
      co_return answer(0);
    });
  };
  pair.begin(
      {{"n1", may_repeat}, {"n2", middle}, {"n3", [&](Node& node) { moody.on(node); }}, {"n4", fails_then_hangs}});
  pair.meet("n1", "n2");
  pair.meet("n2", "n3");
  pair.meet("n2", "n4");
  for (const std::uint64_t number : {1, 2}) {
    boost::asio::cancellation_signal cancel;
    Asked asked;
    pair.node("n1").peer("n2").request<Answer>(question(number), {.timeout = 300s},
                                               boost::asio::bind_cancellation_slot(cancel.slot(), asked.sink()));
    REQUIRE(pair.run_until([&] { return number == 1 ? waiting.retries() == 1 : attempts == 2; }));
    Asked& nested = number == 1 ? waits : hangs;
    CHECK_FALSE(nested.end);
    cancel.emit(boost::asio::cancellation_type::terminal);
    REQUIRE(pair.run_until([&] { return nested.end.has_value(); }, 20s));
    CHECK(nested.end->cause == Cause::cancelled);
  }
  CHECK(moody.begun == 1);
  CHECK(attempts == 2);
}

HAWSER_STORY("what no handler can have seen is made again whatever its type, and a budget bounds it all",
             retries_budget) {
  pair.begin({{"n1"}, {"n2", [](Node& node) {
                         node.on<Question>([](Question::Reader asked) { return answer(asked.getNumber()); });
                       }}});
  pair.meet();
  pair.cut();
  const auto unreachable = [&] { return pair.node("n1").peer("n2").health().state == PeerState::unreachable; };
  REQUIRE(pair.run_until(unreachable));
  RetryConfig config = soon(2);
  config.budget.tokens_initial = 2;
  config.budget.floor_per_second = 0;
  config.budget.share_permille = 100;
  RequestRetries retries{config};
  int ends = 0;
  for (int i = 0; i < 10; ++i) {
    pair.node("n1").peer("n2").request<Answer>(question(1), {.timeout = 5s, .retries = &retries},
                                               [&](const Result<Received<Answer>>&) { ++ends; });
  }
  REQUIRE(pair.run_until([&] { return ends == 10; }));
  // Two saved, and a tenth of ten.
  CHECK(retries.retries() + retries.stops(RetryStop::budget_empty) + retries.stops(RetryStop::deadline) +
            retries.stops(RetryStop::breaker_open) + retries.stops(RetryStop::attempts_spent) >=
        10);
  CHECK(retries.retries() <= 3);
  pair.heal();
  pair.meet();
  pair.rest();
}

TEST_CASE("retries that contradict themselves are refused, and outcomes say what they mean") {
  RetryConfig wrong;
  wrong.attempts_max = 0;
  CHECK_THROWS_AS(RequestRetries{wrong}, std::invalid_argument);
  TimeoutConfig timeout;
  timeout.timeout_min = 11s;
  CHECK_THROWS_WITH((RequestRetries{RetryConfig{}, timeout}), Catch::Contains("timeout_max"));

  const auto of = [](OutcomeKind kind, Cause cause, bool idempotent) {
    return attempt_result({kind, cause, {}}, idempotent);
  };
  CHECK(of(OutcomeKind::delivered, Cause::none, false).end == AttemptEnd::success);
  CHECK(of(OutcomeKind::unreachable, Cause::silent, false).end == AttemptEnd::failure);
  CHECK(of(OutcomeKind::unreachable, Cause::silent, false).repeatable);
  CHECK(of(OutcomeKind::unreachable, Cause::unknown_peer, true).end == AttemptEnd::ignored);
  CHECK(of(OutcomeKind::unknown, Cause::deadline, false).end == AttemptEnd::timeout);
  CHECK_FALSE(of(OutcomeKind::unknown, Cause::deadline, false).repeatable);
  CHECK(of(OutcomeKind::unknown, Cause::deadline, true).repeatable);
  CHECK(of(OutcomeKind::unknown, Cause::cancelled, true).end == AttemptEnd::ignored);
  CHECK(of(OutcomeKind::overloaded, Cause::intake, true).end == AttemptEnd::overloaded);
  CHECK(of(OutcomeKind::queue_full, Cause::channel_bytes, true).end == AttemptEnd::overloaded);
  CHECK(of(OutcomeKind::refused, Cause::malformed, true).end == AttemptEnd::ignored);
  CHECK(of(OutcomeKind::too_large, Cause::none, true).end == AttemptEnd::ignored);
  CHECK(of(OutcomeKind::closed, Cause::stopping, true).end == AttemptEnd::ignored);
}
