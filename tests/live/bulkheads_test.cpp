// Bulkheads on real processes: what one type does is not felt by another, and memory stays bounded.
#include "channel_books.hpp"
#include "node_process.hpp"

#include <catch2/catch.hpp>
#include <support/sanitized.hpp>

#include <algorithm>
#include <string>

using namespace hawser;
using namespace hawser::live;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mib = 1u << 20;

}  // namespace

TEST_CASE("beside a flood of blobs paced greetings all arrive, and no process grows beyond its bounds", "[live]") {
  // A process may hold node_bytes each way; code, stacks, pools of free buffers and the frames in ZeroMQ come on top.
  constexpr std::size_t bound = 2 * 64 * mib;
  constexpr std::size_t constant = 128 * mib;
  // More than can pass, where a sanitizer does not slow down those who make it.
#if defined(HAWSER_SANITIZED)
  constexpr const char* flood = "Blob=1500";
#else
  constexpr const char* flood = "Blob=3000";
#endif
  Household house{{"n1", "n2"},
                  "[bounds]\nnode_bytes = \"64 MiB\"\npeer_bytes = \"16 MiB\"\nmessage_bytes_max = \"4 MiB\"\n"};
  house["n1"].start({"--traffic", "Greeting=100", "--traffic", flood, "--blob-size", "512KiB"});
  house["n2"].start({"--traffic", "Greeting=100"});
  REQUIRE(house.all_up());
  // What went wrong while they looked for each other, if anything, is not what this is about.
  const std::uint64_t before = missing(channel(house["n1"], "n2", "Greeting"));
  const std::uint64_t before_other = missing(channel(house["n2"], "n1", "Greeting"));
  std::size_t largest = 0;
  const auto flooded = [&] {
    largest = std::max({largest, house["n1"].resident(), house["n2"].resident()});
    return count(channel(house["n1"], "n2", "Greeting"), "submitted") >= 600;
  };
  REQUIRE(house.until(flooded, 60s));
  const Json& blobs = channel(house["n1"], "n2", "Blob");
  CHECK(ended_as(blobs, "queue_full") > 0);  // more was offered than can pass
  CHECK(ended_as(blobs, "delivered") > 0);
  const Json& greetings = channel(house["n1"], "n2", "Greeting");
  CHECK(missing(greetings) == before);
  const Json& others = channel(house["n2"], "n1", "Greeting");
  CHECK(missing(others) == before_other);
  CHECK(house["n1"].peer_state("n2") == "up");
  INFO("largest resident size: " << largest / mib << " MiB");
  CHECK(largest > 8 * mib);
#if !defined(HAWSER_SANITIZED)
  CHECK(largest <= bound + constant);  // a sanitizer keeps what was freed, and a shadow of everything
#endif
}
