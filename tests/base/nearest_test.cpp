#include <hawser/base/nearest.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <string>

using namespace hawser;

namespace {
constexpr std::array<std::string_view, 4> names{"heartbeat", "suspect", "unreachable", "window"};
}

TEST_CASE("a slip of the finger is recognised: one letter lost, doubled, swapped or wrong") {
  CHECK(nearest_name("hartbeat", names) == "heartbeat");
  CHECK(nearest_name("heartbeaat", names) == "heartbeat");
  CHECK(nearest_name("haertbeat", names) == "heartbeat");
  CHECK(nearest_name("windoe", names) == "window");
  CHECK(nearest_name("unreachabel", names) == "unreachable");
}

TEST_CASE("a word that resembles none of them gets no suggestion") {
  CHECK(nearest_name("colour", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name(std::string(5000, 'w'), names).empty());
}
