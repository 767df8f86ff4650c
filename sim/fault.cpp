// What each verb does to a world, and how it is undone.
#include <hawser/sim/fault.hpp>

#include <hawser/sim/scenario.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

namespace hawser::sim {
namespace {

constexpr std::size_t all_sizes = std::numeric_limits<std::size_t>::max();

bool names(const Names& group, const std::string& name) {
  return std::find(group.begin(), group.end(), name) != group.end();
}

// Calls visit(from, to, which) for every pair the fault names; a pair and its reverse once, when both are meant.
template <typename Visit>
void each_pair(const FaultStage& stage, const Fault& fault, Visit visit) {
  const Names& all = stage.scenario.nodes;
  const Names& sources = fault.from.empty() ? all : fault.from;
  const Names& targets = fault.to.empty() ? all : fault.to;
  for (const std::string& from : sources) {
    for (const std::string& to : targets) {
      if (from == to) continue;
      if (fault.both && to < from && names(sources, to) && names(targets, from)) continue;
      visit(from, to, fault.both ? Direction::both : Direction::there);
    }
  }
}

void heal_groups(const FaultStage& stage, const Fault& fault) {
  for (std::size_t i = 0; i < fault.groups.size(); ++i) {
    for (std::size_t j = i + 1; j < fault.groups.size(); ++j) {
      for (const std::string& one : fault.groups[i]) {
        for (const std::string& other : fault.groups[j]) stage.world.heal(one, other);
      }
    }
  }
}

void begin_partition(const FaultStage& stage, const Fault& fault) { stage.world.split(fault.groups, fault.cut); }

void begin_isolate(const FaultStage& stage, const Fault& fault) {
  for (const std::string& name : fault.on) stage.world.isolate(name, fault.cut);
}
void end_isolate(const FaultStage& stage, const Fault& fault) {
  for (const std::string& name : fault.on) {
    for (const std::string& other : stage.scenario.nodes) {
      if (other != name) stage.world.heal(name, other);
    }
  }
}

void begin_one_way(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction) { stage.world.one_way(from, to); });
}
void end_one_way(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction) {
    stage.world.edit(from, to, Direction::there, "heal", [](Rule& rule) { rule.cut = false; });
  });
}

void begin_heal(const FaultStage& stage, const Fault& fault) {
  if (fault.from.empty() && fault.to.empty()) return stage.world.heal();
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction) { stage.world.heal(from, to); });
}

void begin_flap(const FaultStage& stage, const Fault& fault) {
  const auto times = static_cast<std::uint32_t>(std::max<std::int64_t>(fault.lasts / (fault.down + fault.up), 1));
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction) {
    stage.world.flap(from, to, fault.down, fault.up, times);
  });
}
void end_flap(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction) { stage.world.heal(from, to); });
}

void begin_hold(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault,
            [&](const auto& from, const auto& to, Direction which) { stage.world.hold(from, to, which); });
}
void begin_release(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault,
            [&](const auto& from, const auto& to, Direction which) { stage.world.release(from, to, which); });
}

// Puts back what the scenario says of each of the links, by `take` from its rule.
void restore(const FaultStage& stage, const Fault& fault, std::string_view text,
             void (*take)(Rule& rule, const Link& link)) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction which) {
    const auto one = [&](const std::string& here, const std::string& there) {
      const Link link = link_of(stage.scenario, here, there);
      stage.world.edit(here, there, Direction::there, text, [&](Rule& rule) { take(rule, link); });
    };
    one(from, to);
    if (which == Direction::both) one(to, from);
  });
}

void begin_delay(const FaultStage& stage, const Fault& fault) {
  const Delay delay = fault.delay.delay();
  each_pair(stage, fault,
            [&](const auto& from, const auto& to, Direction which) { stage.world.delay(from, to, delay, which); });
}
void end_delay(const FaultStage& stage, const Fault& fault) {
  restore(stage, fault, "delay ends", [](Rule& rule, const Link& link) { rule.delay = link.delay.delay(); });
}

