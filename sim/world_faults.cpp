// The verbs of World that plan several hardships in time, or change what a host's process is.
#include <hawser/base/assert.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/node_spec.hpp>
#include <hawser/sim/world.hpp>

#include <algorithm>
#include <utility>

namespace hawser::sim {
namespace {

constexpr std::uint64_t planning_stream = 0x706c616eULL;
constexpr Duration memory_look{10'000};

std::string listed(const Group& group) {
  std::string text;
  for (const std::string& name : group) text += (text.empty() ? "" : ",") + name;
  return text;
}

Group shuffled(Group group, Random& random) {
  for (std::size_t i = group.size(); i > 1; --i) std::swap(group[i - 1], group[random.below(i)]);
  return group;
}

}  // namespace

// Of its own for every plan, so that nobody's draws shift another's.
Random World::planning() const noexcept {
  return Random{options_.seed ^ planning_stream ^ (hardships_ + 1) * 0x9e3779b97f4a7c15ULL};
}

void World::swizzle(const Group& nodes, Duration window, Cut cut) {
  hardship("swizzle " + std::to_string(window.count()), listed(nodes));
  Random random = planning();
  const auto off = std::make_shared<Group>();
  const Duration half = window / 2;
  for (const std::string& name : shuffled(nodes, random)) {
    as_planned(random.between(Duration::zero(), half), [this, name, off, cut] { swizzle_off(name, off, cut); });
  }
  for (const std::string& name : shuffled(nodes, random)) {
    as_planned(half + random.between(Duration{1}, half), [this, name, off] { swizzle_on(name, off); });
  }
}

void World::swizzle_off(const std::string& name, const std::shared_ptr<Group>& off, Cut cut) {
  off->push_back(name);
  isolate(name, cut);
}

// Those that are still off stay cut off from it.
void World::swizzle_on(const std::string& name, const std::shared_ptr<Group>& off) {
  std::erase(*off, name);
  for (const auto& other : hosts_) {
    if (other->name() == name || std::find(off->begin(), off->end(), other->name()) != off->end()) continue;
    heal(name, other->name());
  }
}

void World::move(const std::string& name, const Endpoint& listen, bool keep_storage) {
  const Host& moved = at_name(name);
  HAWSER_ASSERT(specs_[moved.index()] != nullptr, "only a host that runs a node is moved");
  hardship("move", name + " to " + listen.text());
  Config config = specs_[moved.index()]->config;
  const bool wired = specs_[moved.index()]->wired_by_world;
  config.listen = listen;
  reconfigure(name, std::move(config));
  specs_[moved.index()]->wired_by_world = wired;
  restart(name, keep_storage);
}

void World::kill_storm(const Group& nodes, Duration window, Duration down) {
  hardship("kill_storm " + std::to_string(window.count()) + ' ' + std::to_string(down.count()), listed(nodes));
  Random random = planning();
  for (const std::string& name : shuffled(nodes, random)) {
    const Duration start = random.between(Duration::zero(), window);
    as_planned(start, [this, name] { crash(name); });
    as_planned(start + down, [this, name] { restart(name); });
  }
}

void World::rolling_restart(const Group& nodes, Duration down, Duration gap) {
  hardship("rolling_restart " + std::to_string(down.count()) + ' ' + std::to_string(gap.count()), listed(nodes));
  roll(std::make_shared<const Group>(nodes), 0, down, gap);
}

void World::as_planned(Duration delay, std::function<void()> what) {
  after(delay, [this, plan = called_off_, what = std::move(what)] {
    if (plan == called_off_) what();
  });
}

void World::call_off() {
  hardship("call_off");
  ++called_off_;
}

void World::roll(const std::shared_ptr<const Group>& nodes, std::size_t next, Duration down, Duration gap) {
  if (next == nodes->size()) return;
  const std::string name = (*nodes)[next];
  const auto start_again = [=, this, plan = called_off_] {
    after(down, [=, this] {
      if (plan == called_off_ || !at_name(name).alive()) restart(name);
      if (plan == called_off_) as_planned(gap, [=, this] { roll(nodes, next + 1, down, gap); });
    });
  };
  Host& host = at_name(name);
  if (!host.alive()) {
    start_again();
    return;
  }
  hardship("stop", name);
  host.stop([this, &host, run = host.starts(), start_again] {
    events_.schedule(now_, world_owner, [&host, run, start_again] {
      if (host.starts() == run) host.end(ProcessEnd::stopped);
      start_again();
    });
  });
}

void World::cold_start(Duration off) {
  hardship("cold_start", std::to_string(off.count()));
  Group running;
  for (const auto& host : hosts_) {
    if (host->alive()) running.push_back(host->name());
  }
  for (const std::string& name : running) crash(name);
  as_planned(off, [this, running] {
    for (const std::string& name : running) restart(name);
  });
}

Host& World::twin(const std::string& name, const std::string& of) {
  const std::shared_ptr<NodeSpec> original = specs_[at_name(of).index()];
  HAWSER_ASSERT(original != nullptr, "only a host that runs a node has a twin");
  return twin(name, of, original->app);
}

Host& World::twin(const std::string& name, const std::string& of, App app) {
  const std::shared_ptr<NodeSpec> original = specs_[at_name(of).index()];
  HAWSER_ASSERT(original != nullptr, "only a host that runs a node has a twin");
  hardship("twin", name + " of " + of);
  Config config = original->config;
  config.listen = Config{}.listen;
  Host& added = host(name, config, std::move(app));
  specs_[added.index()]->wired_by_world = original->wired_by_world;
  specs_[added.index()]->twin = true;
  if (at_name(of).starts() > 0) added.start();
  return added;
}

void World::version_skew(const std::string& name, VersionRange speaks) {
  HAWSER_ASSERT(1 <= speaks.min && speaks.min <= speaks.max, "a range of versions is 1 <= min <= max");
  hardship("version_skew", name + ' ' + std::to_string(speaks.min) + ".." + std::to_string(speaks.max));
  at_name(name).set_speaks(speaks);
}

void World::handler_stall(const std::string& name, const std::string& type, bool stalled) {
  hardship(stalled ? "handler_stall" : "handler_goes_on", name + ' ' + type);
  at_name(name).set_fault_point(FaultPoint::handler_delayed, type, stalled ? always : 0);
}

void World::fault_point(const std::string& name, FaultPoint point, std::uint32_t millionths) {
  hardship("fault_point " + std::string{to_string(point)}, name + ' ' + std::to_string(millionths));
  at_name(name).set_fault_point(point, millionths);
}

void World::fault_points_off(const std::string& name) {
  hardship("fault_points_off", name);
  at_name(name).fault_points_off();
}

void World::memory_limit(const std::string& name, std::size_t held_bytes) {
  hardship("memory_limit", name + ' ' + std::to_string(held_bytes));
  MemoryLimit& limit = memory_[name];
  limit = {held_bytes, hardships_};
  if (held_bytes != 0) look_at_memory(name, limit.number);
}

void World::look_at_memory(const std::string& name, std::uint64_t number) {
  const MemoryLimit& limit = memory_[name];
  if (limit.number != number) return;
  const Node* running = node_if(name);
  if (running != nullptr) {
    const NodeSnapshot shown = running->snapshot();
    if (shown.held_bytes > limit.bytes) {
      note(name, "out of memory");
      crash(name, ProcessEnd::with_reset);
    }
  }
  after(memory_look, [this, name, number] { look_at_memory(name, number); });
}

}  // namespace hawser::sim
