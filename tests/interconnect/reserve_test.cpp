// Reserve: all or nothing, never beyond the limit.
#include <hawser/interconnect/reserve.hpp>

#include <catch2/catch.hpp>

#include <cstdint>

using namespace hawser;

TEST_CASE("reserve: what is asked for is given whole or not at all") {
  Reserve reserve{100};
  CHECK(reserve.try_take(60));
  CHECK_FALSE(reserve.try_take(41));
  CHECK(reserve.used() == 60);
  CHECK(reserve.try_take(40));
  CHECK_FALSE(reserve.try_take(1));
  CHECK(reserve.try_take(0));
  reserve.give_back(60);
  CHECK(reserve.used() == 40);
  CHECK(reserve.try_take(60));
}

TEST_CASE("reserve: a wish beyond all numbers does not wrap around") {
  Reserve reserve{100};
  REQUIRE(reserve.try_take(50));
  CHECK_FALSE(reserve.try_take(SIZE_MAX));
  CHECK_FALSE(reserve.try_take(SIZE_MAX - 49));
  CHECK(reserve.used() == 50);
}
