#include <hawser/sim/world.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/sim/node_spec.hpp>

#include <algorithm>

namespace hawser::sim {
namespace {

// Clocks need not agree, and a run must not hide that some node compares them.
constexpr Duration clock_begin_min{1'000'000};
constexpr Duration clock_begin_max{1'000'000'000'000};

// More events than this at one instant, and time will never go on: somebody sets a timer that is due again and again.
constexpr std::uint64_t events_at_one_instant_max = 1'000'000;

constexpr std::uint64_t network_stream = 0x6e6574776f726bULL;
constexpr std::uint64_t arbiter_stream = 0x61726269746572ULL;
constexpr std::uint64_t clock_stream = 0x636c6f636bULL;

}  // namespace

World::World(const WorldOptions& options)
    : options_(options),
      trace_(options.trace_rows, options.trace_to),
      random_(options.seed),
      network_(events_, now_, trace_, Random{options.seed ^ network_stream}),
      arbiter_(events_, trace_, now_, Random{options.seed ^ arbiter_stream}) {}

World::~World() {
  // In the order of their starts, while all that they use still stands.
  for (auto& host : hosts_) host.reset();
}

Host& World::host(const std::string& name, ProcessFactory factory) {
  HAWSER_ASSERT(NodeId::valid(name), "the name of a host could be a node id");
  Rule rule;
  rule.delay = Delay::uniform(options_.delay_min, options_.delay_max);
  rule.buffer_bytes = options_.buffer_bytes;
  const MachineId index = network_.add_machine(name, rule);
  Random clocks{options_.seed ^ clock_stream ^ index};
  const Instant clock_begin{clocks.between(clock_begin_min, clock_begin_max)};
  hosts_.push_back(std::make_unique<Host>(Ground{events_, network_, trace_, arbiter_, now_, options_.seed}, index, name,
                                          clock_begin, std::move(factory)));
  specs_.emplace_back();
  return *hosts_.back();
}

Host& World::at_name(const std::string& name) const {
  for (const auto& host : hosts_) {
    if (host->name() == name) return *host;
  }
  assertion_failed({"host exists", name.c_str(), __FILE__, __LINE__});
}

std::vector<std::string> World::hosts() const {
  std::vector<std::string> names;
  for (const auto& host : hosts_) names.push_back(host->name());
  return names;
}

void World::start_hosts() {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (hosts_[i]->starts() == 0 && !held_back(hosts_[i]->index())) hosts_[i]->start();
  }
  for (const auto& host : hosts_) host->poll();  // what the program around us posted since
}

void World::run_for(Duration span) { run(later(now_, span), nullptr); }

bool World::run_until(const std::function<bool()>& reached, Duration limit) {
  return run(later(now_, limit), &reached);
}

bool World::run(WorldTime end, const std::function<bool()>* reached) {
  HAWSER_ASSERT(!running_, "a world is not run from inside itself");
  struct Guard {
    bool& flag;
    ~Guard() { flag = false; }
  };
  running_ = true;
  const Guard guard{running_};
  start_hosts();
  if (reached != nullptr && (*reached)()) return true;
  while (!events_.empty() && events_.next_at() <= end) {
    if (events_.next_at() > now_) {
      now_ = events_.next_at();
      standing_ = 0;
    }
    HAWSER_ASSERT(++standing_ <= events_at_one_instant_max, "time goes on: no host has a timer that is always due");
    ++events_run_;
    const Owner owner = events_.next_owner();
    if (owner == world_owner) {
      events_.pop()();
    } else {
      hosts_[owner]->take_next_event();
    }
    for (const auto& check : checks_) check();
    if (reached != nullptr && (*reached)()) return true;
  }
  now_ = std::max(now_, end);
  return false;
}

void World::at(WorldTime at, std::function<void()> what) {
  events_.schedule(std::max(at, now_), world_owner, [this, what = std::move(what)] {
    what();
    for (const auto& host : hosts_) host->poll();
  });
}

void World::outside_turns(std::function<void()> what) {
  const bool in_turn = std::any_of(hosts_.begin(), hosts_.end(), [](const auto& host) { return host->in_turn(); });
  if (in_turn) {
    events_.schedule(now_, world_owner, std::move(what));
  } else {
    what();
  }
}

