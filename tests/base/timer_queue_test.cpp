#include <hawser/base/random.hpp>
#include <hawser/base/timer_queue.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <vector>

using hawser::instant_from_us;
using hawser::TimerQueue;

TEST_CASE("timers come out by time, and in the order of adding at the same time") {
  TimerQueue queue;
  std::vector<int> ran;
  for (int i = 0; i < 10; ++i) queue.add(instant_from_us(50), [&ran, i] { ran.push_back(i); });
  queue.add(instant_from_us(20), [&ran] { ran.push_back(100); });
  queue.add(instant_from_us(-5), [&ran] { ran.push_back(101); });
  CHECK(queue.next() == instant_from_us(-5));
  while (auto due = queue.pop_due(instant_from_us(49))) due();
  CHECK(ran == std::vector<int>{101, 100});
  CHECK(queue.next() == instant_from_us(50));
  while (auto due = queue.pop_due(instant_from_us(50))) due();
  CHECK(ran == std::vector<int>{101, 100, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(queue.next() == hawser::never);
}

TEST_CASE("a cancelled timer never comes out, even when due, and its key does not hit a later timer") {
  TimerQueue queue;
  int ran = 0;
  const auto first = queue.add(instant_from_us(1), [&ran] { ++ran; });
  CHECK(queue.cancel(first));
  CHECK_FALSE(queue.cancel(first));
  const auto second = queue.add(instant_from_us(1), [&ran] { ran += 10; });
  CHECK(first != second);
  CHECK_FALSE(queue.cancel(first));
  CHECK_FALSE(queue.cancel(TimerQueue::Key::none));
  CHECK_FALSE(queue.cancel(TimerQueue::Key{12345}));
  queue.pop_due(instant_from_us(1))();
  CHECK(ran == 10);
  CHECK_FALSE(queue.cancel(second));
  CHECK(queue.empty());
}

TEST_CASE("a timer at never stays until it is cancelled or dropped, and drops what it owns") {
  TimerQueue queue;
  auto owned = std::make_shared<int>(1);
  queue.add(hawser::never, [owned] {});
  CHECK_FALSE(static_cast<bool>(queue.pop_due(hawser::never)));
  CHECK(owned.use_count() == 2);
  queue.clear();
  CHECK(owned.use_count() == 1);
  CHECK(queue.empty());
}

TEST_CASE("adding and cancelling from inside a callback is safe") {
  TimerQueue queue;
  std::vector<int> ran;
  TimerQueue::Key victim{};
  queue.add(instant_from_us(1), [&] {
    ran.push_back(1);
    queue.cancel(victim);
    for (int i = 0; i < 100; ++i) queue.add(instant_from_us(1), [&ran] { ran.push_back(3); });
  });
  victim = queue.add(instant_from_us(1), [&ran] { ran.push_back(2); });
  while (auto due = queue.pop_due(instant_from_us(1))) due();
  CHECK(ran.size() == 101);
  CHECK(ran[1] == 3);
}

TEST_CASE("a random history of adds, cancels and pops agrees with an ordered map") {
  hawser::Random random{99};
  TimerQueue queue;
  std::map<std::pair<std::int64_t, int>, TimerQueue::Key> model;
  int added = 0;
  std::int64_t now = 0;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t dice = random.below(10);
    if (dice < 5) {
      const std::int64_t at = now + random.between(std::int64_t{-10}, std::int64_t{200});
      const int number = added++;
      model.emplace(std::pair{at, number}, queue.add(instant_from_us(at), [] {}));
    } else if (dice < 7 && !model.empty()) {
      auto chosen = std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
      REQUIRE(queue.cancel(chosen->second));
      model.erase(chosen);
    } else {
      now += random.between(std::int64_t{0}, std::int64_t{20});
      while (auto due = queue.pop_due(instant_from_us(now))) {
        REQUIRE_FALSE(model.empty());
        REQUIRE(model.begin()->first.first <= now);
        // The timer that came out is the first of the model: its key is dead now.
        REQUIRE_FALSE(queue.cancel(model.begin()->second));
        model.erase(model.begin());
      }
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.next() == (model.empty() ? hawser::never : instant_from_us(model.begin()->first.first)));
  }
}
