// Plots: scenarios that lead to one weakness, with details that depend on the seed. Every plot passes on the sound
// library.
#include <hawser/base/random.hpp>
#include <hawser/sim/dial_watch.hpp>
#include <hawser/sim/watch.hpp>
#include <hawser/sim/world.hpp>
#include "hunt.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace hawser::mutants {
namespace {

using sim::Arrival;
using sim::Expectation;
using sim::ExpectKind;
using sim::Fault;
using sim::Names;
using sim::Scenario;
using sim::Share;
using sim::Spread;
using sim::Stream;

constexpr std::int64_t ms = 1'000;
constexpr std::int64_t kib = 1'024;

Scenario stage(std::uint64_t seed, std::size_t nodes, Duration length) {
  Scenario scenario;
  scenario.seed = seed;
  scenario.length = length;
  for (std::size_t i = 1; i <= nodes; ++i) scenario.nodes.push_back("n" + std::to_string(i));
  return scenario;
}

Stream stream(const std::string& type, const std::string& from, const std::string& to, Duration every, Duration ttl) {
  Stream result;
  result.type = type;
  if (!from.empty()) result.from = {from};
  if (!to.empty()) result.to = {to};
  result.every = every;
  result.ttl = ttl;
  result.start = Duration{1'000 * ms};
  return result;
}

Fault fault(const std::string& verb, Duration at, Duration lasts = {}) {
  Fault result;
  result.verb = verb;
  result.at = at;
  result.lasts = lasts;
  return result;
}

void expect(Scenario& scenario, ExpectKind kind, Duration within) {
  Expectation expected;
  expected.kind = kind;
  expected.within = within;
  scenario.expectations.push_back(expected);
}

// So many messages of that type may end so: 0 none, unlimited any number.
void expect_outcome(Scenario& scenario, const std::string& type, const std::string& outcome, std::uint64_t min,
                    std::uint64_t max) {
  Expectation expected;
  expected.kind = ExpectKind::outcome;
  expected.type = type;
  expected.outcome = outcome;
  expected.min = min;
  expected.max = max;
  scenario.expectations.push_back(expected);
}

void expect_all_delivered(Scenario& scenario, const std::string& type, std::uint64_t at_least) {
  expect_outcome(scenario, type, "delivered", at_least, Expectation::unlimited);
  for (const char* other : {"expired", "queue_full", "circuit_open", "unreachable", "overloaded", "refused", "unknown"})
    expect_outcome(scenario, type, other, 0, 0);
}

// Nothing happens to anybody, but that clocks run at rates of their own and wall clocks step.
Scenario steady(std::uint64_t seed) {
  Random random{seed};
  Scenario scenario = stage(seed, 3, Duration{20'000 * ms});
  scenario.streams = {stream("Note", {}, {}, Duration{10 * ms}, Duration{400 * ms}),
                      stream("Query", {}, {}, Duration{40 * ms}, Duration{400 * ms})};
  scenario.streams[1].request = true;
  for (const std::string& name : scenario.nodes) {
    Fault rate = fault("clock_rate", Duration{1'500 * ms});
    rate.on = {name};
    rate.ppm = random.between(-20'000, 20'000);
    scenario.faults.push_back(rate);
  }
  for (std::int64_t i = 0; i < 4; ++i) {
    Fault step = fault("wall_step", Duration{(3'000 + 4'000 * i) * ms});
    step.on = {scenario.nodes[random.below(3)]};
    step.by = Duration{random.between(1, 600'000) * ms};
    scenario.faults.push_back(step);
  }
  expect_all_delivered(scenario, "Note", 5'000);
  expect_all_delivered(scenario, "Query", 1'000);
  expect(scenario, ExpectKind::rest, Duration{5'000 * ms});
  return scenario;
}

// Eleven nodes look for a twelfth, which refuses them all.
Scenario herd(std::uint64_t seed) {
  Scenario scenario = stage(seed, 12, Duration{16'000 * ms});
  Fault crash = fault("crash", Duration{3'000 * ms}, Duration{9'000 * ms});
  crash.on = {"n1"};
  crash.how = sim::ProcessEnd::with_reset;
  scenario.faults = {crash};
  expect(scenario, ExpectKind::recovery, Duration{20'000 * ms});
  return scenario;
}

// Their waits have grown to a second when it is looked: about twenty dials a second, spread.
void herd_watched(sim::World& world, sim::Watch& watch) {
  struct Counts {
    sim::DialWatch at_once{Duration{10 * ms}};
    sim::DialWatch per_second{Duration{1'000 * ms}};
    std::uint64_t seen = 0;
    bool counting = false;
  };
  const auto counts = std::make_shared<Counts>();
  world.on_event([&world, counts] {
    const std::uint64_t dials = world.network().dials();
    const std::uint64_t fresh = dials - std::exchange(counts->seen, dials);
    if (fresh == 0 || !counts->counting) return;
    counts->at_once.dialled(fresh, world.now());
    counts->per_second.dialled(fresh, world.now());
  });
  world.after(Duration{6'000 * ms}, [counts] { counts->counting = true; });
  world.after(Duration{11'900 * ms}, [&watch, counts] {
    counts->counting = false;
    const auto accuse = [&watch](const sim::DialWatch& dials, std::uint64_t most) {
      if (dials.peak() <= most) return;
      watch.accuse({sim::Invariant::backoff,
                    {},
                    std::to_string(dials.peak()) + " dials of eleven nodes within " +
                        std::to_string(dials.window().count() / ms) + " ms, at most " + std::to_string(most)});
    };
    accuse(counts->at_once, 8);
    accuse(counts->per_second, 60);
  });
}

// A process that lost its disk and finds its wall clock set back comes as an older incarnation.
Scenario old_process(std::uint64_t seed) {
  Random random{seed};
  Scenario scenario = stage(seed, 3, Duration{12'000 * ms});
  scenario.streams = {stream("Note", {}, {}, Duration{20 * ms}, Duration{1'000 * ms})};
  Fault back = fault("wall_step", Duration{3'000 * ms});
  back.on = {"n2"};
  back.by = Duration{-3'600'000 * ms};
  Fault crash = fault("crash", Duration{random.between(3'500, 5'000) * ms}, Duration{random.between(50, 2'000) * ms});
  crash.on = {"n2"};
  crash.keep_disk = false;
  scenario.faults = {back, crash};
  return scenario;
}

// What came is handled, its verdicts are lost, and then everything breaks and is resumed.
Scenario lost_verdicts(std::uint64_t seed) {
  Random random{seed};
  Scenario scenario = stage(seed, 2, Duration{20'000 * ms});
  scenario.streams = {stream("Note", "n1", "n2", Duration{3 * ms}, Duration{500 * ms})};
  for (std::int64_t i = 0; i < 4; ++i) {
    const Duration at{(2'500 + 4'000 * i) * ms};
    const Duration span{random.between(300, 520) * ms};
    Fault cut = fault("one_way", at, span);
    cut.from = {"n2"};
    cut.to = {"n1"};
    Fault reset = fault("reset", at + span + Duration{1});
    reset.from = {"n1"};
    reset.to = {"n2"};
    scenario.faults.push_back(cut);
    scenario.faults.push_back(reset);
  }
  expect(scenario, ExpectKind::rest, Duration{5'000 * ms});
  return scenario;
}

// All credit goes to messages whose verdicts are held up until they have ended: the last of them is sent again, for its
// credit, and the other one has it already.
Scenario buried(std::uint64_t seed) {
  Random random{seed};
  Scenario scenario = stage(seed, 2, Duration{8'000 * ms});
  scenario.config["bounds.channel_messages"] = std::int64_t{64};
  scenario.config["breaker.consecutive_failures"] = std::int64_t{1'000};
  scenario.config["breaker.calls_min"] = std::int64_t{100'000};
  scenario.streams = {stream("Note", "n1", "n2", Duration{2 * ms}, Duration{150 * ms})};
  for (std::int64_t i = 0; i < 2; ++i) {
    Fault hold = fault("hold", Duration{(2'500 + 2'500 * i) * ms}, Duration{random.between(400, 500) * ms});
    hold.from = {"n2"};
    hold.to = {"n1"};
    hold.both = false;
    scenario.faults.push_back(hold);
  }
  expect(scenario, ExpectKind::rest, Duration{10'000 * ms});
  return scenario;
}

// One stops on purpose while messages are on their way to it: its goodbye says which of them it took.
Scenario leave(std::uint64_t seed) {
  Random random{seed};
  Scenario scenario = stage(seed, 2, Duration{8'000 * ms});
  sim::Link link;
  link.delay = Spread::uniform(15 * ms, 20 * ms);
  scenario.links = {link};
  scenario.streams = {stream("Note", "n1", "n2", Duration{2 * ms}, Duration{2'000 * ms})};
  Fault stop = fault("stop", Duration{random.between(3'000, 4'000) * ms}, Duration{1'000 * ms});
  stop.on = {"n2"};
  scenario.faults = {stop};
  expect_outcome(scenario, "Note", "unreachable", 1, Expectation::unlimited);
  expect_outcome(scenario, "Note", "unknown", 0, 0);
  return scenario;
}

// One sends in floods, the other takes its time and has little room.
Scenario narrow(std::uint64_t seed) {
  Scenario scenario = stage(seed, 2, Duration{10'000 * ms});
  scenario.node["n2"].config["bounds.channel_messages"] = std::int64_t{64};
  Stream flood = stream("Note", "n1", "n2", Duration{200 * ms}, Duration{4'000 * ms});
  flood.arrival = Arrival::burst;
  flood.burst = 100;
  flood.work = Duration{30 * ms};
  scenario.streams = {flood};
  expect(scenario, ExpectKind::rest, Duration{10'000 * ms});
  return scenario;
}

// What waits for its handler waits too long.
Scenario late(std::uint64_t seed) {
  Random random{seed};
  Scenario scenario = stage(seed, 2, Duration{10'000 * ms});
  Stream burst = stream("Note", "n1", "n2", Duration{2'000 * ms}, Duration{500 * ms});
  burst.arrival = Arrival::burst;
  burst.burst = 30;
  burst.work = Duration{random.between(30, 60) * ms};
  scenario.streams = {burst};
  expect(scenario, ExpectKind::rest, Duration{10'000 * ms});
  return scenario;
}

// More than a channel may hold, for a peer that takes its time.
Scenario flood(std::uint64_t seed) {
  Scenario scenario = stage(seed, 2, Duration{8'000 * ms});
  scenario.config["bounds.channel_messages"] = std::int64_t{32};
  Stream flood = stream("Note", "n1", "n2", Duration{200 * ms}, Duration{3'000 * ms});
  flood.arrival = Arrival::burst;
  flood.burst = 60;
  flood.work = Duration{20 * ms};
  scenario.streams = {flood};
  expect(scenario, ExpectKind::rest, Duration{10'000 * ms});
  return scenario;
}

// Messages larger than their channel, over a line that is slow and breaks.
Scenario large(std::uint64_t seed) {
  Random random{seed};
  Scenario scenario = stage(seed, 2, Duration{15'000 * ms});
  scenario.config["bounds.channel_bytes"] = 64 * kib;
  scenario.config["bounds.chunk_bytes"] = 16 * kib;
  scenario.config["bounds.batch_bytes"] = 16 * kib;
  scenario.config["bounds.lane_window_bytes"] = 32 * kib;
  sim::Link link;
  link.rate = 1u << 20;
  scenario.links = {link};
  Stream blobs = stream("Blob", "n1", "n2", Duration{250 * ms}, Duration{3'000 * ms});
  blobs.size = Spread::uniform(50'000, 200'000);
  scenario.streams = {blobs};
  for (std::int64_t i = 0; i < 8; ++i) {
    Fault reset = fault("reset", Duration{(2'000 + 1'500 * i + random.between(0, 1'000)) * ms});
    reset.from = {"n1"};
    reset.to = {"n2"};
    scenario.faults.push_back(reset);
  }
  Fault calm = fault("calm", Duration{14'900 * ms});
  scenario.faults.push_back(calm);
  expect(scenario, ExpectKind::recovery, Duration{20'000 * ms});
  expect(scenario, ExpectKind::rest, Duration{10'000 * ms});
  return scenario;
}

// More is ready to leave than a lane may have under way, on a line that does not take it.
Scenario stuffed(std::uint64_t seed) {
  Scenario scenario = stage(seed, 2, Duration{6'000 * ms});
  scenario.config["bounds.lane_window_bytes"] = 128 * kib;
  scenario.config["bounds.batch_bytes"] = 16 * kib;
  scenario.config["bounds.chunk_bytes"] = 16 * kib;
  sim::Link link;
  link.rate = 1u << 20;
  link.buffer = 16u << 20;
  scenario.links = {link};
  Stream blobs = stream("Blob", "n1", "n2", Duration{200 * ms}, Duration{3'000 * ms});
  blobs.size = Spread::constant(12'000);
  blobs.arrival = Arrival::burst;
  blobs.burst = 60;
  scenario.streams = {blobs};
  expect(scenario, ExpectKind::rest, Duration{10'000 * ms});
  return scenario;
}

// Two types from n2 to n1 fail until n2's breaker for n1 opens; n1 asks n2 all the while, and is answered.
Scenario answers(std::uint64_t seed) {
  Scenario scenario = stage(seed, 2, Duration{15'000 * ms});
  for (const char* type : {"Query", "Job"}) {
    Stream failing = stream(type, "n2", "n1", Duration{30 * ms}, Duration{200 * ms});
    failing.request = true;
    failing.work = Duration{1'000 * ms};
    scenario.streams.push_back(failing);
  }
  Stream asked = stream("Order", "n1", "n2", Duration{25 * ms}, Duration{1'000 * ms});
  asked.request = true;
  scenario.streams.push_back(asked);
  expect_all_delivered(scenario, "Order", 400);
  expect(scenario, ExpectKind::rest, Duration{10'000 * ms});
  return scenario;
}

// Requests whose handlers fail, many of them.
Scenario failing(std::uint64_t seed) {
  Scenario scenario = stage(seed, 2, Duration{10'000 * ms});
  Stream asked = stream("Query", "n1", "n2", Duration{10 * ms}, Duration{1'000 * ms});
  asked.request = true;
  asked.failing = 900'000;
  scenario.streams = {asked};
  expect(scenario, ExpectKind::rest, Duration{10'000 * ms});
  return scenario;
}

Scenario with_arbiter(std::uint64_t seed, Duration length, std::int64_t heartbeat, std::int64_t lease) {
  Scenario scenario = stage(seed, 3, length);
  scenario.config["strategy"] = std::string{"arbiter"};
  scenario.config["detector.heartbeat"] = heartbeat;
  scenario.config["detector.acceptable_pause"] = 2 * heartbeat;
  scenario.config["isolation.lease"] = lease;
  scenario.config["isolation.stable_after"] = std::int64_t{20 * ms};
  scenario.streams = {stream("Note", {}, {}, Duration{50 * ms}, Duration{400 * ms})};
  return scenario;
}

Fault parted(Duration at, Duration lasts) {
  Fault cut = fault("partition", at, lasts);
  cut.groups = {{"n1", "n2"}, {"n3"}};
  return cut;
}

// The others want n3 dropped, which reaches the arbiter at first, and later does not.
Scenario asked_in_vain(std::uint64_t seed) {
  Random random{seed};
  Scenario scenario = with_arbiter(seed, Duration{20'000 * ms}, 100 * ms, 1'000 * ms);
  for (std::int64_t i = 0; i < 4; ++i) {
    const Duration at{(4'000 + 4'000 * i + random.between(0, 500)) * ms};
    scenario.faults.push_back(parted(at, Duration{2'000 * ms}));
    if (i % 2 == 0) continue;
    Fault off = fault("arbiter_cut", at, Duration{2'000 * ms});
    off.on = {"n3"};
    scenario.faults.push_back(off);
  }
  expect(scenario, ExpectKind::recovery, Duration{20'000 * ms});
  return scenario;
}

}  // namespace

const std::vector<Plot>& plots() {
  static const std::vector<Plot> all{{"steady", &steady},
                                     {"herd", &herd, &herd_watched},
                                     {"old_process", &old_process},
                                     {"lost_verdicts", &lost_verdicts},
                                     {"narrow", &narrow},
                                     {"late", &late},
                                     {"leave", &leave},
                                     {"buried", &buried},
                                     {"flood", &flood},
                                     {"large", &large},
                                     {"stuffed", &stuffed},
                                     {"answers", &answers},
                                     {"failing", &failing},
                                     {"asked_in_vain", &asked_in_vain}};
  return all;
}

}  // namespace hawser::mutants
