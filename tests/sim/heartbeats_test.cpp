// What a cluster at rest says: heartbeats, few frames and small ones, however many nodes there are.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::TraceKind;
using hawser::sim::TraceRow;
using hawser::sim::World;
using hawser::sim::WorldOptions;

namespace {

WorldOptions with_rows() {
  WorldOptions options;
  options.trace_rows = 100'000;
  return options;
}

void add_hosts(World& world, std::size_t nodes) {
  for (std::size_t i = 1; i <= nodes; ++i) world.host("n" + std::to_string(i), Config{}, [](Node&) {});
}

// The sizes of the frames that were sent within that time.
std::vector<std::uint64_t> sent_within(World& world, Duration span) {
  const sim::WorldTime begin = world.now();
  world.run_for(span);
  std::vector<std::uint64_t> sizes;
  for (const TraceRow& row : world.trace().rows()) {
    if (row.kind == TraceKind::sent && row.at > begin) sizes.push_back(row.number);
  }
  return sizes;
}

std::uint64_t largest(const std::vector<std::uint64_t>& sizes) { return *std::max_element(sizes.begin(), sizes.end()); }

}  // namespace

TEST_CASE("a pair at rest exchanges three frames per heartbeat", "[world]") {
  World world{with_rows()};
  add_hosts(world, 5);
  world.run_for(5s);
  constexpr std::size_t pairs = 10;
  const std::size_t frames = sent_within(world, 10s).size();
  CHECK(frames >= 10 * 5 * pairs * 3 - 3 * pairs);
  CHECK(frames <= 10 * 5 * pairs * 3 + 3 * pairs);
}

TEST_CASE("heartbeats at rest are as large in a large cluster as in a small one", "[world]") {
  std::vector<std::uint64_t> largest_of;
  for (const std::size_t nodes : {3u, 12u}) {
    World world{with_rows()};
    add_hosts(world, nodes);
    world.run_for(5s);
    largest_of.push_back(largest(sent_within(world, 2s)));
  }
  CHECK(largest_of.front() == largest_of.back());
}

TEST_CASE("a heartbeat says who hears whom when that has changed, once on each connection", "[world]") {
  World world{with_rows()};
  add_hosts(world, 5);
  world.run_for(5s);
  const std::uint64_t at_rest = largest(sent_within(world, 1s));
  const auto lists = [&](Duration span) {
    const std::vector<std::uint64_t> sizes = sent_within(world, span);
    return std::count_if(sizes.begin(), sizes.end(), [&](std::uint64_t size) { return size > at_rest + 100; });
  };
  world.crash("n5");
  // Each of the four tells the three others that it is suspect, and that it is unreachable.
  const auto told = lists(3s);
  CHECK(told >= 12);
  CHECK(told <= 24);
  CHECK(world.node("n1").peer("n5").health().state == PeerState::unreachable);
  CHECK(lists(3s) == 0);
  // The two that have lost their connections tell each other anew, and the others what became of them meanwhile.
  world.reset("n1", "n2");
  CHECK(lists(3s) >= 2);
  CHECK(lists(3s) == 0);
}

TEST_CASE("heartbeats to many peers leave in few turns", "[world]") {
  World world{with_rows()};
  add_hosts(world, 20);
  world.run_for(5s);
  const std::uint64_t before = world.events_run();
  const std::size_t frames = sent_within(world, 1s).size();
  // Each frame arrives in an event of its own; sixteen timers per node and interval at most send those that begin.
  const std::uint64_t timers = world.events_run() - before - frames;
  CHECK(timers <= 20 * 5 * 16);
}