void begin_loss(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault,
            [&](const auto& from, const auto& to, Direction which) { stage.world.loss(from, to, fault.loss, which); });
}
void end_loss(const FaultStage& stage, const Fault& fault) {
  restore(stage, fault, "loss ends", [](Rule& rule, const Link& link) { rule.loss = link.loss; });
}

void begin_burst(const FaultStage& stage, const Fault& fault) {
  const Burst burst{fault.enter, fault.leave, fault.loss, fault.extra_delay};
  each_pair(stage, fault,
            [&](const auto& from, const auto& to, Direction which) { stage.world.burst(from, to, burst, which); });
}
void end_burst(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault,
            [&](const auto& from, const auto& to, Direction which) { stage.world.burst(from, to, Burst{}, which); });
}

void begin_rate(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction which) {
    stage.world.rate(from, to, fault.rate, fault.buffer, which);
  });
}
void end_rate(const FaultStage& stage, const Fault& fault) {
  restore(stage, fault, "rate ends", [](Rule& rule, const Link& link) {
    rule.bytes_per_second = link.rate;
    rule.buffer_bytes = link.buffer;
  });
}

void begin_mtu_hole(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction which) {
    stage.world.mtu_hole(from, to, fault.frame_bytes_max, which);
  });
}
void end_mtu_hole(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction which) {
    stage.world.mtu_hole(from, to, all_sizes, which);
  });
}

template <bool Lost>
void lane_loss(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction which) {
    stage.world.lane_loss(from, to, fault.lane, Lost, which);
  });
}

template <bool Dropped>
void syn_drop(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault,
            [&](const auto& from, const auto& to, Direction which) { stage.world.syn_drop(from, to, Dropped, which); });
}

void begin_tamper(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction which) {
    stage.world.edit(from, to, which, "tamper", [&](Rule& rule) {
      rule.duplicate = fault.duplicate;
      rule.replay = fault.replay;
      rule.corrupt = fault.corrupt;
      rule.truncate = fault.truncate;
    });
  });
}
void end_tamper(const FaultStage& stage, const Fault& fault) {
  restore(stage, fault, "tampering ends",
          [](Rule& rule, const Link&) { rule.duplicate = rule.replay = rule.corrupt = rule.truncate = 0; });
}

void begin_reset(const FaultStage& stage, const Fault& fault) {
  Fault once = fault;
  once.both = true;  // of connections, which have two ends
  each_pair(stage, once,
            [&](const auto& from, const auto& to, Direction) { stage.world.reset(from, to, fault.notice); });
}
void begin_established_drop(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction) { stage.world.established_drop(from, to); });
}

template <typename Visit>
void each_node(const Fault& fault, Visit visit) {
  for (const std::string& name : fault.on) visit(name);
}

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
    world.resume(name);
    if (!world.alive(name)) world.restart(name);
  }
}

