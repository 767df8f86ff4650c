// The verbs of World that change links: each edits the rule of one or two directed pairs.
#include <hawser/sim/world.hpp>

#include <algorithm>

namespace hawser::sim {
namespace {

std::string pair_text(const std::string& from, const std::string& to, Direction which) {
  return from + (which == Direction::both ? " <-> " : " -> ") + to;
}

std::string kind_text(Cut cut) {
  switch (cut) {
    case Cut::jam:
      return " (jam)";
    case Cut::reset:
      return " (reset)";
    case Cut::slow:
      return " (slow)";
    case Cut::blackhole:
      break;
  }
  return {};
}

void heal_rule(Rule& rule) {
  rule.cut = false;
  rule.hold = false;
  rule.extra_delay = Duration::zero();
}

std::string joined(const Group& group) {
  std::string text;
  for (const std::string& name : group) text += (text.empty() ? "" : ",") + name;
  return text;
}

}  // namespace

void World::edit(const std::string& from, const std::string& to, Direction which, std::string_view trace_text,
                 const std::function<void(Rule&)>& change) {
  const MachineId first = at_name(from).index();
  const MachineId second = at_name(to).index();
  if (!trace_text.empty()) hardship(trace_text, pair_text(from, to, which));
  Rule there = network_.rule(first, second);
  change(there);
  network_.set_rule(first, second, there);
  if (which == Direction::there || first == second) return;
  Rule back = network_.rule(second, first);
  change(back);
  network_.set_rule(second, first, back);
}

void World::cut_link(const std::string& from, const std::string& to, Cut cut) {
  edit(from, to, Direction::there, {}, [cut](Rule& rule) {
    if (cut == Cut::slow) {
      rule.extra_delay = slow_cut;
    } else {
      (cut == Cut::jam ? rule.hold : rule.cut) = true;
    }
  });
  if (cut == Cut::reset) network_.reset(at_name(from).index(), at_name(to).index(), Notice::both);
}

void World::part(const std::string& from, const std::string& to, Cut cut) {
  cut_link(from, to, cut == Cut::reset ? Cut::blackhole : cut);
  cut_link(to, from, cut == Cut::reset ? Cut::blackhole : cut);
  if (cut == Cut::reset) network_.reset(at_name(from).index(), at_name(to).index(), Notice::both);
}

void World::partition(const Group& one, const Group& other, Cut cut) { split({one, other}, cut); }

void World::split(const std::vector<Group>& groups, Cut cut) {
  std::string text;
  for (const Group& group : groups) text += (text.empty() ? "" : " | ") + joined(group);
  hardship("partition" + kind_text(cut), text);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (std::size_t j = i + 1; j < groups.size(); ++j) {
      for (const std::string& from : groups[i]) {
        for (const std::string& to : groups[j]) part(from, to, cut);
      }
    }
  }
}

void World::isolate(const std::string& name, Cut cut) {
  hardship("isolate" + kind_text(cut), name);
  for (const auto& other : hosts_) {
    if (other->name() != name) part(name, other->name(), cut);
  }
}

void World::one_way(const std::string& from, const std::string& to) {
  edit(from, to, Direction::there, "one_way", [](Rule& rule) { rule.cut = true; });
}

void World::heal() {
  hardship("heal");
  arbiter_.heal();
  for (const auto& from : hosts_) {
    for (const auto& to : hosts_) {
      Rule rule = network_.rule(from->index(), to->index());
      if (!rule.cut && !rule.hold && rule.extra_delay == Duration::zero()) continue;
      heal_rule(rule);
      network_.set_rule(from->index(), to->index(), rule);
    }
  }
}

void World::heal(const std::string& one, const std::string& other) {
  edit(one, other, Direction::both, "heal", heal_rule);
}

void World::cut_links(const Links& links, Cut cut) {
  std::string text;
  for (const auto& [from, to] : links) text += (text.empty() ? "" : ",") + from + '>' + to;
  hardship("cut_links" + kind_text(cut), text);
  for (const auto& [from, to] : links) cut_link(from, to, cut);
}