void World::hardship(std::string_view verb, std::string_view text) {
  ++hardships_;
  last_hardship_ = now_;
  std::string row{verb};
  if (!text.empty()) row.append(" ").append(text);
  trace_.add(now_, TraceKind::hardship, world_owner, world_owner, 0, row);
}

void World::note(const std::string& name, std::string_view text) {
  trace_.add(now_, TraceKind::note, at_name(name).index(), world_owner, 0, text);
}

void World::crash(const std::string& name, ProcessEnd how) {
  Host& host = at_name(name);
  hardship("crash", name);
  outside_turns([&host, how] { host.end(how); });
}

void World::restart(const std::string& name, bool keep_storage) {
  Host& host = at_name(name);
  hardship(keep_storage ? "restart" : "restart without storage", name);
  let_in(host.index());
  outside_turns([&host, keep_storage] {
    host.end(ProcessEnd::with_reset);
    if (!keep_storage) host.disk().lose();
    host.start();
  });
}

void World::stop(const std::string& name) {
  Host& host = at_name(name);
  if (!host.alive()) return;
  hardship("stop", name);
  host.stop([this, &host, run = host.starts()] {
    events_.schedule(now_, world_owner, [&host, run] {
      if (host.starts() == run) host.end(ProcessEnd::stopped);
    });
  });
}

void World::pause(const std::string& name) {
  hardship("pause", name);
  at_name(name).pause();
}

void World::resume(const std::string& name) {
  hardship("resume", name);
  at_name(name).resume();
}

void World::arbiter_cut(const std::string& name, bool cut) {
  hardship(cut ? "arbiter_cut" : "arbiter_heal", name);
  ArbiterRule& rule = arbiter_.rule(at_name(name).index());
  rule.asks_lost = rule.answers_lost = cut;
}

void World::arbiter_deaf(const std::string& name, bool deaf) {
  hardship(deaf ? "arbiter_deaf" : "arbiter_heard", name);
  arbiter_.rule(at_name(name).index()).answers_lost = deaf;
}

void World::arbiter_delay(const std::string& name, const Delay& each_way) {
  hardship("arbiter_delay",
           name + ' ' + std::to_string(each_way.min().count()) + ".." + std::to_string(each_way.max().count()));
  ArbiterRule& rule = arbiter_.rule(at_name(name).index());
  rule.there = rule.back = each_way;
}

void World::slow(const std::string& name, Duration turn_cost) {
  hardship("slow", name + ' ' + std::to_string(turn_cost.count()));
  at_name(name).set_turn_cost(turn_cost);
}

void World::clock_rate(const std::string& name, std::int32_t ppm) {
  hardship("clock_rate", name + ' ' + std::to_string(ppm));
  at_name(name).set_clock_rate(ppm);
}

void World::clock_freeze(const std::string& name, bool frozen) {
  hardship(frozen ? "clock_freeze" : "clock_thaw", name);
  at_name(name).set_clock_rate(frozen ? VirtualClock::frozen : 0);
}

void World::clock_step(const std::string& name, Duration forward) {
  hardship("clock_step", name + ' ' + std::to_string(forward.count()));
  at_name(name).step_clock(forward);
}

void World::wall_step(const std::string& name, Duration by) {
  hardship("wall_step", name + ' ' + std::to_string(by.count()));
  at_name(name).step_wall_clock(by);
}

void World::timers_late(const std::string& name, Duration most) {
  hardship("timers_late", name + ' ' + std::to_string(most.count()));
  at_name(name).set_timers_late(most);
}

void World::disk_lose(const std::string& name) {
  hardship("disk_lose", name);
  at_name(name).disk().lose();
}

void World::disk_tear(const std::string& name) {
  hardship("disk_tear", name);
  at_name(name).disk().tear();
}

void World::disk_full(const std::string& name, bool full) {
  hardship(full ? "disk_full" : "disk_has_room", name);
  at_name(name).disk().set_full(full);
}

}  // namespace hawser::sim
