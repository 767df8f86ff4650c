#include <hawser/sim/generate_isolation.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace hawser::sim {
namespace {

constexpr std::int64_t one_ms = 1'000;
constexpr std::int64_t drift_ppm = 50'000;  // as the configuration has it by default
constexpr std::int64_t usual_heartbeat = 200 * one_ms;
constexpr std::int64_t usual_lease = 1'500 * one_ms;
constexpr std::int64_t longest_lease = 2'000 * one_ms;

std::int64_t setting(const Scenario& scenario, const char* key, std::int64_t otherwise) {
  const auto found = scenario.config.find(key);
  return found == scenario.config.end() ? otherwise : std::get<std::int64_t>(found->second);
}

std::int64_t lease_of(const Scenario& scenario) { return setting(scenario, "isolation.lease", usual_lease); }

void names_into(std::string& text, const Names& names) {
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
}

void majority(Scenario& scenario, Random& random) {
  const Draw draw{random, scenario};
  const std::uint64_t dice = random.below(3);
  if (dice == 1) {
    std::string weights;
    for (const std::string& name : draw.some(scenario.nodes, 0)) {
      weights += (weights.empty() ? "" : " ") + name + '=' + std::to_string(draw.between(2, 4));
    }
    scenario.config["isolation.weights"] = weights;
  } else if (dice == 2) {
    std::string voters;
    Names chosen = draw.some(scenario.nodes, 0);
    while (chosen.size() < 2) chosen = draw.some(scenario.nodes, 0);
    names_into(voters, chosen);
    scenario.config["isolation.voters"] = voters;
  }
}

void times(Scenario& scenario, Random& random) {
  const Draw draw{random, scenario};
  if (random.below(4) == 0 && scenario.nodes.size() <= 6) {
    scenario.config["detector.heartbeat"] = 50 * one_ms;
    scenario.config["detector.acceptable_pause"] = draw.between(100, 200) * one_ms;
  }
  const std::int64_t heartbeat = setting(scenario, "detector.heartbeat", usual_heartbeat);
  if (draw.coin()) scenario.config["isolation.lease"] = std::min(heartbeat * draw.between(4, 10), longest_lease);
  // Far below the lease nothing but the rules' own waits stands between a grant and the next one.
  const std::uint64_t dice = random.below(4);
  if (dice == 0) scenario.config["isolation.stable_after"] = lease_of(scenario) * 2 / 3;
  if (dice == 1 || dice == 2) scenario.config["isolation.stable_after"] = lease_of(scenario) / draw.between(15, 40);
}

// Some of them against some others.
void two_groups(const Draw& draw, Fault& fault) {
  fault.from = draw.some(draw.scenario.nodes, 1);
  Names others;
  for (const std::string& name : draw.scenario.nodes) {
    if (std::find(fault.from.begin(), fault.from.end(), name) == fault.from.end()) others.push_back(name);
  }
  fault.to = draw.some(others, 0);
}

void up_to_three_sides(const Draw& draw, Fault& fault) {
  const std::size_t sides = draw.scenario.nodes.size() > 3 ? 2 + draw.random.below(2) : 2;
  fault.groups.resize(sides);
  // One for each side first; the rest as chance has it.
  std::size_t next = draw.random.below(sides);
  for (std::size_t i = 0; i < draw.scenario.nodes.size(); ++i) {
    const std::size_t side = i < sides ? next++ % sides : draw.random.below(sides);
    fault.groups[side].push_back(draw.scenario.nodes[i]);
  }
}

void longer_than_a_lease(const Draw& draw, Fault& fault) {
  const std::int64_t lease = lease_of(draw.scenario);
  const Duration wanted{draw.between(lease, 3 * lease)};
  fault.lasts = std::min(wanted, std::max(fault.lasts, Duration{lease}));
}

bool has_arbiter(const Scenario& scenario) {
  return std::get<std::string>(scenario.config.at("strategy")) == "arbiter";
}

constexpr std::array trying_kinds{
    FaultKind{"partition", true, &up_to_three_sides},
    FaultKind{"partition", true,  // one bad link, both ways
              [](const Draw& draw, Fault& fault) {
                const std::string one = draw.node();
                fault.groups = {{one}, {draw.other_than(one)}};
              }},
    FaultKind{"one_way", true, &two_groups},
    FaultKind{"hold", true,
              [](const Draw& draw, Fault& fault) {
                two_groups(draw, fault);
                fault.both = draw.coin();
              }},
    FaultKind{"flap", true,
              [](const Draw& draw, Fault& fault) {
                two_groups(draw, fault);
                const std::int64_t lease = lease_of(draw.scenario);
                fault.down = Duration{draw.between(lease / 8, lease)};
                fault.up = Duration{draw.between(lease / 8, lease)};
                fault.lasts = std::max(fault.lasts, fault.down + fault.up);
              }},
    FaultKind{"delay", true,  // rows, answers and proposals that come when others have moved on
              [](const Draw& draw, Fault& fault) {
                two_groups(draw, fault);
                fault.both = draw.coin();
                fault.delay = Spread::uniform(draw.between(1, 500) * one_ms, draw.between(500, 3'000) * one_ms);
              }},
    FaultKind{"duplicate", true,
              [](const Draw& draw, Fault& fault) {
                two_groups(draw, fault);
                fault.duplicate = draw.chance(10'000, 200'000);
              }},
    FaultKind{"replay", true,
              [](const Draw& draw, Fault& fault) {
                two_groups(draw, fault);
                fault.replay = draw.chance(10'000, 200'000);
              }},
    FaultKind{"pause", true,
              [](const Draw& draw, Fault& fault) {
                fault.on = {draw.unstable()};
                longer_than_a_lease(draw, fault);
              }},
    FaultKind{"clock_rate", true,
              [](const Draw& draw, Fault& fault) {
                fault.on = draw.some(draw.scenario.nodes, 0);
                fault.ppm = draw.coin() ? drift_ppm : -drift_ppm;
              }},
    FaultKind{"crash", true,
              [](const Draw& draw, Fault& fault) {
                fault.on = draw.unstable_ones();
                fault.how = draw.coin() ? ProcessEnd::silent : ProcessEnd::with_reset;
                fault.keep_disk = draw.coin();
              }},
    FaultKind{"restart", false,  // sooner than anybody has noticed
              [](const Draw& draw, Fault& fault) {
                fault.on = {draw.unstable()};
                fault.keep_disk = draw.coin();
              }},
    FaultKind{"stop", true,
              [](const Draw& draw, Fault& fault) {
                fault.on = {draw.unstable()};
                fault.keep_disk = draw.coin();
              }},
    FaultKind{"rolling_restart", false,
              [](const Draw& draw, Fault& fault) {
                fault.on = draw.unstable_ones();
                fault.down = Duration{draw.between(1, 300) * one_ms};
                fault.up = Duration{draw.between(1, lease_of(draw.scenario))};
              }},
    FaultKind{"cold_start", true, [](const Draw&, Fault&) {}, &spares_nobody},
    FaultKind{"arbiter_cut", true, [](const Draw& draw, Fault& fault) { fault.on = draw.some(draw.scenario.nodes, 0); },
              &has_arbiter},
    FaultKind{"arbiter_deaf", true,
              [](const Draw& draw, Fault& fault) { fault.on = draw.some(draw.scenario.nodes, 0); }, &has_arbiter},
    FaultKind{"arbiter_slow", true,
              [](const Draw& draw, Fault& fault) {
                fault.on = draw.some(draw.scenario.nodes, 0);
                fault.delay = Spread::uniform(draw.between(1, 200) * one_ms, draw.between(200, 2'000) * one_ms);
              },
              &has_arbiter},
};

}  // namespace

void choose_strategy(Scenario& scenario, Random& random) {
  const Draw draw{random, scenario};
  const auto nodes = static_cast<std::int64_t>(scenario.nodes.size());
  static constexpr std::array<const char*, 6> strategies{"keep_majority", "keep_majority", "static_quorum",
                                                         "keep_oldest",   "referee",       "arbiter"};
  const std::string strategy = strategies[random.below(strategies.size())];
  scenario.config["strategy"] = strategy;
  if (strategy == "keep_majority") majority(scenario, random);
  if (strategy == "static_quorum") scenario.config["isolation.quorum"] = draw.between(nodes / 2 + 1, nodes);
  if (strategy == "referee") scenario.config["isolation.referee"] = draw.node();
  if (random.below(3) == 0) {
    Names order = scenario.nodes;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    std::string members;
    names_into(members, order);
    scenario.config["isolation.members"] = members;
  }
  times(scenario, random);
}

std::span<const FaultKind> isolation_fault_kinds() { return trying_kinds; }

bool within_assumptions(std::string_view verb) noexcept {
  return verb != "clock_freeze" && verb != "clock_step" && verb != "twin";
}

void skew_clocks(Scenario& scenario, Random& random) {
  for (const std::string& name : scenario.nodes) {
    const std::uint64_t dice = random.below(3);
    Fault rate;
    rate.verb = "clock_rate";
    rate.at = Duration{1 * one_ms};
    rate.on = {name};
    rate.ppm = dice == 0 ? drift_ppm : dice == 1 ? -drift_ppm : random.between(-drift_ppm, drift_ppm);
    scenario.faults.push_back(std::move(rate));
  }
}

}  // namespace hawser::sim
