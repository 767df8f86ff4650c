#include <hawser/resilience/cascade_preventor.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;

namespace {
constexpr Instant start = instant_from_us(1'000'000);
constexpr PressureSignals calm{};
constexpr PressureSignals drowning{1000, 0, 0, 0};
}  // namespace

TEST_CASE("the pressure is that of the worst signal, and its name is the reason") {
  CascadePreventor node{{}, start};
  node.update({500, 10'000, 800, 200}, start);
  CHECK(node.pressure() == 0);
  node.update({725, 10'000, 800, 200}, start);
  CHECK(node.pressure() == 500);
  CHECK(node.level() == CascadeLevel::throttle);
  CHECK(node.reason().cause == "queue");
  node.update({725, 200'000, 0, 0}, start);
  CHECK(node.pressure() == 1000);
  CHECK(node.level() == CascadeLevel::fail_fast);
  CHECK(node.reason().cause == "loop_lag");
}

TEST_CASE("levels are entered exactly at their marks") {
  CascadeConfig config;
  config.queue_permille = {0, 1000};
  const auto level_at = [&](std::int64_t pressure) {
    CascadePreventor node{config, start};
    node.update({pressure, 0, 0, 0}, start);
    return node.level();
  };
  CHECK(level_at(299) == CascadeLevel::normal);
  CHECK(level_at(300) == CascadeLevel::throttle);
  CHECK(level_at(599) == CascadeLevel::throttle);
  CHECK(level_at(600) == CascadeLevel::limit);
  CHECK(level_at(900) == CascadeLevel::fail_fast);
}

TEST_CASE("each level gives up more: optional work, then intake and the low, then all but the highest") {
  CascadeConfig config;
  config.memory_permille = {0, 1000};
  CascadePreventor node{config, start};
  const auto passed = [&](std::uint8_t priority) {
    int count = 0;
    for (int i = 0; i < 1000; ++i) count += node.admit(priority, false) == CascadeAnswer::pass ? 1 : 0;
    return count;
  };
  CHECK(node.admit(0, true) == CascadeAnswer::pass);
  CHECK(passed(0) == 1000);
  node.update({0, 0, 450, 0}, start);
  CHECK(node.admit(7, true) == CascadeAnswer::optional_refused);
  CHECK(node.concurrency_permille() == 1000);
  CHECK(std::abs(passed(0) - static_cast<int>(node.intake_permille())) <= 2);
  CHECK(node.intake_permille() == 787);
  CHECK(passed(7) == 1000);
  node.update({0, 0, 800, 0}, start);
  CHECK(node.admit(3, false) == CascadeAnswer::priority_refused);
  CHECK(passed(4) > 200);
  CHECK(node.concurrency_permille() == 400);
  node.update({0, 0, 1000, 0}, start);
  CHECK(passed(6) == 0);
  CHECK(passed(7) == 1000);
  CHECK(node.concurrency_permille() == 250);
}

TEST_CASE("a full queue gives up intake and never concurrency: served more slowly it would stay full") {
  CascadePreventor node{{}, start};
  node.update(drowning, start);
  CHECK(node.level() == CascadeLevel::fail_fast);
  CHECK(node.admit(6, false) == CascadeAnswer::priority_refused);
  CHECK(node.concurrency_permille() == 1000);
  // Another signal cuts it beside the queue, and gives it back as a ramp while the queue is still full.
  node.update({1000, 200'000, 0, 0}, start);
  CHECK(node.concurrency_permille() == 250);
  Instant now = start;
  for (int i = 0; i < 2500; ++i) node.update(drowning, now += 1ms);
  CHECK(node.pressure() == 1000);
  CHECK(node.concurrency_permille() >= 600);
  CHECK(node.concurrency_permille() <= 650);
  for (int i = 0; i < 2500; ++i) node.update(drowning, now += 1ms);
  CHECK(node.concurrency_permille() == 1000);
}

TEST_CASE("it falls as a ramp and steps down one level at a time, each after its hold") {
  CascadePreventor node{{}, start};
  node.update(drowning, start);
  std::vector<std::pair<CascadeLevel, Duration>> seen;
  CascadeLevel last = node.level();
  for (Instant now = start; now < start + 20s; now += 10ms) {
    node.update(calm, now);
    if (node.level() != last) seen.push_back({last = node.level(), now - start});
  }
  REQUIRE(seen.size() == 3);
  // Below 800 after 1 s, below 500 after 2.5 s, below 200 after 4 s; and a second of hold each.
  CHECK(seen[0].first == CascadeLevel::limit);
  CHECK(seen[0].second >= 2s);
  CHECK(seen[0].second <= 2050ms);
  CHECK(seen[1].second >= 3500ms);
  CHECK(seen[1].second <= 3550ms);
  CHECK(seen[2].first == CascadeLevel::normal);
  CHECK(seen[2].second <= 5050ms);
  CHECK(node.reason().cause == "recovered");
}

TEST_CASE("a signal that flutters at a mark does not make the level flutter") {
  CascadeConfig config;
  config.queue_permille = {0, 1000};
  config.fall_time = 0us;
  CascadePreventor node{config, start};
  for (int i = 0; i < 1000; ++i) node.update({i % 2 == 0 ? 305 : 250, 0, 0, 0}, start + i * 10ms);
  CHECK(node.transitions() == 1);
  // Exactly hysteresis below is not below.
  for (int i = 0; i < 1000; ++i) node.update({200, 0, 0, 0}, start + 20s + i * 10ms);
  CHECK(node.level() == CascadeLevel::throttle);
  for (int i = 0; i < 1000; ++i) node.update({199, 0, 0, 0}, start + 40s + i * 10ms);
  CHECK(node.level() == CascadeLevel::normal);
}

TEST_CASE("a stalled clock never lowers the pressure, and absurd signals break nothing") {
  CascadePreventor node{{}, start};
  node.update(drowning, start);
  for (int i = 0; i < 1000; ++i) node.update(calm, start);
  CHECK(node.pressure() == 1000);
  node.update(calm, start - 1h);
  CHECK(node.pressure() == 1000);
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  node.update({least, most, least, most}, never);
  CHECK(node.pressure() == 1000);
  CascadeConfig wide;
  wide.queue_permille = {least, most};
  CascadePreventor other{wide, start};
  other.update({0, 0, 0, 0}, start);
  CHECK(other.pressure() == 500);
}

TEST_CASE("an observing preventor lets all pass and says what it would do") {
  CascadeConfig config;
  config.observe_only = true;
  CascadePreventor node{config, start};
  node.update(drowning, start);
  for (int i = 0; i < 10; ++i) CHECK(node.admit(0, true) == CascadeAnswer::pass);
  CHECK(node.refusals() == 10);
  CHECK(node.level() == CascadeLevel::fail_fast);
  CHECK(node.intake_permille() == 1000);
  CHECK(node.concurrency_permille() == 1000);
}
