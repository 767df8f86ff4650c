#include <hawser/resilience/fallback.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>

using namespace std::chrono_literals;
using namespace hawser;

namespace {
constexpr Instant start = instant_from_us(1'000'000);
}

TEST_CASE("a cached value is given with its age, up to the limit and not a microsecond past it") {
  FallbackHandler<std::string> handler;
  handler.cached(30s);
  handler.remember(1, "yesterday", start);
  const auto fresh = handler.answer({1, false, "failed"}, start + 30s);
  CHECK(fresh.value == "yesterday");
  CHECK(fresh.source == FallbackSource::cached);
  CHECK(fresh.age == 30s);
  const auto stale = handler.answer({1, false, "failed"}, start + 30s + 1us);
  CHECK_FALSE(stale.value);
  CHECK(stale.source == FallbackSource::none);
  CHECK(handler.stale() == 1);
  CHECK_FALSE(handler.answer({2, false, "failed"}, start).value);
  // A clock that ran backwards.
  CHECK(handler.answer({1, false, "failed"}, start - 1h).age == 0us);
  CHECK(handler.uses(FallbackSource::cached) == 2);
  CHECK(handler.uses(FallbackSource::none) == 2);
}

TEST_CASE("the chain is asked in its order, past links that have nothing or throw") {
  FallbackHandler<int> handler;
  int asked = 0;
  handler.cached(1s)
      .custom("broken",
              [&](const FallbackRequest&) -> std::optional<int> {
                ++asked;
                throw std::runtime_error("no");
              })
      .custom("replica",
              [&](const FallbackRequest& r) -> std::optional<int> {
                ++asked;
                return r.key == 1 ? std::optional{41} : std::nullopt;
              })
      .default_value(-1);
  const auto replica = handler.answer({1, false, "breaker_open"}, start);
  CHECK(replica.value == 41);
  CHECK(replica.detail == "replica");
  CHECK(handler.answer({2, false, "breaker_open"}, start).value == -1);
  CHECK(handler.answer({2, false, "breaker_open"}, start).source == FallbackSource::standard);
  CHECK(asked == 6);
  handler.remember(2, 7, start);
  CHECK(handler.answer({2, false, "breaker_open"}, start).value == 7);
  CHECK(asked == 6);
  CHECK(handler.uses(FallbackSource::custom) == 1);
  CHECK(handler.uses(FallbackSource::standard) == 2);
}

TEST_CASE("in read-only mode writes are refused with the reason, and reads go on") {
  FallbackHandler<int> handler;
  handler.default_value(5);
  CHECK(handler.answer({1, true, "failed"}, start).value == 5);
  handler.set_read_only("the primary is away");
  const auto write = handler.answer({1, true, "failed"}, start);
  CHECK_FALSE(write.value);
  CHECK(write.source == FallbackSource::read_only);
  CHECK(write.detail == "the primary is away");
  CHECK(handler.answer({1, false, "failed"}, start).value == 5);
  handler.set_writable();
  CHECK(handler.answer({1, true, "failed"}, start).value == 5);
  handler.refuse_failed_writes("writes are never made up");
  CHECK(handler.answer({1, true, "failed"}, start).detail == "writes are never made up");
}

TEST_CASE("the cache is bounded: what was stored longest ago goes first") {
  FallbackHandler<int> handler{2};
  handler.cached(forever);
  handler.remember(1, 1, start);
  handler.remember(2, 2, start);
  handler.remember(1, 10, start);
  handler.remember(3, 3, start);
  CHECK(handler.entries() == 2);
  CHECK(handler.answer({1, false, ""}, start).value == 10);
  CHECK_FALSE(handler.answer({2, false, ""}, start).value);
  FallbackHandler<int> forgetful;
  forgetful.remember(1, 1, start);
  CHECK(forgetful.entries() == 0);
}
