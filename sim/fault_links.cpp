// What the verbs of links do to a world, and how each is undone.
#include <hawser/sim/fault_rows.hpp>
#include <hawser/sim/traffic.hpp>

#include <algorithm>
#include <array>

namespace hawser::sim {
namespace {

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

template <bool Lost>
void type_loss(const FaultStage& stage, const Fault& fault) {
  const TypeId type = stream_type_id(fault.type);
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction which) {
    stage.world.type_loss(from, to, type, Lost, which);
  });
}

template <bool Stalled>
void lane_stall(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction which) {
    stage.world.lane_stall(from, to, fault.lane, Stalled, which);
  });
}

void begin_gateway(const FaultStage& stage, const Fault& fault) {
  stage.world.gateway(fault.on, fault.rate, fault.buffer);
}
void end_gateway(const FaultStage& stage, const Fault& fault) {
  stage.world.gateway(fault.on, 0, fault.buffer);
  Fault out;
  out.from = fault.on;
  restore(stage, out, {}, [](Rule& rule, const Link& link) { rule.buffer_bytes = link.buffer; });
}

void begin_swizzle(const FaultStage& stage, const Fault& fault) {
  stage.world.swizzle(fault.on, fault.lasts, fault.cut);
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

using Chance = void (World::*)(const std::string&, const std::string&, std::uint32_t, Direction);

template <Chance Set, std::uint32_t Fault::*Millionths>
void begin_chance(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault, [&](const auto& from, const auto& to, Direction which) {
    (stage.world.*Set)(from, to, fault.*Millionths, which);
  });
}
template <Chance Set>
void end_chance(const FaultStage& stage, const Fault& fault) {
  each_pair(stage, fault,
            [&](const auto& from, const auto& to, Direction which) { (stage.world.*Set)(from, to, 0, which); });
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

constexpr std::array link_rows{
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
    FaultVerb{"type_loss", "type", "for from to both",
              "Messages, requests and replies of that type vanish, with what follows them on their connection.",
              &type_loss<true>, &type_loss<false>},
    FaultVerb{"lane_stall", "lane", "for from to both",
              "What comes on that lane is not read: it waits, and its sender's buffer fills.", &lane_stall<true>,
              &lane_stall<false>},
    FaultVerb{"gateway", "on rate", "for buffer",
              "All between these nodes and the others shares one line, each way so many bytes per second.",
              &begin_gateway, &end_gateway},
    FaultVerb{"swizzle", "on for", "cut",
              "They are cut off one by one in the first half, and come back in another order in the second.",
              &begin_swizzle, &end_isolate},
    FaultVerb{"syn_drop", "from to", "for both", "New connections hang; those that stand go on.", &syn_drop<true>,
              &syn_drop<false>},
    FaultVerb{"tamper", "", "for from to both duplicate replay corrupt truncate",
              "What no TCP does and broken middle boxes do.", &begin_tamper, &end_tamper},
    FaultVerb{"duplicate", "duplicate", "for from to both", "Frames come twice.",
              &begin_chance<&World::duplicate, &Fault::duplicate>, &end_chance<&World::duplicate>},
    FaultVerb{"replay", "replay", "for from to both", "Older frames come again, perhaps of an earlier connection.",
              &begin_chance<&World::replay, &Fault::replay>, &end_chance<&World::replay>},
    FaultVerb{"corrupt", "corrupt", "for from to both", "Bits are flipped.",
              &begin_chance<&World::corrupt, &Fault::corrupt>, &end_chance<&World::corrupt>},
    FaultVerb{"truncate", "truncate", "for from to both", "Ends of frames are missing.",
              &begin_chance<&World::truncate, &Fault::truncate>, &end_chance<&World::truncate>},
    FaultVerb{"reset", "from to", "notice", "All connections between them end now.", &begin_reset},
    FaultVerb{"established_drop", "from to", "", "Connections die silently; new ones work.", &begin_established_drop},
};

}  // namespace

std::span<const FaultVerb> link_fault_verbs() { return link_rows; }

}  // namespace hawser::sim
