#include <hawser/resilience/retry_policy.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace hawser;

namespace {

constexpr Instant start = instant_from_us(1'000'000);
constexpr AttemptResult failed{AttemptEnd::failure, true, std::nullopt};

RetryConfig plain() {
  RetryConfig config;
  config.attempts_max = 4;
  config.backoff = {10ms, 2000, 1s, Jitter::none};
  return config;
}

RetryStop stop_of(const AttemptResult& result, Instant deadline = never, Instant breaker = Instant{}) {
  RetryPolicy policy{plain(), 1, start};
  auto call = policy.begin();
  return policy.after(call, result, start, start + 1ms, deadline, breaker).stop;
}

}  // namespace

TEST_CASE("attempts are spaced from the start of the failed one, doubled, and end") {
  RetryPolicy policy{plain(), 1, start};
  auto call = policy.begin();
  CHECK(policy.after(call, failed, start, start + 3ms) == RetryDecision{RetryStop::none, start + 10ms});
  CHECK(policy.after(call, failed, start + 10ms, start + 12ms) == RetryDecision{RetryStop::none, start + 30ms});
  // Slower than the delay: at once.
  CHECK(policy.after(call, failed, start + 30ms, start + 500ms) == RetryDecision{RetryStop::none, start + 500ms});
  CHECK(policy.after(call, failed, start + 500ms, start + 501ms).stop == RetryStop::attempts_spent);
  CHECK(call.attempts == 4);
  CHECK(policy.retries() == 3);
}

TEST_CASE("only what is worth repeating and may be repeated is") {
  CHECK(stop_of({AttemptEnd::success, true, std::nullopt}) == RetryStop::succeeded);
  CHECK(stop_of({AttemptEnd::ignored, true, std::nullopt}) == RetryStop::not_retriable);
  CHECK(stop_of({AttemptEnd::failure, false, std::nullopt}) == RetryStop::not_repeatable);
  CHECK(stop_of({AttemptEnd::timeout, true, std::nullopt}) == RetryStop::none);
  CHECK(stop_of({AttemptEnd::overloaded, true, std::nullopt}) == RetryStop::pushed_back);
  CHECK(stop_of({AttemptEnd::overloaded, true, 20ms}) == RetryStop::none);
  CHECK(stop_of({AttemptEnd::failure, true, -1us}) == RetryStop::pushed_back);
  CHECK(stop_of({AttemptEnd::failure, true, 30s}) == RetryStop::none);
  CHECK(stop_of({AttemptEnd::failure, true, 30s + 1us}) == RetryStop::pushed_back);
  RetryPolicy picky{plain(), 1, start, [](const AttemptResult& r) { return r.end == AttemptEnd::timeout; }};
  auto call = picky.begin();
  CHECK(picky.after(call, failed, start, start).stop == RetryStop::not_retriable);
  CHECK(picky.after(call, {AttemptEnd::timeout, true, std::nullopt}, start, start).retries());
}

TEST_CASE("push-back lengthens a delay and never shortens it") {
  RetryPolicy policy{plain(), 1, start};
  auto call = policy.begin();
  CHECK(policy.after(call, {AttemptEnd::failure, true, 1ms}, start, start).at == start + 10ms);
  CHECK(policy.after(call, {AttemptEnd::failure, true, 5s}, start, start).at == start + 5s);
}

TEST_CASE("no retry that could not end before the deadline, and the last microsecond counts") {
  CHECK(stop_of(failed, start + 11ms) == RetryStop::none);
  CHECK(stop_of(failed, start + 10'999us) == RetryStop::deadline);
  CHECK(stop_of(failed, start) == RetryStop::deadline);
}

TEST_CASE("the breaker is asked for the time of the retry, not for now") {
  CHECK(stop_of(failed, never, start + 10ms) == RetryStop::none);
  CHECK(stop_of(failed, never, start + 10ms + 1us) == RetryStop::breaker_open);
  CHECK(stop_of(failed, never, never) == RetryStop::breaker_open);
}

TEST_CASE("when nothing works, retries are a tenth of the calls and not three times as many") {
  RetryPolicy policy{plain(), 1, start};
  Instant now = start;
  for (int i = 0; i < 10'000; ++i, now += 1ms) {
    auto call = policy.begin();
    Instant began = now;
    for (auto next = policy.after(call, failed, began, began); next.retries();
         next = policy.after(call, failed, began, began))
      began = next.at;
  }
  // 10 saved, 10 s of floor and the first second's, 1000 by share.
  CHECK(policy.retries() <= 1'021);
  CHECK(policy.retries() >= 1'000);
  CHECK(policy.stops(RetryStop::budget_empty) > 0);
  policy.refund();
  CHECK(policy.budget().available(now));
}

TEST_CASE("an observing policy decides, counts and does not retry; one without a budget pays nothing") {
  RetryConfig config = plain();
  config.observe_only = true;
  RetryPolicy policy{config, 1, start};
  auto call = policy.begin();
  CHECK(policy.after(call, failed, start, start).stop == RetryStop::observe_only);
  CHECK(policy.retries() == 0);
  config.observe_only = config.budgeted = false;
  RetryPolicy rich{config, 1, start};
  for (int i = 0; i < 1'000; ++i) {
    auto each = rich.begin();
    REQUIRE(rich.after(each, failed, start, start).retries());
  }
}
