#include <hawser/base/random.hpp>
#include <hawser/sim/event_queue.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <vector>

using namespace hawser;
using namespace hawser::sim;

namespace {
WorldTime world_at(std::int64_t us) { return WorldTime{Duration{us}}; }
}  // namespace

TEST_CASE("events come by time, and in the order of scheduling where times are equal") {
  EventQueue queue;
  std::vector<int> seen;
  const std::vector<std::int64_t> times{30, 10, 20, 10, 30, 10};
  for (int i = 0; i < 6; ++i) {
    queue.schedule(world_at(times[static_cast<std::size_t>(i)]), world_owner, [&seen, i] { seen.push_back(i); });
  }
  while (!queue.empty()) queue.pop()();
  CHECK(seen == std::vector<int>{1, 3, 5, 2, 0, 4});
}

TEST_CASE("thousands of events, a third of them cancelled, come out sorted and complete") {
  EventQueue queue;
  Random random{11};
  struct Item {
    std::int64_t at;
    int number;
    EventId id;
  };
  std::vector<Item> expected;
  std::vector<std::pair<std::int64_t, int>> seen;
  for (int i = 0; i < 5'000; ++i) {
    const std::int64_t at = random.between(std::int64_t{0}, std::int64_t{300});
    const EventId id = queue.schedule(world_at(at), world_owner, [&seen, at, i] { seen.emplace_back(at, i); });
    expected.push_back({at, i, id});
  }
  std::erase_if(expected, [&](const Item& item) {
    if (!random.chance(333'333)) return false;
    queue.cancel(item.id);
    queue.cancel(item.id);  // a second time changes nothing
    return true;
  });
  CHECK(queue.size() == expected.size());
  std::stable_sort(expected.begin(), expected.end(), [](const Item& a, const Item& b) { return a.at < b.at; });
  while (!queue.empty()) queue.pop()();
  REQUIRE(seen.size() == expected.size());
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i].second == expected[i].number);
}

TEST_CASE("the id of a past event cancels nothing that took its place") {
  EventQueue queue;
  int ran = 0;
  const EventId past = queue.schedule(world_at(1), world_owner, [] {});
  queue.pop()();
  queue.schedule(world_at(2), world_owner, [&] { ++ran; });
  queue.cancel(past);
  REQUIRE(queue.size() == 1);
  queue.pop()();
  CHECK(ran == 1);
}

TEST_CASE("a parked event can be cancelled or taken, once") {
  EventQueue queue;
  queue.schedule(world_at(1), 7, [] {});
  queue.schedule(world_at(2), 7, [] {});
  const EventId first = queue.park_next();
  const EventId second = queue.park_next();
  CHECK(queue.empty());
  queue.cancel(first);
  CHECK_FALSE(queue.take_parked(first));
  CHECK(queue.take_parked(second));
  CHECK_FALSE(queue.take_parked(second));
}

TEST_CASE("cancelling an owner takes its queued and parked events and what they hold, and no others") {
  EventQueue queue;
  const auto held = std::make_shared<int>(1);
  queue.schedule(world_at(1), 7, [held] {});
  queue.park_next();
  queue.schedule(world_at(2), 7, [held] {});
  queue.schedule(world_at(3), 8, [] {});
  CHECK(held.use_count() == 3);
  queue.cancel_all(7);
  CHECK(held.use_count() == 1);
  CHECK(queue.size() == 1);
  CHECK(queue.next_owner() == 8);
}

TEST_CASE("timers of one owner are moved, events and other owners are not") {
  EventQueue queue;
  std::vector<char> seen;
  queue.schedule_timer(world_at(10), 1, instant_from_us(10), [&] { seen.push_back('t'); });
  queue.schedule(world_at(20), 1, [&] { seen.push_back('e'); });
  queue.schedule_timer(world_at(30), 2, instant_from_us(30), [&] { seen.push_back('o'); });
  queue.retime(1, [](Instant due) { return world_at(to_us(due) + 100); });
  while (!queue.empty()) queue.pop()();
  CHECK(seen == std::vector<char>{'e', 'o', 't'});
}
