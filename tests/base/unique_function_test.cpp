#include <hawser/base/unique_function.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <memory>
#include <string>

using hawser::UniqueFunction;

TEST_CASE("an empty function is false, and assigning null empties one") {
  UniqueFunction<int()> function;
  CHECK_FALSE(static_cast<bool>(function));
  function = [] { return 1; };
  CHECK(function() == 1);
  function = nullptr;
  CHECK_FALSE(static_cast<bool>(function));
}

TEST_CASE("small and large targets, move-only ones among them, survive moves and die once") {
  auto owned = std::make_shared<int>(5);
  {
    UniqueFunction<int()> small = [owned, only = std::make_unique<int>(1)] { return *owned + *only; };
    std::array<std::shared_ptr<int>, 8> many;
    many.fill(owned);
    UniqueFunction<int()> large = [many] { return static_cast<int>(many.size()) * *many[7]; };
    CHECK(small() == 6);
    CHECK(large() == 40);
    UniqueFunction<int()> moved = std::move(small);
    CHECK_FALSE(static_cast<bool>(small));  // NOLINT
    CHECK(moved() == 6);
    moved = std::move(large);
    CHECK(moved() == 40);
    many.fill(nullptr);
    CHECK(owned.use_count() == 9);
  }
  CHECK(owned.use_count() == 1);
}

TEST_CASE("arguments are forwarded, references stay references, and state is kept between calls") {
  UniqueFunction<std::string(std::unique_ptr<int>, std::string&)> join = [calls = 0](std::unique_ptr<int> number,
                                                                                     std::string& out) mutable {
    out = "seen";
    return std::to_string(*number + ++calls);
  };
  std::string out;
  CHECK(join(std::make_unique<int>(40), out) == "41");
  CHECK(out == "seen");
  CHECK(join(std::make_unique<int>(40), out) == "42");
}

TEST_CASE("a target that calls the function's owner to replace it is destroyed after the replacement only") {
  struct Owner {
    UniqueFunction<void()> callback;
    int ran = 0;
  } owner;
  owner.callback = [&owner] { ++owner.ran; };
  UniqueFunction<void()> taken = std::move(owner.callback);
  owner.callback = [&owner] { owner.ran += 10; };
  taken();
  owner.callback();
  CHECK(owner.ran == 11);
}
