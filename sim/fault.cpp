// The table of verbs, and the general relief.
#include <hawser/sim/fault.hpp>

#include <hawser/sim/fault_rows.hpp>

#include <algorithm>

namespace hawser::sim {
namespace {

void calm_links(const FaultStage& stage) {
  for (const std::string& from : stage.scenario.nodes) {
    for (const std::string& to : stage.scenario.nodes) {
      if (from == to) continue;
      const Rule clean = rule_of(link_of(stage.scenario, from, to));
      stage.world.edit(from, to, Direction::there, {}, [&clean](Rule& rule) { rule = clean; });
    }
  }
}

void begin_calm(const FaultStage& stage, const Fault&) {
  World& world = stage.world;
  world.call_off();
  world.heal();
  calm_links(stage);
  for (const std::string& name : stage.scenario.nodes) {
    world.refuse(name, false);
    world.misroute(name, name);
    world.descriptors(name, all_sizes);
    world.slow(name, Duration::zero());
    world.timers_late(name, Duration::zero());
    world.clock_rate(name, 0);
    world.disk_full(name, false);
    world.memory_limit(name, 0);
    world.fault_points_off(name);
    world.arbiter_delay(name, ArbiterRule{}.there);
    world.resume(name);
    const bool fenced = end_twins(stage, name);
    end_skew(stage, name);
    if (fenced || !world.alive(name)) world.restart(name);
  }
}

}  // namespace

std::span<const FaultVerb> fault_verbs() {
  static const std::vector<FaultVerb> all = [] {
    std::vector<FaultVerb> verbs;
    for (const auto& rows : {link_fault_verbs(), node_fault_verbs()}) {
      verbs.insert(verbs.end(), rows.begin(), rows.end());
    }
    verbs.push_back({"calm", "", "",
                     "The general relief: every link as the scenario says, every node running, every fault undone.",
                     &begin_calm});
    return verbs;
  }();
  return all;
}

const FaultVerb* find_fault_verb(std::string_view name) {
  const auto verbs = fault_verbs();
  const auto found = std::find_if(verbs.begin(), verbs.end(), [&](const FaultVerb& verb) { return verb.name == name; });
  return found == verbs.end() ? nullptr : &*found;
}

}  // namespace hawser::sim