// One row per verb: its name, the keys it must have, those it may have, what it does, the functions, and whether it
// stops or pauses processes.
constexpr std::array verbs{
    FaultVerb{"partition", "groups", "for cut", "Nothing passes between nodes of different groups.", &begin_partition,
              &heal_groups},
    FaultVerb{"isolate", "on", "for cut", "Nothing passes between these nodes and any other.", &begin_isolate,
              &end_isolate},
    FaultVerb{"one_way", "from to", "for", "Nothing passes from these to those; the other direction works.",
              &begin_one_way, &end_one_way},
    FaultVerb{"flap", "from to down up for", "", "Cut and healed in turn, beginning with a cut.", &begin_flap,
              &end_flap},
    FaultVerb{"heal", "", "from to", "Ends cuts and jams, of these links or of all.", &begin_heal},
    FaultVerb{"hold", "from to", "for both", "A jam: nothing arrives until the release, then everything does.",
              &begin_hold, &begin_release},
    FaultVerb{"release", "from to", "both", "Ends a jam.", &begin_release},
    FaultVerb{"delay", "delay", "for from to both", "Another delay.", &begin_delay, &end_delay},
    FaultVerb{"loss", "loss", "for from to both",
              "Segments are lost, which TCP makes a delay, and after eight tries a reset.", &begin_loss, &end_loss},
    FaultVerb{"burst", "enter leave", "for from to both loss extra_delay",
              "Bad times come and go (Gilbert and Elliott): then segments are lost or late.", &begin_burst, &end_burst},
    FaultVerb{"rate", "rate", "for from to both buffer", "The pair has so much bandwidth; a full buffer pushes back.",
              &begin_rate, &end_rate},
    FaultVerb{"mtu_hole", "frames_up_to", "for from to both",
              "Large frames get stuck with everything behind them; small ones pass.", &begin_mtu_hole, &end_mtu_hole},
    FaultVerb{"lane_loss", "lane", "for from to both", "A black hole for one lane.", &lane_loss<true>,
              &lane_loss<false>},
    FaultVerb{"syn_drop", "from to", "for both", "New connections hang; those that stand go on.", &syn_drop<true>,
              &syn_drop<false>},
    FaultVerb{"tamper", "", "for from to both duplicate replay corrupt truncate",
              "What no TCP does and broken middle boxes do.", &begin_tamper, &end_tamper},
    FaultVerb{"reset", "from to", "notice", "All connections between them end now.", &begin_reset},
    FaultVerb{"established_drop", "from to", "", "Connections die silently; new ones work.", &begin_established_drop},
    FaultVerb{"refuse", "on", "for", "New connections to them are refused.", &refuse<true>, &refuse<false>},
    FaultVerb{"misroute", "on instead", "for", "New connections to them end at another node.", &begin_misroute,
              &end_misroute},
    FaultVerb{"descriptors", "on limit", "for", "They can have so many connections.", &begin_descriptors,
              &end_descriptors},
    FaultVerb{"crash", "on", "for how keep_disk", "They are gone; started again at the end of `for`.", &begin_crash,
              &start_again, true},
    FaultVerb{"restart", "on", "keep_disk", "They start again, and crash first if they run.", &begin_restart, nullptr,
              true},
    FaultVerb{"stop", "on", "for keep_disk", "They stop on purpose; started again at the end of `for`.", &begin_stop,
              &end_stop, true},
    FaultVerb{"pause", "on", "for", "They stand still while their clocks go on and their kernels buffer.", &begin_pause,
              &begin_resume, true},
    FaultVerb{"resume", "on", "", "Ends a pause.", &begin_resume},
    FaultVerb{"slow", "on cost", "for", "Each turn of theirs takes so long.", &begin_slow, &end_slow},
    FaultVerb{"clock_rate", "on ppm", "for", "Their clocks run fast or slow.", &begin_clock_rate, &end_clock_rate},
    FaultVerb{"clock_step", "on by", "", "Their steady clocks jump forward, as after a suspend.", &begin_clock_step},
    FaultVerb{"wall_step", "on by", "", "Their wall clocks are set.", &begin_wall_step},
    FaultVerb{"timers_late", "on late", "for", "Their timers fire up to so much late.", &begin_timers_late,
              &end_timers_late},
    FaultVerb{"disk_lose", "on", "", "What they have stored is gone.", &begin_disk_lose},
    FaultVerb{"disk_tear", "on", "", "Their last write is torn.", &begin_disk_tear},
    FaultVerb{"disk_full", "on", "for", "They can store nothing.", &disk_full<true>, &disk_full<false>},
    FaultVerb{"calm", "", "",
              "The general relief: every link as the scenario says, every node running, every fault undone.",
              &begin_calm},
};

}  // namespace

std::span<const FaultVerb> fault_verbs() { return verbs; }

const FaultVerb* find_fault_verb(std::string_view name) {
  const auto found = std::find_if(verbs.begin(), verbs.end(), [&](const FaultVerb& verb) { return verb.name == name; });
  return found == verbs.end() ? nullptr : &*found;
}

}  // namespace hawser::sim
