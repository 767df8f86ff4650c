#include <hawser/base/random.hpp>
#include <hawser/resilience/bulkhead.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;
using From = BulkheadPermit::From;

namespace {

constexpr Instant start = instant_from_us(1'000'000);

BulkheadConfig two_tenants() {
  BulkheadConfig config;
  config.capacity = 10;
  config.groups = {BulkheadGroup{"gold", 4, 0, 2, 2, 100ms}, BulkheadGroup{"flood", 1, 0, 0, 3, 100ms}};
  return config;
}

std::vector<BulkheadPermit> flood(Bulkhead& bulkhead, std::uint32_t group) {
  std::vector<BulkheadPermit> taken;
  while (const auto permit = bulkhead.acquire(group, start, start).permit) taken.push_back(*permit);
  return taken;
}

}  // namespace

TEST_CASE("a flood takes its floor, the common places and what is lent, and never another's floor") {
  Bulkhead bulkhead{two_tenants()};
  const auto taken = flood(bulkhead, 1);
  // 1 of its own, 5 common, 2 borrowed.
  REQUIRE(taken.size() == 8);
  CHECK(taken[0].from == From::own);
  CHECK(taken[1].from == From::common);
  CHECK(taken[7] == BulkheadPermit{1, 0, From::borrowed});
  CHECK(bulkhead.borrowed(1) == 2);
  // Gold has what it did not lend, at once.
  CHECK(bulkhead.acquire(0, start).permit);
  CHECK(bulkhead.acquire(0, start).permit);
  const BulkheadAnswer third = bulkhead.acquire(0, start);
  CHECK(third.ticket != 0);
  CHECK(third.until == start + 100ms);
  // A borrowed place that comes back goes to whom it belongs, though the flood has waited longer.
  CHECK(bulkhead.acquire(1, start).ticket != 0);
  bulkhead.release(taken[7]);
  const auto event = bulkhead.poll(start);
  REQUIRE(event);
  CHECK(event->ticket == third.ticket);
  CHECK(event->permit->from == From::own);
  CHECK_FALSE(bulkhead.poll(start));
}

