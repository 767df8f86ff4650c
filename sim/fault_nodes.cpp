// What the verbs of processes, clocks and resources do to a world, and how each is undone.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/fault_rows.hpp>

#include <algorithm>
#include <array>

namespace hawser::sim {
namespace {

template <bool Refusing>
void refuse(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.refuse(name, Refusing); });
}
void begin_misroute(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.misroute(name, fault.instead); });
}
void end_misroute(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.misroute(name, name); });
}
void begin_descriptors(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.descriptors(name, fault.limit); });
}
void end_descriptors(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.descriptors(name, all_sizes); });
}

void begin_crash(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.crash(name, fault.how); });
}
void start_again(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) {
    if (!stage.world.alive(name)) stage.world.restart(name, fault.keep_disk);
  });
}
void begin_restart(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.restart(name, fault.keep_disk); });
}
void begin_stop(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.stop(name); });
}
// A stop that has not come to its end by then is cut short.
void end_stop(const FaultStage& stage, const Fault& fault) { begin_restart(stage, fault); }

void begin_pause(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.pause(name); });
}
void begin_resume(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.resume(name); });
}
void begin_slow(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.slow(name, fault.cost); });
}
void end_slow(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.slow(name, Duration::zero()); });
}

void begin_clock_rate(const FaultStage& stage, const Fault& fault) {
  each_node(fault,
            [&](const std::string& name) { stage.world.clock_rate(name, static_cast<std::int32_t>(fault.ppm)); });
}
void end_clock_rate(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.clock_rate(name, 0); });
}
void begin_clock_step(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.clock_step(name, fault.by); });
}
void begin_wall_step(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.wall_step(name, fault.by); });
}
void begin_timers_late(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.timers_late(name, fault.late); });
}
void end_timers_late(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.timers_late(name, Duration::zero()); });
}
void begin_disk_lose(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.disk_lose(name); });
}
void begin_disk_tear(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.disk_tear(name); });
}
template <bool Full>
void disk_full(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.disk_full(name, Full); });
}

void begin_kill_storm(const FaultStage& stage, const Fault& fault) {
  stage.world.kill_storm(fault.on, fault.lasts - fault.down, fault.down);
}
void begin_rolling_restart(const FaultStage& stage, const Fault& fault) {
  stage.world.rolling_restart(fault.on, fault.down, fault.up);
}
void begin_cold_start(const FaultStage& stage, const Fault& fault) { stage.world.cold_start(fault.lasts); }
void end_cold_start(const FaultStage& stage, const Fault&) {
  for (const std::string& name : stage.scenario.nodes) {
    if (!stage.world.alive(name)) stage.world.restart(name);
  }
}

// Those that run are told at once; those that start later read it in their configuration.
void begin_move(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) {
    const Endpoint there{name, static_cast<std::uint16_t>(fault.port)};
    stage.world.move(name, there, fault.keep_disk);
    for (const std::string& other : stage.scenario.nodes) {
      if (other == name || !stage.world.alive(other)) continue;
      Host& host = stage.world.at_host(other);
      host.at(host.now(), [&world = stage.world, other, name, there] {
        if (Node* const node = world.node_if(other)) node->set_endpoint(NodeId{name}, there);
      });
    }
  });
}

std::string twin_name(const FaultStage& stage, const std::string& of) {
  const std::vector<std::string> hosts = stage.world.hosts();
  std::string name = of + ".twin";
  for (int number = 2; std::find(hosts.begin(), hosts.end(), name) != hosts.end(); ++number) {
    name = of + ".twin" + std::to_string(number);
  }
  return name;
}

// Without traffic: what the scenario's nodes say and hear stays theirs.
void begin_twin(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) {
    const std::string twin = twin_name(stage, name);
    stage.world.twin(twin, name, {});
    for (const std::string& other : stage.scenario.nodes) {
      if (other == name) continue;
      const Rule there = rule_of(link_of(stage.scenario, name, other));
      const Rule back = rule_of(link_of(stage.scenario, other, name));
      stage.world.edit(twin, other, Direction::there, {}, [&there](Rule& rule) { rule = there; });
      stage.world.edit(other, twin, Direction::there, {}, [&back](Rule& rule) { rule = back; });
    }
  });
}
void end_twin(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) {
    if (end_twins(stage, name)) stage.world.restart(name);
  });
}

void begin_version_skew(const FaultStage& stage, const Fault& fault) {
  const VersionRange speaks{static_cast<std::uint8_t>(fault.version_min), static_cast<std::uint8_t>(fault.version_max)};
  each_node(fault, [&](const std::string& name) {
    stage.world.version_skew(name, speaks);
    stage.world.restart(name);
  });
}
void end_version_skew(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { end_skew(stage, name); });
}

template <bool Stalled>
void handler_stall(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.handler_stall(name, fault.type, Stalled); });
}
void begin_fault_point(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.fault_point(name, fault.point, fault.chance); });
}
void end_fault_point(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.fault_point(name, fault.point, 0); });
}
template <bool Frozen>
void clock_freeze(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.clock_freeze(name, Frozen); });
}
void begin_memory_limit(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.memory_limit(name, fault.held); });
}
void end_memory_limit(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) {
    stage.world.memory_limit(name, 0);
    if (!stage.world.alive(name)) stage.world.restart(name);
  });
}

void begin_join(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.join(name); });
}

