// Bulkheads on virtual time (I6): whatever one type does, the others keep their throughput and their delay.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>
#include <hawser/sim/world.hpp>
#include "probe.hpp"

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::Watch;
using hawser::sim::World;
using hawser::sim::WorldOptions;

namespace {

constexpr Duration quantum{1'000};

// What the bad type does.
enum class Trouble { none, stalled, failing, flooding, flooding_bulk };

struct Load {
  Trouble trouble = Trouble::none;
  Duration span = 300ms;
};

struct Kept {
  std::size_t delivered = 0;
  std::size_t answered = 0;
  Duration delay_max{0};     // from submission to the handler
  std::size_t bad_ends = 0;  // outcomes of the good type that are none of delivered
  std::uint64_t bad_submitted = 0;
};

Message<Parcel> parcel(unsigned bytes) {
  Message<Parcel> result;
  result->initBytes(bytes);
  return result;
}

Task<> never_ends(Node& node) { co_await node.sleep(10h); }

void receive(Node& node, World& world, Kept& kept, Trouble trouble) {
  node.on<Note>([&world, &kept](Note::Reader note, const Delivery&) {
    const Duration delay{to_us(world.now()) - static_cast<std::int64_t>(note.getNumber())};
    kept.delay_max = std::max(kept.delay_max, delay);
    ++kept.delivered;
  });
  node.on<Question>([](Question::Reader) { return Message<Answer>{}; });
  switch (trouble) {
    case Trouble::stalled:
      node.on<Parcel>([&node](Received<Parcel>) { return never_ends(node); });
      break;
    case Trouble::failing:
      node.on<Parcel>([](Parcel::Reader) { throw std::runtime_error{"no"}; });
      break;
    default:
      node.on<Parcel>([](Parcel::Reader) {});
      break;
  }
}

// A thousand notes and two hundred requests a second, all answered when nobody disturbs them.
void pace(Node& node, World& world, Kept& kept) {
  node.every(1ms, [&node, &world, &kept] {
    Message<Note> note;
    note->setNumber(static_cast<std::uint64_t>(to_us(world.now())));
    node.peer("n2").send(note, {.ttl = 2s},
                         [&kept](Outcome outcome) { kept.bad_ends += outcome.delivered() ? 0u : 1u; });
    return true;
  });
  node.every(5ms, [&node, &kept] {
    node.peer("n2").request<Answer>(Message<Question>{}, {.timeout = 2s}, [&kept](Result<Received<Answer>> result) {
      kept.answered += result.ok() ? 1u : 0u;
      kept.bad_ends += result.ok() ? 0u : 1u;
    });
    return true;
  });
}

// As much as is admitted, every millisecond.
void flood(Node& node, Kept& kept) {
  node.every(1ms, [&node, &kept] {
    const EncodedMessage large = parcel(16'000).encode();
    while (node.peer("n2").try_post(large).delivered()) ++kept.bad_submitted;
    return true;
  });
}

Kept run(const Load& load) {
  WorldOptions options;
  options.delay_min = options.delay_max = Duration{200};
  World world{options};
  Watch watch{world};
  Kept kept;
  Config config;
  config.types["Parcel"].refused_is_failure = true;
  if (load.trouble == Trouble::flooding_bulk) config.types["Parcel"].lane = LaneClass::bulk;
  world.host("n1", config, [](Node&) {});
  world.host("n2", config, [&](Node& node) { receive(node, world, kept, load.trouble); });
  world.run_for(1s);
  Node& sender = world.node("n1");
  pace(sender, world, kept);
  if (load.trouble != Trouble::none) flood(sender, kept);
  world.run_for(load.span);
  watch.look_at_all();
  return kept;
}

}  // namespace

TEST_CASE("with one type stalled, failing or flooding, every other one keeps its throughput and its delay (I6)",
          "[bulkheads]") {
  const Kept solo = run({});
  REQUIRE(solo.delivered >= 290);
  REQUIRE(solo.bad_ends == 0);
  const auto trouble = GENERATE(Trouble::stalled, Trouble::failing, Trouble::flooding, Trouble::flooding_bulk);
  INFO("trouble " << static_cast<int>(trouble));
  const Kept beside = run({trouble});
  CHECK(beside.bad_submitted > 100);  // there was some
  CHECK(beside.delivered * 100 >= solo.delivered * 95);
  CHECK(beside.answered * 100 >= solo.answered * 95);
  CHECK(beside.delay_max <= solo.delay_max + quantum);
  CHECK(beside.bad_ends == 0);
}

TEST_CASE("heartbeats wait a tenth of their interval at most while bulk traffic fills the line", "[bulkheads]") {
  const auto round_trip = [](std::size_t window, bool loaded) {
    WorldOptions options;
    options.buffer_bytes = 64u << 20;
    World world{options};
    Config config;
    config.types["Parcel"].lane = LaneClass::bulk;
    config.types["Parcel"].channel_bytes = 16u << 20;  // so that only the window bounds what is under way
    config.bounds.lane_window_bulk_bytes = window;
    Kept kept;
    world.host("n1", config, [](Node&) {});
    world.host("n2", config, [&](Node& node) { receive(node, world, kept, Trouble::none); });
    world.rate("n1", "n2", 125'000'000, 64u << 20);
    world.run_for(1s);
    if (loaded) flood(world.node("n1"), kept);
    Duration worst{0};
    for (int i = 0; i < 10; ++i) {
      world.run_for(100ms);
      worst = std::max(worst, world.node("n1").peer("n2").health().round_trip);
    }
    return worst;
  };
  const Config defaults;
  const Duration limit = defaults.detector.heartbeat / 10;
  const Duration idle = round_trip(defaults.bounds.lane_window_bulk_bytes, false);
  CHECK(round_trip(defaults.bounds.lane_window_bulk_bytes, true) <= idle + limit);
  // Without a window that bounds what cannot be recalled, they wait behind all of it.
  CHECK(round_trip(32u << 20, true) > idle + limit);
}

TEST_CASE("on one shared connection heartbeats wait behind what was lost of other traffic, on their own they do not",
          "[bulkheads]") {
  const auto worst_delay = [](bool shared) {
    WorldOptions options = sim::test::Stage::fixed_delay();
    options.seed = 7;
    sim::test::Stage stage{options};
    const LinkId bulk = stage.connect("a", "b", LaneClass::bulk);
    const LinkId beats = shared ? bulk : stage.connect("a", "b", LaneClass::control);
    stage.world.loss("a", "b", 2'000);
    const std::string large(60'000, 'x');
    std::int64_t worst = 0;
    for (int i = 0; i < 100; ++i) {
      stage.probe("a").send(bulk, large);
      const std::int64_t sent = to_us(stage.world.now());
      stage.probe("a").send(beats, "beat " + std::to_string(sent));
      stage.run_ms(20);
    }
    stage.world.heal();
    stage.run_ms(3'000);
    for (const std::string& line : stage.log("b")) {
      const std::size_t at = line.find(" beat ");
      if (at == std::string::npos) continue;
      worst = std::max<std::int64_t>(worst, std::stoll(line) - std::stoll(line.substr(at + 6)));
    }
    return worst;
  };
  CHECK(worst_delay(true) >= 150'000);
  CHECK(worst_delay(false) <= 20'000);
}

TEST_CASE("when a breaker opens, what has not left ends at once and not at its own time", "[bulkheads]") {
  World world;
  Watch watch{world};
  std::vector<Outcome> ends;
  world.host("n1", Config{}, [](Node&) {});
  Config few;
  few.bounds.channel_messages = 64;  // it takes no more at a time
  world.host("n2", few, [](Node& node) {
    node.on<Question>([&node](Received<Question>) -> Task<Message<Answer>> {
      co_await node.sleep(10h);
      co_return Message<Answer>{};
    });
  });
  world.run_for(1s);
  Node& sender = world.node("n1");
  const auto ask = [&](Duration timeout) {
    sender.peer("n2").request<Answer>(Message<Question>{}, {.timeout = timeout},
                                      [&](Result<Received<Answer>> result) { ends.push_back(result.outcome()); });
  };
  for (std::uint64_t i = 0; i < 4'096; ++i) ask(i < 64 ? Duration{500ms} : Duration{60s});
  const bool opened =
      world.run_until([&] { return sender.peer("n2").try_post(Message<Question>{}) == OutcomeKind::circuit_open; }, 5s);
  REQUIRE(opened);
  world.run_for(10ms);
  const auto open = std::count_if(ends.begin(), ends.end(), [](const Outcome& end) {
    return end.kind == OutcomeKind::circuit_open && end.cause == Cause::channel_breaker && end.next_at;
  });
  INFO("ended: " << ends.size());
  CHECK(open > 0);
  const NodeSnapshot seen = sender.snapshot();
  for (const PeerSnapshot& peer : seen.peers) {
    for (const ChannelSnapshot& channel : peer.channels) CHECK(channel.queued_messages == 0);
  }
}
