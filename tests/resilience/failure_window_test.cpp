#include <hawser/base/random.hpp>
#include <hawser/resilience/failure_window.hpp>

#include <catch2/catch.hpp>

#include <deque>

using namespace std::chrono_literals;
using hawser::CountWindow;
using hawser::Duration;
using hawser::instant_from_us;
using hawser::TimeWindow;
using hawser::WindowCounts;

TEST_CASE("a count window knows exactly the last calls, and forgets the older one by one") {
  hawser::Random random{1};
  CountWindow window{37};
  std::deque<std::pair<bool, bool>> model;
  for (int i = 0; i < 2'000; ++i) {
    const bool failed = random.chance(300'000);
    const bool slow = random.chance(200'000);
    window.add(failed, slow);
    model.emplace_back(failed, slow);
    if (model.size() > 37) model.pop_front();
    WindowCounts expected{model.size(), 0, 0};
    for (const auto& [f, s] : model) {
      expected.failures += f ? 1 : 0;
      expected.slow += s ? 1 : 0;
    }
    REQUIRE(window.counts() == expected);
  }
  window.clear();
  CHECK(window.counts() == WindowCounts{});
  window.add(true, false);
  CHECK(window.counts() == WindowCounts{1, 1, 0});
}

TEST_CASE("a time window forgets what is older than its length, and keeps what is younger by a bucket") {
  hawser::Random random{2};
  TimeWindow window{10s, 10};
  std::deque<std::pair<std::int64_t, WindowCounts>> model;
  std::int64_t now = -30'000'000;
  for (int i = 0; i < 5'000; ++i) {
    now += random.between(std::int64_t{0}, std::int64_t{400'000});
    if (random.below(200) == 0) now += 25'000'000;
    const WindowCounts some{random.below(5), random.below(3), random.below(2)};
    window.add(instant_from_us(now), some);
    model.emplace_back(now, some);
    WindowCounts least;
    WindowCounts most;
    for (const auto& [at, counts] : model) {
      if (at > now - 9'000'000) least.calls += counts.calls;
      if (at > now - 10'000'000) most.calls += counts.calls;
    }
    REQUIRE(window.counts(instant_from_us(now)).calls >= least.calls);
    REQUIRE(window.counts(instant_from_us(now)).calls <= most.calls);
    while (model.front().first < now - 11'000'000) model.pop_front();
  }
  CHECK(window.counts(instant_from_us(now + 10'000'000)) == WindowCounts{});
}

TEST_CASE("a window shorter than its buckets, a standing clock and the ends of time break nothing") {
  TimeWindow tiny{3us, 10};
  tiny.add(instant_from_us(0), {1, 1, 1});
  tiny.add(instant_from_us(-5), {1, 0, 0});
  CHECK(tiny.counts(instant_from_us(0)) == WindowCounts{2, 1, 1});
  TimeWindow window{hawser::forever, 10};
  window.add(hawser::Instant::min(), {1, 0, 0});
  window.add(hawser::never, {1, 0, 0});
  CHECK(window.counts(hawser::never).calls >= 1);
}