void World::flap(const std::string& one, const std::string& other, Duration down, Duration up, std::uint32_t times,
                 Duration jitter) {
  Random random = planning();
  const auto span = [&](Duration length) {
    return std::max(Duration::zero(), length + (jitter == Duration::zero() ? jitter : random.between(-jitter, jitter)));
  };
  Duration start{0};
  for (std::uint32_t i = 0; i < times; ++i) {
    as_planned(start, [this, one, other] { partition({one}, {other}); });
    start += span(down);
    as_planned(start, [this, one, other] { heal(one, other); });
    start += span(up);
  }
}

void World::hold(const std::string& from, const std::string& to, Direction which) {
  edit(from, to, which, "hold", [](Rule& rule) { rule.hold = true; });
}

void World::release(const std::string& from, const std::string& to, Direction which) {
  edit(from, to, which, "release", [](Rule& rule) { rule.hold = false; });
}

void World::delay(const std::string& from, const std::string& to, Duration min, Duration max, Direction which) {
  delay(from, to, Delay::uniform(min, max), which);
}

void World::delay(const std::string& from, const std::string& to, const Delay& delay, Direction which) {
  const std::string verb = "delay " + std::to_string(delay.min().count()) + ".." + std::to_string(delay.max().count());
  edit(from, to, which, verb, [&delay](Rule& rule) { rule.delay = delay; });
}

void World::loss(const std::string& from, const std::string& to, std::uint32_t millionths, Direction which) {
  edit(from, to, which, "loss " + std::to_string(millionths), [millionths](Rule& rule) { rule.loss = millionths; });
}

void World::burst(const std::string& from, const std::string& to, const Burst& burst, Direction which) {
  edit(from, to, which, "burst", [&burst](Rule& rule) { rule.burst = burst; });
}

void World::rate(const std::string& from, const std::string& to, std::uint64_t bytes_per_second,
                 std::size_t buffer_bytes, Direction which) {
  const std::string verb = "rate " + std::to_string(bytes_per_second) + ' ' + std::to_string(buffer_bytes);
  edit(from, to, which, verb, [=](Rule& rule) {
    rule.bytes_per_second = bytes_per_second;
    rule.buffer_bytes = buffer_bytes;
  });
}

void World::mtu_hole(const std::string& from, const std::string& to, std::size_t frame_bytes_max, Direction which) {
  edit(from, to, which, "mtu_hole " + std::to_string(frame_bytes_max),
       [frame_bytes_max](Rule& rule) { rule.frame_bytes_max = frame_bytes_max; });
}

void World::lane_loss(const std::string& from, const std::string& to, LaneClass lane, bool lost, Direction which) {
  const std::string verb = (lost ? "lane_loss " : "lane_passes ") + std::string{to_string(lane)};
  edit(from, to, which, verb, [lane, lost](Rule& rule) {
    const std::uint8_t bit = lane_bit(lane);
    rule.lanes_cut = static_cast<std::uint8_t>(lost ? rule.lanes_cut | bit : rule.lanes_cut & ~bit);
  });
}

void World::type_loss(const std::string& from, const std::string& to, TypeId type, bool lost, Direction which) {
  const std::string verb = (lost ? "type_loss " : "type_passes ") + std::to_string(to_number(type));
  edit(from, to, which, verb, [type, lost](Rule& rule) {
    std::erase(rule.types_cut, type);
    if (lost) rule.types_cut.push_back(type);
  });
}

void World::lane_stall(const std::string& from, const std::string& to, LaneClass lane, bool stalled, Direction which) {
  const std::string verb = (stalled ? "lane_stall " : "lane_reads ") + std::string{to_string(lane)};
  edit(from, to, which, verb, [lane, stalled](Rule& rule) {
    const std::uint8_t bit = lane_bit(lane);
    rule.lanes_held = static_cast<std::uint8_t>(stalled ? rule.lanes_held | bit : rule.lanes_held & ~bit);
  });
}