TEST_CASE("waiting is bounded in number and in time, to the microsecond") {
  Bulkhead bulkhead{two_tenants()};
  auto taken = flood(bulkhead, 1);
  std::vector<std::uint64_t> tickets;
  for (int i = 0; i < 3; ++i) tickets.push_back(bulkhead.acquire(1, start + i * 1ms).ticket);
  CHECK(bulkhead.acquire(1, start).refusal == BulkheadRefusal::queue_full);
  CHECK(bulkhead.acquire(1, start, start).refusal == BulkheadRefusal::full);
  CHECK(bulkhead.next_wake() == start + 100ms);
  CHECK_FALSE(bulkhead.poll(start + 99'999us));
  const auto expired = bulkhead.poll(start + 100ms);
  REQUIRE(expired);
  CHECK(expired->ticket == tickets[0]);
  CHECK_FALSE(expired->permit);
  // First come, first served; nobody overtakes.
  CHECK(bulkhead.cancel(tickets[1]));
  CHECK_FALSE(bulkhead.cancel(tickets[1]));
  bulkhead.release(taken.back());
  const BulkheadAnswer late = bulkhead.acquire(1, start + 50ms);
  CHECK(late.ticket != 0);
  const auto served = bulkhead.poll(start + 50ms);
  REQUIRE(served);
  CHECK(served->ticket == tickets[2]);
  CHECK(served->permit);
}

TEST_CASE("a group that does not wait is refused at once, and one that has a limit stops there") {
  BulkheadConfig config;
  config.capacity = 10;
  config.groups = {BulkheadGroup{"small", 1, 2, 0, 0, 0us}, BulkheadGroup{"other", 0, 0, 0, 0, 0us}};
  Bulkhead bulkhead{config};
  CHECK(flood(bulkhead, 0).size() == 2);
  CHECK(bulkhead.acquire(0, start).refusal == BulkheadRefusal::full);
  CHECK(flood(bulkhead, 1).size() == 8);
  CHECK(bulkhead.in_use() == 10);
}

TEST_CASE("lowered capacity takes nothing away and spares the floors") {
  Bulkhead bulkhead{two_tenants()};
  const auto taken = flood(bulkhead, 1);
  bulkhead.set_capacity(0);
  CHECK(bulkhead.capacity() == 5);
  for (const auto& permit : taken) bulkhead.release(permit);
  CHECK(flood(bulkhead, 1).size() == 3);
  CHECK(flood(bulkhead, 0).size() == 2);
}

TEST_CASE("an observing bulkhead lets all pass, and counts") {
  BulkheadConfig config = two_tenants();
  config.observe_only = true;
  Bulkhead bulkhead{config};
  std::vector<BulkheadPermit> taken;
  for (int i = 0; i < 20; ++i) taken.push_back(*bulkhead.acquire(1, start).permit);
  CHECK(bulkhead.refusals() == 12);
  CHECK(taken.back().from == From::nowhere);
  for (const auto& permit : taken) bulkhead.release(permit);
  CHECK(bulkhead.in_use() == 0);
}

TEST_CASE("many may wait: no step looks at all of them") {
  // A tenth of a million. With one look at all of them in each step this would take the better part of an hour.
  constexpr std::uint32_t many = 100'000;
  BulkheadConfig config;
  config.capacity = 1;
  config.groups = {BulkheadGroup{"all", 0, 0, 0, many, 1h}};
  Bulkhead bulkhead{config};
  Random random{5};
  BulkheadPermit held = *bulkhead.acquire(0, start).permit;
  std::vector<std::uint64_t> tickets;
  for (std::uint32_t i = 0; i < many; ++i) {
    const Instant until = start + 1s + Duration{random.between(std::int64_t{0}, std::int64_t{1'000'000})};
    tickets.push_back(bulkhead.acquire(0, start, until).ticket);
    REQUIRE_FALSE(bulkhead.poll(start));
    REQUIRE(bulkhead.next_wake() < start + 2s);
  }
  CHECK(bulkhead.acquire(0, start).refusal == BulkheadRefusal::queue_full);
  for (std::uint32_t i = 1; i < many; i += 3) REQUIRE(bulkhead.cancel(tickets[i]));
  std::uint64_t served = 0;
  for (std::uint32_t i = 0; i < many / 3; ++i) {
    bulkhead.release(held);
    const auto event = bulkhead.poll(start);
    REQUIRE(event);
    REQUIRE(event->ticket > served);  // by arrival
    served = event->ticket;
    held = *event->permit;
  }
  std::size_t left = bulkhead.waiting(0);
  for (; const auto event = bulkhead.poll(start + 2s); --left) REQUIRE_FALSE(event->permit);
  CHECK(left == 0);
  CHECK(bulkhead.waiting(0) == 0);
}

TEST_CASE("whatever happens, floors are there at once, capacity holds, and every ticket ends once") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random{seed};
    Bulkhead bulkhead{two_tenants()};
    Instant now = start;
    std::vector<BulkheadPermit> held;
    std::map<std::uint64_t, int> tickets;
    for (int i = 0; i < 3'000; ++i) {
      now += Duration{random.between(std::int64_t{0}, std::int64_t{20'000})};
      const auto group = static_cast<std::uint32_t>(random.below(2));
      if (random.chance(550'000)) {
        const std::uint32_t own = bulkhead.in_use(0);
        const bool owed = group == 0 && own < 2 && bulkhead.waiting(0) == 0;
        const BulkheadAnswer answer = bulkhead.acquire(group, now);
        REQUIRE((answer.permit.has_value() + (answer.ticket != 0) + answer.refusal.has_value()) == 1);
        if (owed) REQUIRE(answer.permit);
        if (answer.permit) held.push_back(*answer.permit);
        if (answer.ticket != 0) tickets[answer.ticket] = 0;
      } else if (!held.empty()) {
        const std::size_t which = random.below(held.size());
        bulkhead.release(held[which]);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
      }
      while (const auto event = bulkhead.poll(now)) {
        REQUIRE(++tickets.at(event->ticket) == 1);
        if (event->permit) held.push_back(*event->permit);
      }
      REQUIRE(bulkhead.in_use() == held.size());
      REQUIRE(held.size() <= 10);
      // Nobody waits who could be served.
      REQUIRE((bulkhead.waiting(0) == 0 || bulkhead.in_use(0) >= 2));
    }
  }
}