template <bool Cut>
void arbiter_cut(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.arbiter_cut(name, Cut); });
}
template <bool Deaf>
void arbiter_deaf(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.arbiter_deaf(name, Deaf); });
}
void begin_arbiter_slow(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.arbiter_delay(name, fault.delay.delay()); });
}
void end_arbiter_slow(const FaultStage& stage, const Fault& fault) {
  each_node(fault, [&](const std::string& name) { stage.world.arbiter_delay(name, ArbiterRule{}.there); });
}

constexpr std::array node_rows{
    FaultVerb{"refuse", "on", "for", "New connections to them are refused.", &refuse<true>, &refuse<false>},
    FaultVerb{"misroute", "on instead", "for", "New connections to them end at another node.", &begin_misroute,
              &end_misroute},
    FaultVerb{"descriptors", "on limit", "for", "They can have so many connections.", &begin_descriptors,
              &end_descriptors},
    FaultVerb{"crash", "on", "for how keep_disk", "They are gone; started again at the end of `for`.", &begin_crash,
              &start_again, true},
    FaultVerb{
        "join", "on", "",
        "They were not there before, and no peers of anybody; they start, and those that run learn of them when they "
        "start again.",
        &begin_join},
    FaultVerb{"restart", "on", "keep_disk", "They start again, and crash first if they run.", &begin_restart, nullptr,
              true},
    FaultVerb{"stop", "on", "for keep_disk", "They stop on purpose; started again at the end of `for`.", &begin_stop,
              &end_stop, true},
    FaultVerb{"pause", "on", "for", "They stand still while their clocks go on and their kernels buffer.", &begin_pause,
              &begin_resume, true},
    FaultVerb{"resume", "on", "", "Ends a pause.", &begin_resume},
    FaultVerb{"kill_storm", "on for down", "",
              "Each loses power once, at a time of its own, and starts again `down` later; all within `for`.",
              &begin_kill_storm, &start_again, true},
    FaultVerb{"rolling_restart", "on down", "up",
              "Each in turn stops on purpose and starts again `down` later; the next one's turn comes after `up`.",
              &begin_rolling_restart, nullptr, true},
    FaultVerb{"cold_start", "for", "",
              "All nodes lose power at one instant, and start again together at the end of `for`.", &begin_cold_start,
              &end_cold_start, true},
    FaultVerb{"move", "on port", "keep_disk", "They start again at another port, and those that run are told where.",
              &begin_move, nullptr, true},
    FaultVerb{
        "twin", "on", "for",
        "On another machine a second process starts with the id of each; at the end it is gone, and the node that "
        "it has fenced starts again.",
        &begin_twin, &end_twin, true},
    FaultVerb{"version_skew", "on version_min version_max", "for",
              "They start again as a build that speaks these wire versions, and at the end as what they were.",
              &begin_version_skew, &end_version_skew, true},
    FaultVerb{"slow", "on cost", "for", "Each turn of theirs takes so long.", &begin_slow, &end_slow},
    FaultVerb{"clock_rate", "on ppm", "for", "Their clocks run fast or slow.", &begin_clock_rate, &end_clock_rate},
    FaultVerb{"clock_freeze", "on", "for", "Their steady clocks stand, and are behind afterwards.", &clock_freeze<true>,
              &clock_freeze<false>},
    FaultVerb{"clock_step", "on by", "", "Their steady clocks jump forward, as after a suspend.", &begin_clock_step},
    FaultVerb{"wall_step", "on by", "", "Their wall clocks are set.", &begin_wall_step},
    FaultVerb{"timers_late", "on late", "for", "Their timers fire up to so much late.", &begin_timers_late,
              &end_timers_late},
    FaultVerb{"memory_limit", "on held", "for",
              "Each that holds more is killed, with resets; those that were start again at the end of `for`.",
              &begin_memory_limit, &end_memory_limit, true},
    FaultVerb{"handler_stall", "on type", "for",
              "Messages of that type wait there, as behind a handler that does not end.", &handler_stall<true>,
              &handler_stall<false>},
    FaultVerb{"fault_point", "on point chance", "for", "A named point of the code fires with that chance.",
              &begin_fault_point, &end_fault_point},
    FaultVerb{"arbiter_cut", "on", "for", "Nothing passes between them and the arbiter.", &arbiter_cut<true>,
              &arbiter_cut<false>},
    FaultVerb{"arbiter_deaf", "on", "for", "What they ask the arbiter takes effect, and no answer comes.",
              &arbiter_deaf<true>, &arbiter_deaf<false>},
    FaultVerb{"arbiter_slow", "on delay", "for", "Each way between them and the arbiter takes so long.",
              &begin_arbiter_slow, &end_arbiter_slow},
    FaultVerb{"disk_lose", "on", "", "What they have stored is gone.", &begin_disk_lose},
    FaultVerb{"disk_tear", "on", "", "Their last write is torn.", &begin_disk_tear},
    FaultVerb{"disk_full", "on", "for", "They can store nothing.", &disk_full<true>, &disk_full<false>},
};

}  // namespace

std::span<const FaultVerb> node_fault_verbs() { return node_rows; }

bool end_twins(const FaultStage& stage, const std::string& name) {
  bool any = false;
  const Names& known = stage.scenario.nodes;
  for (const std::string& host : stage.world.hosts()) {
    const bool twin = host.starts_with(name + ".twin") && std::find(known.begin(), known.end(), host) == known.end();
    if (!twin || !stage.world.alive(host)) continue;
    stage.world.crash(host);
    any = true;
  }
  return any;
}

void end_skew(const FaultStage& stage, const std::string& name) {
  if (stage.world.at_host(name).speaks() == VersionRange{}) return;
  stage.world.version_skew(name, VersionRange{});
  stage.world.restart(name);
}

}  // namespace hawser::sim
