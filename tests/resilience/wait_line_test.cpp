#include <hawser/base/random.hpp>
#include <hawser/resilience/wait_line.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;

namespace {

constexpr Instant start = instant_from_us(1'000'000);

// The same by looking at everybody.
struct SlowLine {
  std::vector<Waiter> all;

  Waiter take(std::size_t place) {
    const Waiter gone = all[place];
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(place));
    return gone;
  }
  std::size_t next_to_end() const {
    const auto sooner = [](const Waiter& a, const Waiter& b) { return a.until < b.until; };
    return static_cast<std::size_t>(std::min_element(all.begin(), all.end(), sooner) - all.begin());
  }
  std::optional<std::size_t> find(std::uint64_t ticket) const {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].ticket == ticket) return i;
    }
    return std::nullopt;
  }
};

}  // namespace

TEST_CASE("a line knows its first, its last and whose wait ends first, and forgets who leaves") {
  WaitLine line;
  CHECK(line.empty());
  CHECK(line.next_end() == never);
  int owner = 0;
  line.join({1, start, start + 30ms, &owner});
  line.join({2, start, start + 10ms, nullptr});
  line.join({5, start + 1ms, never, nullptr});
  line.join({6, start + 2ms, start + 10ms, nullptr});
  CHECK(line.first().owner == &owner);
  CHECK(line.last().ticket == 6);
  CHECK(line.next_end() == start + 10ms);
  CHECK_FALSE(line.leave(3));
  CHECK(line.take_next_to_end().ticket == 2);
  CHECK(line.take_next_to_end().ticket == 6);
  CHECK(line.last().ticket == 5);
  CHECK(line.leave(1));
  CHECK_FALSE(line.leave(1));
  CHECK(line.next_end() == never);
  CHECK(line.take_last().since == start + 1ms);
  CHECK(line.empty());
}

TEST_CASE("whatever happens in a line, it says what looking at everybody would") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Random random{seed};
    WaitLine line;
    SlowLine slow;
    std::uint64_t ticket = 0;
    // Some seeds mostly join, some mostly leave, so that there are long lines, empty ones, and many gaps.
    const auto joins = static_cast<std::uint32_t>(random.between(std::int64_t{300'000}, std::int64_t{700'000}));
    for (int i = 0; i < 2'000; ++i) {
      if (slow.all.empty() || random.chance(joins)) {
        const Instant until =
            random.chance(200'000) ? never : start + Duration{random.between(std::int64_t{0}, std::int64_t{50})};
        const Waiter waiter{ticket += 1 + random.below(3), start, until, nullptr};
        line.join(waiter);
        slow.all.push_back(waiter);
      } else if (random.chance(400'000)) {
        const std::uint64_t who = random.below(ticket + 2);
        const auto place = slow.find(who);
        REQUIRE(line.leave(who) == place.has_value());
        if (place) slow.take(*place);
      } else if (const auto kind = random.below(3); kind == 0) {
        REQUIRE(line.take_first().ticket == slow.take(0).ticket);
      } else if (kind == 1) {
        REQUIRE(line.take_last().ticket == slow.take(slow.all.size() - 1).ticket);
      } else if (line.next_end() != never) {
        REQUIRE(line.take_next_to_end().ticket == slow.take(slow.next_to_end()).ticket);
      }
      REQUIRE(line.size() == slow.all.size());
      if (slow.all.empty()) {
        REQUIRE(line.next_end() == never);
        continue;
      }
      REQUIRE(line.first().ticket == slow.all.front().ticket);
      REQUIRE(line.last().ticket == slow.all.back().ticket);
      REQUIRE(line.next_end() == slow.all[slow.next_to_end()].until);
    }
  }
}
