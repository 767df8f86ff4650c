#include <hawser/sim/generate.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/random.hpp>
#include <hawser/sim/draw.hpp>
#include <hawser/sim/generate_isolation.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace hawser::sim {
namespace {

constexpr std::uint64_t generate_stream = 0x67656e6572617465ULL;
constexpr std::uint64_t strategy_stream = 0x7374726174656779ULL;
constexpr Duration calm_first{1'500'000};  // so that the nodes have met
constexpr Duration calm_last{1'000'000};   // between the general relief and the end
constexpr Duration shortest{200'000};
constexpr Duration longest{6'000'000};
constexpr std::int64_t ms = 1'000;

void a_pair(const Draw& draw, Fault& fault) {
  fault.from = {draw.node()};
  fault.to = {draw.other_than(fault.from.front())};
}

// Of one link, of all links of one node, or of all.
void some_links(const Draw& draw, Fault& fault) {
  const std::uint64_t dice = draw.random.below(4);
  if (dice == 0) return;
  fault.from = {draw.node()};
  if (dice == 1) return;
  fault.to = {draw.other_than(fault.from.front())};
  fault.both = draw.coin();
}

void sides(const Draw& draw, Fault& fault) {
  // Never all on one side: the first node drawn is here, the second one there.
  const std::string here = draw.node();
  const std::string there = draw.other_than(here);
  fault.groups.resize(2);
  for (const std::string& name : draw.scenario.nodes) {
    const bool left = name == here || (name != there && draw.coin());
    fault.groups[left ? 0 : 1].push_back(name);
  }
}

void any_node(const Draw& draw, Fault& fault) { fault.on = {draw.node()}; }
void unstable_node(const Draw& draw, Fault& fault) { fault.on = {draw.unstable()}; }

template <std::uint32_t Fault::*Millionths, std::uint32_t Most>
void some_tampering(const Draw& draw, Fault& fault) {
  some_links(draw, fault);
  fault.*Millionths = draw.chance(100, Most);
}

// What a seed may choose from.
constexpr std::array kinds{
    FaultKind{"partition", true,
              [](const Draw& draw, Fault& fault) {
                sides(draw, fault);
                fault.cut = static_cast<Cut>(draw.random.below(4));
              }},
    FaultKind{"isolate", true,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                fault.cut = static_cast<Cut>(draw.random.below(4));
              }},
    FaultKind{"swizzle", true,
              [](const Draw& draw, Fault& fault) {
                fault.on = draw.some(draw.scenario.nodes, 0);
                fault.cut = static_cast<Cut>(draw.random.below(3));
              }},
    FaultKind{"one_way", true, &a_pair},
    FaultKind{"flap", true,
              [](const Draw& draw, Fault& fault) {
                a_pair(draw, fault);
                fault.down = Duration{draw.between(50, 600) * ms};
                fault.up = Duration{draw.between(50, 600) * ms};
                fault.lasts = std::max(fault.lasts, fault.down + fault.up);
              }},
    FaultKind{"hold", true,
              [](const Draw& draw, Fault& fault) {
                a_pair(draw, fault);
                fault.both = draw.coin();
              }},
    FaultKind{"delay", true,
              [](const Draw& draw, Fault& fault) {
                some_links(draw, fault);
                fault.delay = Spread::uniform(draw.between(1, 20) * ms, draw.between(20, 60) * ms);
              }},
    FaultKind{"loss", true,
              [](const Draw& draw, Fault& fault) {
                some_links(draw, fault);
                fault.loss = draw.chance(1'000, 20'000);
              }},
    FaultKind{"burst", true,
              [](const Draw& draw, Fault& fault) {
                some_links(draw, fault);
                fault.enter = draw.chance(1'000, 10'000);
                fault.leave = draw.chance(100'000, 500'000);
                fault.loss = draw.chance(10'000, 100'000);
                fault.extra_delay = Duration{draw.between(0, 20) * ms};
              }},
    FaultKind{"rate", true,
              [](const Draw& draw, Fault& fault) {
                some_links(draw, fault);
                fault.rate = static_cast<std::uint64_t>(draw.between(64, 1024)) << 10;
                fault.buffer = static_cast<std::uint64_t>(draw.between(64, 1024)) << 10;
              }},
    FaultKind{"mtu_hole", true,
              [](const Draw& draw, Fault& fault) {
                some_links(draw, fault);
                fault.frame_bytes_max = static_cast<std::uint64_t>(draw.between(1, 60)) << 10;
              }},
    FaultKind{"lane_loss", true,
              [](const Draw& draw, Fault& fault) {
                some_links(draw, fault);
                fault.lane = static_cast<LaneClass>(draw.random.below(3));
              }},
    FaultKind{"lane_stall", true,
              [](const Draw& draw, Fault& fault) {
                some_links(draw, fault);
                fault.lane = static_cast<LaneClass>(draw.random.below(3));
              }},
    FaultKind{"type_loss", true,
              [](const Draw& draw, Fault& fault) {
                some_links(draw, fault);
                fault.type = draw.type();
              }},
    FaultKind{"gateway", true,
              [](const Draw& draw, Fault& fault) {
                fault.on = draw.some(draw.scenario.nodes, 1);
                fault.rate = static_cast<std::uint64_t>(draw.between(128, 2048)) << 10;
                fault.buffer = static_cast<std::uint64_t>(draw.between(64, 1024)) << 10;
              }},
    FaultKind{"syn_drop", true, &a_pair},
    FaultKind{"duplicate", true, &some_tampering<&Fault::duplicate, 20'000>},
    FaultKind{"replay", true, &some_tampering<&Fault::replay, 20'000>},
    FaultKind{"corrupt", true, &some_tampering<&Fault::corrupt, 5'000>},
    FaultKind{"truncate", true, &some_tampering<&Fault::truncate, 5'000>},
    FaultKind{"tamper", true,
              [](const Draw& draw, Fault& fault) {
                some_links(draw, fault);
                fault.duplicate = draw.chance(0, 5'000);
                fault.replay = draw.chance(0, 5'000);
                fault.corrupt = draw.chance(0, 2'000);
                fault.truncate = draw.chance(0, 2'000);
              }},
    FaultKind{"reset", false,
              [](const Draw& draw, Fault& fault) {
                a_pair(draw, fault);
                fault.notice = static_cast<Notice>(draw.random.below(3));
              }},
    FaultKind{"established_drop", false, &a_pair},
    FaultKind{"refuse", true, &any_node},
    FaultKind{"misroute", true,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                fault.instead = draw.other_than(fault.on.front());
              }},
    FaultKind{"descriptors", true,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                fault.limit = static_cast<std::uint64_t>(draw.between(0, 20));
              }},
    FaultKind{"crash", true,
              [](const Draw& draw, Fault& fault) {
                unstable_node(draw, fault);
                fault.how = draw.coin() ? ProcessEnd::silent : ProcessEnd::with_reset;
                fault.keep_disk = draw.random.below(3) != 0;
              }},
    FaultKind{"restart", false, &unstable_node},
    FaultKind{"stop", true, &unstable_node},
    FaultKind{"pause", true, &unstable_node},
    FaultKind{"kill_storm", true,
              [](const Draw& draw, Fault& fault) {
                fault.on = draw.unstable_ones();
                fault.down = Duration{draw.between(50, 1'500) * ms};
                fault.lasts = std::max(fault.lasts, fault.down + shortest);
              }},
    FaultKind{"rolling_restart", false,
              [](const Draw& draw, Fault& fault) {
                fault.on = draw.unstable_ones();
                fault.down = Duration{draw.between(50, 500) * ms};
                fault.up = Duration{draw.between(1, 2'000) * ms};
              }},
    FaultKind{"cold_start", true, [](const Draw&, Fault&) {}, &spares_nobody},
    FaultKind{"move", false,
              [](const Draw& draw, Fault& fault) {
                unstable_node(draw, fault);
                fault.port = static_cast<std::uint64_t>(draw.between(7'001, 7'999));
                fault.keep_disk = draw.random.below(3) != 0;
              }},
    FaultKind{"twin", true, &unstable_node},
    FaultKind{"version_skew", true,
              [](const Draw& draw, Fault& fault) {
                unstable_node(draw, fault);
                fault.version_min = static_cast<std::uint64_t>(draw.between(1, 2));
                fault.version_max = static_cast<std::uint64_t>(draw.between(2, 4));
              }},
    FaultKind{"handler_stall", true,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                fault.type = draw.type();
              }},
    FaultKind{"fault_point", true,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                fault.point = static_cast<FaultPoint>(draw.random.below(fault_point_count));
                fault.chance = draw.chance(10'000, 500'000);
              }},
    FaultKind{"memory_limit", true,
              [](const Draw& draw, Fault& fault) {
                unstable_node(draw, fault);
                fault.held = static_cast<std::uint64_t>(draw.between(1, 256)) << 10;
              }},
    FaultKind{"clock_freeze", true, &any_node},
    FaultKind{"slow", true,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                fault.cost = Duration{draw.between(10, 500)};
              }},
    FaultKind{"clock_rate", true,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                fault.ppm = draw.between(-20'000, 20'000);
              }},
    FaultKind{"clock_step", false,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                fault.by = Duration{draw.between(1, 2'000) * ms};
              }},
    FaultKind{"wall_step", false,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                // Forward: a node that has lost its disk and finds its wall clock set back starts as an older
                // incarnation.
                fault.by = Duration{draw.between(1, 3'600'000) * ms};
              }},
    FaultKind{"timers_late", true,
              [](const Draw& draw, Fault& fault) {
                any_node(draw, fault);
                fault.late = Duration{draw.between(1, 20) * ms};
              }},
    FaultKind{"disk_lose", false, &any_node},
    FaultKind{"disk_tear", false, &any_node},
    // Of those that need not start again: a node with a full disk cannot.
    FaultKind{"disk_full", true, [](const Draw& draw, Fault& fault) { fault.on = {draw.stable()}; }, &spares_somebody},
};

// One of these, or the default.
template <std::size_t Size>
void sometimes(Scenario& scenario, Random& random, const char* key, const std::array<std::int64_t, Size>& values) {
  const std::uint64_t dice = random.below(3 * Size);
  if (dice < Size) scenario.config[key] = values[dice];
}

void configure(Scenario& scenario, Random& random) {
  constexpr std::int64_t kib = 1024;
  if (random.below(4) != 0) scenario.config["state_dir"] = std::string{"state"};
  if (random.below(3) == 0) {
    const std::int64_t heartbeat = random.between(2, 6) * 50 * ms;
    scenario.config["detector.heartbeat"] = heartbeat;
    scenario.config["detector.acceptable_pause"] = heartbeat * random.between(2, 4);
  }
  sometimes<2>(scenario, random, "reconnect.base", {50 * ms, 300 * ms});
  sometimes<2>(scenario, random, "reconnect.stable_after", {1'000 * ms, 3'000 * ms});
  sometimes<2>(scenario, random, "bounds.channel_messages", {16, 256});
  sometimes<2>(scenario, random, "bounds.channel_bytes", {64 * kib, 256 * kib});
  sometimes<2>(scenario, random, "bounds.batch_bytes", {8 * kib, 32 * kib});
  sometimes<2>(scenario, random, "bounds.chunk_bytes", {16 * kib, 32 * kib});
  sometimes<2>(scenario, random, "breaker.consecutive_failures", {3, 10});
  sometimes<2>(scenario, random, "breaker.open_for", {300 * ms, 2'000 * ms});
}

void connect(Scenario& scenario, Random& random) {
  if (random.below(3) != 0) return;
  Link link;
  const std::uint64_t dice = random.below(4);
  if (dice == 0) link.delay = Spread::uniform(1 * ms, 5 * ms);
  if (dice == 1) link.delay = Spread{Spread::Shape::lognormal, 200, 1 * ms, 30 * ms, 800, {}};
  if (dice == 2) link.delay = Spread{Spread::Shape::exponential, 100, 2 * ms, 40 * ms, 0, {}};
  if (dice == 3) link.rate = 4u << 20;
  scenario.links.push_back(link);
}

// Requests that take a node more time than there is fail for ever, fault or none, and their breaker never closes.
Duration bearable(const Scenario& scenario, const Stream& stream) {
  const std::uint64_t senders = stream.share == Share::each ? std::max<std::uint64_t>(scenario.nodes.size(), 2) - 1 : 1;
  return stream.every / static_cast<std::int64_t>(3 * std::max<std::uint64_t>(stream.burst, 1) * senders);
}

void talk(Scenario& scenario, Random& random) {
  const Draw draw{random, scenario};
  static constexpr std::array<std::string_view, 6> types{"Note", "Order", "Blob", "Query", "Signal", "Job"};
  const std::uint64_t streams = 1 + random.below(3);
  const std::uint64_t first = random.below(types.size());
  for (std::uint64_t i = 0; i < streams; ++i) {
    Stream stream;
    stream.type = types[(first + i) % types.size()];
    stream.request = random.below(3) == 0;
    stream.arrival = static_cast<Arrival>(random.below(3));
    stream.share = static_cast<Share>(random.below(3));
    stream.every = Duration{draw.between(50, 400) * ms};
    if (stream.arrival == Arrival::burst) {
      stream.burst = static_cast<std::uint64_t>(draw.between(2, 12));
      stream.every *= 2;
    }
    if (random.below(3) == 0) stream.from = {draw.node()};
    stream.ttl = Duration{draw.between(200, 3'000) * ms};
    stream.size = Spread::uniform(0, draw.between(1, 2'000));
    if (random.below(6) == 0) {  // cut into pieces
      stream.size = Spread::uniform(50'000, 150'000);
      stream.every = Duration{draw.between(500, 900) * ms};
      stream.arrival = Arrival::constant;
    }
    if (random.below(4) == 0) stream.work = Duration{draw.between(1, 30) * ms};
    if (stream.request) stream.work = std::min(stream.work, bearable(scenario, stream));
    if (random.below(4) == 0) stream.failing = draw.chance(1'000, 30'000);
    scenario.streams.push_back(std::move(stream));
  }
}

// The kinds that this seed allows. With a strategy half of them are those that try it.
std::vector<const FaultKind*> allowed(const Scenario& scenario, Random& random, bool gated) {
  std::vector<const FaultKind*> enabled;
  const auto consider = [&](const FaultKind& kind, std::uint64_t one_of) {
    const bool possible = kind.possible == nullptr || kind.possible(scenario);
    if (random.below(one_of) == 0 && possible) enabled.push_back(&kind);
  };
  for (const FaultKind& kind : kinds) {
    if (!gated || within_assumptions(kind.verb)) consider(kind, gated ? 8 : 4);
  }
  if (gated) {
    for (const FaultKind& kind : isolation_fault_kinds()) consider(kind, 2);
  }
  if (enabled.empty()) enabled.push_back(&kinds.front());
  return enabled;
}

void suffer(Scenario& scenario, Random& random, std::uint32_t most, bool gated) {
  const Draw draw{random, scenario};
  const std::vector<const FaultKind*> enabled = allowed(scenario, random, gated);
  const Duration end = scenario.length - calm_last;
  if (gated && draw.coin()) skew_clocks(scenario, random);
  const std::uint64_t count = 1 + random.below(std::max(most, 1U));
  for (std::uint64_t i = 0; i < count; ++i) {
    const FaultKind& kind = *enabled[random.below(enabled.size())];
    Fault fault;
    fault.verb = kind.verb;
    if (kind.lasts) fault.lasts = random.between(shortest, std::min(longest, end - calm_first));
    kind.fill(draw, fault);
    fault.at = random.between(calm_first, std::max(end - fault.lasts, calm_first));
    scenario.faults.push_back(std::move(fault));
  }
  std::stable_sort(scenario.faults.begin(), scenario.faults.end(),
                   [](const Fault& a, const Fault& b) { return a.at < b.at; });
  Fault calm;
  calm.verb = "calm";
  // After everything that was planned for the same instant, a flap's last one included.
  calm.at = end + Duration{1};
  scenario.faults.push_back(std::move(calm));
}

void expect(Scenario& scenario) {
  // A dial that was refused again and again waits longer than one that met silence.
  Expectation recovery;
  recovery.kind = ExpectKind::recovery;
  recovery.within = Duration{60'000'000};
  Expectation rest;
  rest.kind = ExpectKind::rest;
  rest.within = Duration{10'000'000};
  scenario.expectations = {recovery, rest};
}

}  // namespace

Scenario generate(std::uint64_t seed, const GenerateOptions& options) {
  HAWSER_ASSERT(options.nodes_min >= 2 && options.nodes_min <= options.nodes_max, "a generated cluster has two nodes");
  HAWSER_ASSERT(options.length_min >= calm_first + calm_last + 2 * shortest && options.length_min <= options.length_max,
                "a generated timeline has room for its faults");
  Random random{seed ^ generate_stream};
  Scenario scenario;
  scenario.name = "seed " + std::to_string(seed);
  scenario.seed = seed;
  scenario.length = random.between(options.length_min, options.length_max);
  // Of its own, so that a seed without a strategy stands for what it would without any.
  Random choice{seed ^ strategy_stream};
  const bool gated = choice.chance(options.gated);
  const std::uint32_t nodes_max = gated ? std::max(options.nodes_max, options.gated_nodes_max) : options.nodes_max;
  const auto nodes = static_cast<std::uint64_t>(random.between(options.nodes_min, nodes_max));
  for (std::uint64_t i = 1; i <= nodes; ++i) scenario.nodes.push_back("n" + std::to_string(i));
  // Now and then nobody is spared: then all of them may go at once.
  const std::uint64_t stable = random.below(gated ? 3 : 6) == 0 ? 0 : 1 + random.below(nodes - 1);
  for (std::uint64_t i = 0; i < stable; ++i) scenario.stable.push_back(scenario.nodes[i]);
  configure(scenario, random);
  if (gated) choose_strategy(scenario, choice);
  connect(scenario, random);
  talk(scenario, random);
  suffer(scenario, random, options.faults_max, gated);
  expect(scenario);
  return scenario;
}

}  // namespace hawser::sim
