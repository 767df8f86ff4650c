#include <hawser/base/id_table.hpp>
#include <hawser/base/random.hpp>

#include <catch2/catch.hpp>

#include <cstdint>
#include <map>

using namespace hawser;

namespace {

enum class Number : std::uint64_t {};

}  // namespace

TEST_CASE("id table: an empty one finds nothing and erases nothing") {
  IdTable<Number, int> table;
  CHECK(table.find(Number{7}) == nullptr);
  CHECK_FALSE(table.erase(Number{7}));
  CHECK(table.size() == 0);
}

TEST_CASE("id table: an id has one value, the last that it was given") {
  IdTable<Number, int> table;
  table.put(Number{7}, 1);
  table.put(Number{7}, 2);
  REQUIRE(table.find(Number{7}) != nullptr);
  CHECK(*table.find(Number{7}) == 2);
  CHECK(table.size() == 1);
}

TEST_CASE("id table: nobody has no entry") {
  IdTable<Number, int> table;
  table.put(Number{7}, 1);
  CHECK_FALSE(table.erase(Number{0}));
  CHECK(table.size() == 1);
}

TEST_CASE("id table: does what a map does, however ids collide") {
  const auto seed = GENERATE(range(1u, 9u));
  Random random{seed};
  IdTable<Number, std::uint64_t> table;
  std::map<std::uint64_t, std::uint64_t> map;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t id = 1 + random.below(300);
    if (random.below(3) != 0) {
      table.put(Number{id}, random.below(1000));
      map[id] = *table.find(Number{id});
    } else {
      REQUIRE(table.erase(Number{id}) == (map.erase(id) == 1));
    }
    const std::uint64_t asked = 1 + random.below(300);
    const std::uint64_t* found = table.find(Number{asked});
    REQUIRE((found != nullptr) == map.contains(asked));
    if (found != nullptr) REQUIRE(*found == map[asked]);
    REQUIRE(table.size() == map.size());
  }
  table.clear();
  CHECK(table.size() == 0);
  CHECK(table.find(Number{1}) == nullptr);
}