void World::lane_stall(const std::string& name, LaneClass lane, bool stalled) {
  for (const auto& other : hosts_) {
    if (other->name() != name) lane_stall(other->name(), name, lane, stalled, Direction::there);
  }
}

void World::chance(const std::string& from, const std::string& to, Direction which, std::string_view verb,
                   std::uint32_t millionths, std::uint32_t Rule::*member) {
  edit(from, to, which, std::string{verb} + ' ' + std::to_string(millionths),
       [=](Rule& rule) { rule.*member = millionths; });
}

void World::duplicate(const std::string& from, const std::string& to, std::uint32_t millionths, Direction which) {
  chance(from, to, which, "duplicate", millionths, &Rule::duplicate);
}

void World::replay(const std::string& from, const std::string& to, std::uint32_t millionths, Direction which) {
  chance(from, to, which, "replay", millionths, &Rule::replay);
}

void World::corrupt(const std::string& from, const std::string& to, std::uint32_t millionths, Direction which) {
  chance(from, to, which, "corrupt", millionths, &Rule::corrupt);
}

void World::truncate(const std::string& from, const std::string& to, std::uint32_t millionths, Direction which) {
  chance(from, to, which, "truncate", millionths, &Rule::truncate);
}

void World::gateway(const Group& group, std::uint64_t bytes_per_second, std::size_t buffer_bytes) {
  hardship("gateway " + std::to_string(bytes_per_second) + ' ' + std::to_string(buffer_bytes), joined(group));
  const std::uint32_t out = bytes_per_second == 0 ? 0 : gateways_ + 1;
  const std::uint32_t in = bytes_per_second == 0 ? 0 : gateways_ + 2;
  if (out != 0) {
    gateways_ += 2;
    network_.set_gateway_rate(out, bytes_per_second);
    network_.set_gateway_rate(in, bytes_per_second);
  }
  const auto change = [=](std::uint32_t number) {
    return [=](Rule& rule) {
      rule.gateway = number;
      rule.buffer_bytes = buffer_bytes;
    };
  };
  for (const std::string& name : group) {
    for (const auto& other : hosts_) {
      if (std::find(group.begin(), group.end(), other->name()) != group.end()) continue;
      edit(name, other->name(), Direction::there, {}, change(out));
      edit(other->name(), name, Direction::there, {}, change(in));
    }
  }
}

void World::syn_drop(const std::string& from, const std::string& to, bool dropped, Direction which) {
  edit(from, to, which, dropped ? "syn_drop" : "syn_passes", [dropped](Rule& rule) { rule.syn_drop = dropped; });
}

FrameRuleId World::add(FrameRule rule) {
  const FrameRuleId id = network_.add(std::move(rule));
  hardship("frame_rule", std::to_string(static_cast<std::uint64_t>(id)));
  return id;
}

void World::remove(FrameRuleId id) {
  hardship("frame_rule_ends", std::to_string(static_cast<std::uint64_t>(id)));
  network_.remove(id);
}

void World::reset(const std::string& one, const std::string& other, Notice notice) {
  hardship("reset", pair_text(one, other, Direction::both));
  network_.reset(at_name(one).index(), at_name(other).index(), notice);
}

void World::established_drop(const std::string& one, const std::string& other) {
  hardship("established_drop", pair_text(one, other, Direction::both));
  network_.forget(at_name(one).index(), at_name(other).index());
}

void World::refuse(const std::string& name, bool refusing) {
  hardship(refusing ? "refuse" : "accept", name);
  network_.set_refusing(at_name(name).index(), refusing);
}

void World::misroute(const std::string& name, const std::string& instead) {
  hardship("misroute", name + " to " + instead);
  const MachineId machine = at_name(name).index();
  if (name == instead) {
    network_.misroute(machine, std::nullopt);
  } else {
    network_.misroute(machine, at_name(instead).index());
  }
}

void World::descriptors(const std::string& name, std::size_t limit) {
  hardship("descriptors", name + ' ' + std::to_string(limit));
  network_.set_descriptors(at_name(name).index(), limit);
}

}  // namespace hawser::sim
