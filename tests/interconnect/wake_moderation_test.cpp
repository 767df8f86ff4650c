// WakeModeration: streams are looked for at intervals, single messages are not kept waiting.
#include <hawser/interconnect/wake_moderation.hpp>

#include <catch2/catch.hpp>

using namespace hawser;

namespace {

constexpr std::size_t stream = WakeModeration::stream_min;

Instant at(std::int64_t us) { return instant_from_us(1'000'000 + us); }

}  // namespace

TEST_CASE("wake moderation: messages that come one by one are none of its business") {
  WakeModeration moderation;
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(moderation.look(at(i * 7), true, 1));
    CHECK_FALSE(moderation.active());
  }
  CHECK_FALSE(moderation.look(at(1'000), true, stream - 1));
  CHECK_FALSE(moderation.active());
}

TEST_CASE("wake moderation: what the loop's own thread sends never begins it, however much it is") {
  WakeModeration moderation;
  CHECK_FALSE(moderation.look(at(0), false, 10'000));
  CHECK_FALSE(moderation.active());
}

TEST_CASE("wake moderation: a stream begins an interval, and each full one the next") {
  WakeModeration moderation;
  REQUIRE(moderation.look(at(0), true, stream));
  CHECK(moderation.active());
  CHECK(moderation.next_look() == at(0) + WakeModeration::interval);
  // Looks for other reasons count, and begin nothing.
  CHECK_FALSE(moderation.look(at(10), false, stream / 2));
  CHECK_FALSE(moderation.look(at(20), false, stream / 2));
  CHECK(moderation.active());
  REQUIRE(moderation.look(at(50), false, 0));
  CHECK(moderation.next_look() == at(100));
}

TEST_CASE("wake moderation: it ends with the interval that finds too few") {
  WakeModeration moderation;
  REQUIRE(moderation.look(at(0), true, stream));
  CHECK_FALSE(moderation.look(at(50), false, stream - 1));
  CHECK_FALSE(moderation.active());
  // What an ended stream had found does not count for the next.
  CHECK_FALSE(moderation.look(at(60), true, 1));
  CHECK_FALSE(moderation.active());
}
