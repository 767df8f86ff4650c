#include <hawser/base/pooled.hpp>

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <string>

using hawser::PoolAllocator;
using hawser::Pooled;

namespace {

struct Small : Pooled {
  explicit Small(int n) : number(n) {}
  int number;
  std::string text = "a text that is too long to be kept within the object";
};

struct Polymorphic : Pooled {
  virtual ~Polymorphic() = default;
};
struct Large final : Polymorphic {
  ~Large() override { ++destroyed; }
  std::byte body[5000]{};
  static inline int destroyed = 0;
};

}  // namespace

TEST_CASE("a pooled object gets the memory of the one that went before") {
  auto first = std::make_unique<Small>(1);
  const void* const at = first.get();
  first.reset();
  const auto second = std::make_unique<Small>(2);
  CHECK(second.get() == at);
  CHECK(second->number == 2);
}

TEST_CASE("a pooled object may be destroyed through its base") {
  std::unique_ptr<Polymorphic> object = std::make_unique<Large>();
  object.reset();
  CHECK(Large::destroyed == 1);
}

TEST_CASE("containers and shared objects take their nodes from the pool") {
  std::map<int, std::string, std::less<>, PoolAllocator<std::pair<const int, std::string>>> map;
  map.emplace(1, "one");
  const void* const node = &*map.begin();
  map.erase(1);
  map.emplace(2, "two");
  CHECK(static_cast<const void*>(&*map.begin()) == node);

  const auto shared = std::allocate_shared<int>(PoolAllocator<int>{}, 7);
  const std::weak_ptr<int> weak = shared;
  CHECK(*weak.lock() == 7);
}
