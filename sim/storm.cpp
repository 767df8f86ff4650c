#include <hawser/sim/storm.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/random.hpp>

#include <algorithm>
#include <ostream>

namespace hawser::sim {
namespace {

constexpr Duration delay_min{20'000};
constexpr Duration delay_max{60'000};
constexpr std::uint32_t lost_millionths = 20'000;
constexpr Duration flap_half{300'000};

std::string joined(const Group& group) {
  std::string text;
  for (const std::string& name : group) text += (text.empty() ? "" : ",") + name;
  return text;
}

bool of_one_host(Hardship what) noexcept {
  return what == Hardship::crash || what == Hardship::crash_lost || what == Hardship::pause;
}

bool of_groups(Hardship what) noexcept {
  return what == Hardship::partition || what == Hardship::jam || what == Hardship::cut_reset;
}

const std::string& pick(const Group& from, Random& random) { return from[random.below(from.size())]; }

void choose_nodes(StormEvent& event, const Group& nodes, const Group& unstable, Random& random) {
  if (of_one_host(event.what)) {
    event.nodes = {pick(unstable, random)};
    return;
  }
  if (of_groups(event.what)) {
    // Never all on one side: the first node drawn is here, the second one there.
    const std::size_t here = random.below(nodes.size());
    const std::size_t there = (here + 1 + random.below(nodes.size() - 1)) % nodes.size();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const bool left = i == here || (i != there && random.below(2) == 0);
      (left ? event.nodes : event.others).push_back(nodes[i]);
    }
    return;
  }
  const std::size_t one = random.below(nodes.size());
  const std::size_t other = (one + 1 + random.below(nodes.size() - 1)) % nodes.size();
  event.nodes = {nodes[one]};
  event.others = {nodes[other]};
}

void begin(World& world, const StormEvent& event) {
  const std::string& one = event.nodes.front();
  const std::string& other = event.others.empty() ? one : event.others.front();
  switch (event.what) {
    case Hardship::partition:
      return world.partition(event.nodes, event.others);
    case Hardship::jam:
      return world.partition(event.nodes, event.others, Cut::jam);
    case Hardship::cut_reset:
      return world.partition(event.nodes, event.others, Cut::reset);
    case Hardship::one_way:
      return world.one_way(one, other);
    case Hardship::reset:
      return world.reset(one, other);
    case Hardship::crash:
    case Hardship::crash_lost:
      return world.crash(one, event.what == Hardship::crash ? ProcessEnd::with_reset : ProcessEnd::silent);
    case Hardship::pause:
      return world.pause(one);
    case Hardship::delay:
      return world.delay(one, other, delay_min, delay_max);
    case Hardship::loss:
      return world.loss(one, other, lost_millionths);
    case Hardship::flap: {
      const auto times = std::max<std::int64_t>((event.stop - event.start) / (2 * flap_half), 1);
      return world.flap(one, other, flap_half, flap_half, static_cast<std::uint32_t>(times));
    }
  }
}

void end(World& world, const StormEvent& event) {
  const std::string& one = event.nodes.front();
  if (event.what == Hardship::crash || event.what == Hardship::crash_lost) {
    if (!world.alive(one)) world.restart(one, event.what == Hardship::crash);
  } else if (event.what == Hardship::pause) {
    world.resume(one);
  } else if (event.what == Hardship::one_way) {
    world.heal(one, event.others.front());
  } else if (event.what == Hardship::delay) {
    world.delay(one, event.others.front(), world.options().delay_min, world.options().delay_max);
  } else if (event.what == Hardship::loss) {
    world.loss(one, event.others.front(), 0);
  } else {
    for (const std::string& from : event.nodes) {
      for (const std::string& to : event.others) world.heal(from, to);
    }
  }
}

void relieve(World& world, const WorldOptions& clean) {
  world.heal();
  const std::vector<std::string> names = world.hosts();
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = i + 1; j < names.size(); ++j) {
      world.loss(names[i], names[j], 0);
      world.delay(names[i], names[j], clean.delay_min, clean.delay_max);
    }
    world.resume(names[i]);
    if (!world.alive(names[i])) world.restart(names[i]);
  }
}

}  // namespace

std::string_view to_string(Hardship what) noexcept {
  switch (what) {
    case Hardship::partition:
      return "partition";
    case Hardship::jam:
      return "jam";
    case Hardship::cut_reset:
      return "cut_reset";
    case Hardship::one_way:
      return "one_way";
    case Hardship::reset:
      return "reset";
    case Hardship::crash:
      return "crash";
    case Hardship::crash_lost:
      return "crash_lost";
    case Hardship::pause:
      return "pause";
    case Hardship::delay:
      return "delay";
    case Hardship::loss:
      return "loss";
    case Hardship::flap:
      return "flap";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, const StormEvent& event) {
  out << to_string(event.what) << ' ' << joined(event.nodes);
  if (!event.others.empty()) out << " | " << joined(event.others);
  return out << " from " << to_us(event.start) / 1000 << " ms to " << to_us(event.stop) / 1000 << " ms";
}

Storm make_storm(const Group& nodes, const StormOptions& options) {
  HAWSER_ASSERT(nodes.size() >= 2, "a storm needs two nodes");
  HAWSER_ASSERT(options.shortest <= options.longest && options.longest <= options.length,
                "a storm has room for its hardships");
  Group unstable;
  for (const std::string& name : nodes) {
    if (std::find(options.stable.begin(), options.stable.end(), name) == options.stable.end()) unstable.push_back(name);
  }
  HAWSER_ASSERT(!unstable.empty(), "a storm may crash somebody");
  Random random{options.seed};
  Storm storm;
  const WorldTime first = later(world_begin, options.calm_first);
  storm.over = later(first, options.length);
  for (std::uint32_t i = 0; i < options.events; ++i) {
    StormEvent event;
    event.what = static_cast<Hardship>(random.below(hardship_count));
    const Duration lasts = random.between(options.shortest, options.longest);
    event.start = later(first, random.between(Duration::zero(), options.length - lasts));
    event.stop = later(event.start, lasts);
    choose_nodes(event, nodes, unstable, random);
    storm.events.push_back(std::move(event));
  }
  std::stable_sort(storm.events.begin(), storm.events.end(),
                   [](const StormEvent& a, const StormEvent& b) { return a.start < b.start; });
  return storm;
}

void play(World& world, const Storm& storm) {
  for (const StormEvent& event : storm.events) {
    world.at(event.start, [&world, event] { begin(world, event); });
    world.at(event.stop, [&world, event] { end(world, event); });
  }
  // After every verb that was planned for the same instant, a flap's last one included.
  world.at(later(storm.over, 2 * flap_half), [&world, clean = world.options()] { relieve(world, clean); });
}

}  // namespace hawser::sim
