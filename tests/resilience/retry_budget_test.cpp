#include <hawser/base/random.hpp>
#include <hawser/resilience/retry_budget.hpp>

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using hawser::Duration;
using hawser::Instant;
using hawser::instant_from_us;
using hawser::RetryBudget;

namespace {
constexpr Instant start = instant_from_us(1'000'000);
}

TEST_CASE("ten attempts at a tenth each buy exactly one retry, as often as one tries") {
  RetryBudget budget{{.tokens_initial = 0, .floor_per_second = 0}, start};
  for (int round = 0; round < 1'000; ++round) {
    for (int i = 0; i < 9; ++i) budget.deposit();
    REQUIRE_FALSE(budget.withdraw(start));
    budget.deposit();
    REQUIRE(budget.available(start));
    REQUIRE(budget.withdraw(start));
    REQUIRE_FALSE(budget.available(start));
  }
  CHECK(budget.granted() == 1'000);
  CHECK(budget.denied() == 1'000);
}

TEST_CASE("a quiet caller may retry at its floor, which is not saved up beyond a second") {
  RetryBudget budget{{.tokens_initial = 0, .floor_per_second = 2}, start};
  int granted = 0;
  for (int i = 0; i < 10; ++i) granted += budget.withdraw(start) ? 1 : 0;
  CHECK(granted == 2);
  CHECK_FALSE(budget.withdraw(start + 499'999us));
  CHECK(budget.withdraw(start + 500ms));
  granted = 0;
  for (int i = 0; i < 10; ++i) granted += budget.withdraw(start + 1h) ? 1 : 0;
  CHECK(granted == 2);
  CHECK_FALSE(budget.withdraw(start));
  CHECK(budget.withdraw(hawser::never));
}

TEST_CASE("savings are bounded, and a refund gives back no more than fits") {
  RetryBudget budget{{.share_permille = 1000, .tokens_max = 3, .tokens_initial = 3, .floor_per_second = 0}, start};
  for (int i = 0; i < 100; ++i) budget.deposit();
  budget.refund();
  CHECK(budget.millitokens() == 3'000);
  CHECK(budget.withdraw(start));
  budget.refund();
  CHECK(budget.millitokens() == 3'000);
}

TEST_CASE("over any span, retries stay within savings, the share of attempts and the floor") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    hawser::Random random{seed};
    RetryBudget budget{{}, start};
    Instant now = start;
    std::uint64_t attempts = 0;
    for (int i = 0; i < 5'000; ++i) {
      now += Duration{random.between(std::int64_t{0}, std::int64_t{20'000})};
      if (random.chance(300'000)) {
        budget.deposit();
        ++attempts;
      } else {
        budget.withdraw(now);
      }
      const auto us = static_cast<std::uint64_t>((now - start).count());
      REQUIRE(budget.granted() * 1'000'000 <= 10'000'000 + attempts * 100'000 + us + 1'000'000);
    }
    REQUIRE(budget.granted() > attempts / 10);
  }
}
