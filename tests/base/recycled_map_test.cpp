#include <hawser/base/recycled_map.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

using hawser::RecycledMap;

TEST_CASE("a recycled map holds what was inserted, in the order of the keys") {
  RecycledMap<int, std::string> map;
  map.insert(3, "three");
  map.insert(1, "one");
  map.insert(2, "two");
  map.erase(2);
  map.insert(4, "four");
  map.insert(1, "again");

  std::vector<std::string> seen;
  for (const auto& [key, value] : map) seen.push_back(value);
  CHECK(seen == std::vector<std::string>{"one", "three", "four"});
  CHECK(map.size() == 3);
  CHECK(map.find(2) == map.end());
}

TEST_CASE("a recycled map uses the nodes of what was erased again, and keeps no value alive") {
  RecycledMap<int, std::shared_ptr<int>> map;
  const auto value = std::make_shared<int>(7);
  map.insert(1, value);
  const void* node = &*map.begin();
  map.erase(1);
  CHECK(value.use_count() == 1);

  map.insert(9, value);
  CHECK(static_cast<const void*>(&*map.begin()) == node);
  CHECK(map.begin()->first == 9);
  CHECK(map.begin()->second == value);
}

TEST_CASE("a recycled map may be emptied while it is walked") {
  RecycledMap<int, int> map;
  for (int i = 0; i < 10; ++i) map.insert(i, i);
  for (auto at = map.begin(); at != map.end();) at = at->first % 2 == 0 ? map.erase(at) : std::next(at);
  CHECK(map.size() == 5);
  map.clear();
  CHECK(map.empty());
}

TEST_CASE("a recycled map keeps only so many spare nodes") {
  RecycledMap<int, int, 1> map;
  map.insert(1, 1);
  map.insert(2, 2);
  map.erase(1);
  map.erase(2);
  map.insert(3, 3);
  map.insert(4, 4);
  CHECK(map.size() == 2);
}
