#include <hawser/base/random.hpp>
#include <hawser/detector/heartbeat_window.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

using namespace std::chrono_literals;
using hawser::Duration;
using hawser::HeartbeatWindow;

TEST_CASE("a new window believes in the configured interval and deviation") {
  const HeartbeatWindow window{500, 200ms, 50ms};
  CHECK(window.mean() == 200ms);
  CHECK(window.deviation() == 50ms);
  CHECK(window.size() == HeartbeatWindow::bootstrap_count);
}

TEST_CASE("the bootstrap ages out, and then only what was seen counts") {
  HeartbeatWindow window{200, 200ms, 50ms};
  for (int i = 0; i < 200; ++i) window.add(10ms);
  CHECK(window.size() == 200);
  CHECK(window.mean() == 10ms);
  CHECK(window.deviation() == 0us);
}

TEST_CASE("mean, deviation and ranks agree with sorting and summing the last intervals by hand") {
  hawser::Random random{17};
  HeartbeatWindow window{300, 200ms, 20ms};
  std::deque<std::int64_t> model;
  for (int i = 0; i < 8; ++i) model.push_back(i % 2 == 0 ? 180'000 : 220'000);
  for (int step = 0; step < 2'000; ++step) {
    const std::int64_t interval = random.between(std::int64_t{0}, std::int64_t{1} << random.below(32));
    window.add(Duration{interval});
    model.push_back(interval);
    if (model.size() > 300) model.pop_front();
    if (step % 50 != 0) continue;
    long double sum = 0;
    long double squares = 0;
    for (std::int64_t x : model) {
      sum += static_cast<long double>(x);
      squares += static_cast<long double>(x) * static_cast<long double>(x);
    }
    const auto n = static_cast<long double>(model.size());
    REQUIRE(std::abs(static_cast<long double>(window.mean().count()) - sum / n) <= 1.0L);
    REQUIRE(std::abs(static_cast<long double>(window.deviation().count()) -
                     std::sqrt(squares / n - (sum / n) * (sum / n))) <= 2.0L);
    std::vector<std::int64_t> sorted{model.begin(), model.end()};
    std::sort(sorted.rbegin(), sorted.rend());
    const std::size_t rank = random.below(sorted.size());
    REQUIRE(window.longest(rank).count() == sorted[rank]);
    const auto above = std::count_if(sorted.begin(), sorted.end(), [&](std::int64_t x) { return x > sorted[rank]; });
    REQUIRE(window.count_above(Duration{sorted[rank]}) == static_cast<std::size_t>(above));
  }
}

TEST_CASE("absurd intervals are cut to the range of the window instead of overflowing its sums") {
  HeartbeatWindow window{1000, 200ms, 50ms};
  for (int i = 0; i < 2'000; ++i) window.add(i % 2 == 0 ? hawser::forever : -1us);
  CHECK(window.mean() == Duration{(static_cast<std::int64_t>(UINT32_MAX) + 1) / 2});
  CHECK(window.deviation() == Duration{UINT32_MAX / 2});
}
