#include <hawser/resilience/backoff.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

using namespace std::chrono_literals;
using hawser::Backoff;
using hawser::BackoffConfig;
using hawser::Duration;
using hawser::Jitter;
using hawser::Random;

TEST_CASE("without jitter the delays double from the base to the cap and stay there") {
  Random random{1};
  Backoff backoff{{.base = 100ms, .cap = 1s, .jitter = Jitter::none}};
  std::vector<Duration> delays;
  for (int i = 0; i < 6; ++i) delays.push_back(backoff.next(random));
  CHECK(delays == std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1s, 1s});
  CHECK(backoff.attempts() == 6);
  backoff.reset();
  CHECK(backoff.attempts() == 0);
  CHECK(backoff.ceiling() == 100ms);
  CHECK(backoff.next(random) == 100ms);
}

TEST_CASE("every jitter keeps delay n within zero and min(cap, base x factor^n)") {
  const auto jitter = GENERATE(Jitter::none, Jitter::full, Jitter::equal, Jitter::decorrelated);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random{seed};
    Backoff backoff{{.base = 70ms, .factor_permille = 1700, .cap = 20s, .jitter = jitter}};
    std::int64_t ceiling = 70'000;
    for (int n = 0; n < 40; ++n) {
      REQUIRE(backoff.ceiling() == Duration{std::min<std::int64_t>(ceiling, 20'000'000)});
      const Duration promised = backoff.ceiling();
      const Duration delay = backoff.next(random);
      REQUIRE(delay >= 0us);
      REQUIRE(delay <= promised);
      if (jitter == Jitter::equal) REQUIRE(delay >= promised / 2);
      if (ceiling < 1'000'000'000) ceiling = ceiling * 1700 / 1000;
    }
  }
}

TEST_CASE("full jitter spreads a thousand diallers evenly, so that a heal meets no herd") {
  std::vector<int> tenths(10);
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    Random random{seed};
    Backoff backoff{{.base = 1s, .cap = 1s}};
    ++tenths[static_cast<std::size_t>(std::min<std::int64_t>(9, backoff.next(random).count() / 100'000))];
  }
  for (int in_tenth : tenths) {
    CHECK(in_tenth > 65);
    CHECK(in_tenth < 140);
  }
}

TEST_CASE("a million failures overflow nothing, even with the largest durations") {
  Random random{2};
  Backoff backoff{{.base = hawser::forever / 2, .factor_permille = 100'000, .cap = hawser::forever}};
  for (int i = 0; i < 1'000'000; ++i) REQUIRE(backoff.next(random) >= 0us);
  CHECK(backoff.ceiling() == hawser::forever);
}

TEST_CASE("a cap may change in the middle of a silence, both ways, and growth goes on from the old one") {
  Random random{3};
  Backoff backoff{{.base = 100ms, .cap = 1s, .jitter = Jitter::none}};
  for (int i = 0; i < 8; ++i) backoff.next(random);
  CHECK(backoff.ceiling() == 1s);
  backoff.set_cap(60s);
  CHECK(backoff.ceiling() == 1s);
  CHECK(backoff.next(random) == 1s);
  CHECK(backoff.next(random) == 2s);
  CHECK(backoff.attempts() == 10);
  backoff.set_cap(50ms);
  CHECK(backoff.next(random) == 50ms);
}

TEST_CASE("a base of zero retries at once for ever, and a cap below the base wins") {
  Random random{4};
  Backoff eager{{.base = 0us}};
  for (int i = 0; i < 100; ++i) REQUIRE(eager.next(random) == 0us);
  Backoff capped{{.base = 1s, .cap = 10ms, .jitter = Jitter::none}};
  CHECK(capped.next(random) == 10ms);
}

TEST_CASE("equal seeds give equal delays") {
  Random one{9};
  Random two{9};
  Backoff a{{.jitter = Jitter::decorrelated}};
  Backoff b{{.jitter = Jitter::decorrelated}};
  for (int i = 0; i < 100; ++i) REQUIRE(a.next(one) == b.next(two));
}
