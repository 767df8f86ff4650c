#include <hawser/sim/watch.hpp>

#include <hawser/interconnect/node.hpp>

#include <algorithm>
#include <limits>
#include <sstream>

namespace hawser::sim {
namespace {

constexpr std::size_t violations_max = 100;
constexpr Duration retransmission{600'000};  // a first round trip on a lossy link may have had two of them

bool harms(const Rule& rule) noexcept {
  return rule.cut || rule.hold || rule.lanes_cut != 0 || rule.lanes_held != 0 || rule.syn_drop || rule.loses() ||
         rule.tampers() || rule.extra_delay > Duration::zero();
}

// It does nothing by itself, or does not know that time goes on.
bool stands(const Host& host) noexcept { return host.paused() || host.clock_stands(); }

// Nothing that could keep a heartbeat from its answer, or hold it up for long.
bool clean(const Rule& rule) noexcept {
  constexpr Duration longest{50'000};
  return !harms(rule) && rule.lanes_held == 0 && rule.extra_delay == Duration::zero() && rule.gateway == 0 &&
         rule.bytes_per_second == 0 && rule.delay.max() <= longest &&
         rule.frame_bytes_max == std::numeric_limits<std::size_t>::max();
}

bool cuts_control(const Rule& rule) noexcept { return rule.hold || rule.cuts(LaneClass::control); }

}  // namespace

Watch::Watch(World& world, const WatchOptions& options)
    : world_(world),
      options_(options),
      books_(findings_),
      pairs_(findings_),
      self_(findings_, options.calm_after),
      stances_(findings_),
      dials_(options.dial_window) {
  books_.lateness().unconfirmed = [this](const std::string& observer, const std::string& peer, WorldTime now) {
    return pairs_.unconfirmed(observer, peer, now);
  };
  books_.lateness().queued = [this](const std::string& observer, const std::string& peer) {
    const MachineId here = world_.at_host(observer).index();
    const MachineId there = world_.at_host(peer).index();
    return std::max(world_.network().queues_for(there, here), world_.network().queues_for(here, there));
  };
  world_.on_event([this] { after_event(); });
}

void Watch::after_event() {
  const bool changed = follow_processes();
  if (const std::uint64_t dials = world_.network().dials(); dials != dials_seen_) {
    dials_.dialled(dials - std::exchange(dials_seen_, dials), world_.now());
  }
  if (changed || hardships_ != world_.hardships()) {
    hardships_ = world_.hardships();
    follow_pairs();
  }
  look_at_stances();
  if (options_.stride == 0 || world_.events_run() % options_.stride == 0) {
    books_.look_for_overdue(
        world_.now(), [this](const std::string& name) { return world_.alive(name) && !stands(world_.at_host(name)); });
    for (std::size_t tried = 0; tried < names_.size(); ++tried) {
      const std::string& name = names_[next_++ % names_.size()];
      Seen& seen = seen_[name];
      if (!seen.alive || seen.watch == nullptr) continue;
      look(name, seen, false);
      break;
    }
  }
  if (!findings_.empty()) report();
}

bool Watch::follow_processes() {
  bool changed = false;
  if (world_.hosts_count() != names_.size()) {
    names_ = world_.hosts();
    followed_.clear();
    for (const std::string& name : names_) followed_.push_back({&name, &world_.at_host(name), &seen_[name]});
    changed = true;
  }
  for (const auto& [name, host, seen] : followed_) {
    const bool as_before = seen->alive == host->alive() && seen->starts == host->starts() &&
                           seen->paused == stands(*host) && seen->clock_stands == host->clock_stands() &&
                           seen->clock_jumps == host->clock_jumps();
    if (as_before) continue;
    follow(*name, *seen);
    changed = true;
  }
  return changed;
}

void Watch::follow(const std::string& name, Seen& seen) {
  const Host& host = world_.at_host(name);
  if (seen.paused && !stands(host)) books_.ran_again(name, world_.now());
  seen.clock_stands = host.clock_stands();
  books_.clock_stands(name, seen.clock_stands, world_.now());
  if (std::exchange(seen.clock_jumps, host.clock_jumps()) != host.clock_jumps()) {
    books_.clock_jumped(name, world_.now());
  }
  const bool other_run = seen.starts != host.starts() || seen.alive != host.alive();
  if (other_run && seen.watch != nullptr) {
    books_.run_ended(seen.run);
    seen.watch = nullptr;
    seen.flow = nullptr;
    seen.gated = false;
    seen.serves = false;
    stances_.ends(name);
  }
  seen.hampered |= seen.paused || stands(host);
  seen.starts = host.starts();
  seen.alive = host.alive();
  seen.paused = stands(host);
  Node* node = other_run ? world_.node_if(name) : nullptr;
  if (node == nullptr) return;
  seen.run = {name, node->incarnation()};
  tampered_ = tampered_ || node->id().text() != name;  // a twin
  seen.watch = std::make_unique<NodeWatch>(name, findings_);
  seen.flow = std::make_unique<FlowWatch>(name, findings_);
  const DetectorConfig& detector = node->config().detector;
  Duration& answer_max = books_.lateness().answer_max;
  answer_max = std::max(answer_max, 4 * detector.heartbeat + detector.acceptable_pause);
  seen.gated = node->config().strategy != Strategy::none;
  seen.arbited = node->config().strategy == Strategy::arbiter;
  if (seen.gated) follow_stances(name, *node);
}

void Watch::follow_pairs() {
  for (const std::string& from : names_) {
    books_.timers_late(from, world_.at_host(from).timers_late(), world_.now());
    for (const std::string& to : names_) {
      if (from == to) continue;
      const Seen& observer = seen_[from];
      const Seen& peer = seen_[to];
      const MachineId here = world_.at_host(from).index();
      const MachineId there = world_.at_host(to).index();
      const Rule& way = world_.network().rule(here, there);
      const Rule& back = world_.network().rule(there, here);
      tampered_ = tampered_ || way.tampers() || back.tampers();
      const bool answered = peer.alive && !world_.at_host(to).paused() && !cuts_control(way) && !cuts_control(back);
      pairs_.told(from, to, observer.alive && !observer.paused, answered, world_.now());
      const Host& other = world_.at_host(to);
      const Network& network = world_.network();
      const bool dialled = network.takes_connections(here) && network.takes_connections(there);
      const bool good = clean(way) && clean(back) && dialled && peer.alive && !peer.paused && !other.hampered();
      self_.told(from, to, good, observer.paused, world_.now(), network.forgotten(here, there));
      const Duration slowest = way.delay.max() + way.extra_delay + (way.loses() ? retransmission : Duration::zero());
      books_.lateness().base_delay = std::max(books_.lateness().base_delay, slowest);
    }
  }
  plan_stances();
}

void Watch::look(const std::string& name, Seen& seen, bool at_rest) {
  const Node* node = world_.node_if(name);
  if (node == nullptr) return;
  ++looks_;
  const NodeSnapshot shown = node->snapshot(seen.watch->events_seen());
  seen.watch->look(shown, node->config(), calm());
  if (at_rest) seen.watch->look_at_rest(shown);
  for (const Event& event : seen.watch->accusations()) {
    self_.accused(name, event.peer.text(), event.cause, world_.now());
  }
  for (const Event& event : seen.watch->breaches()) {
    // Sound nodes understand each other, unless somebody changes what they say or takes part under the name of one.
    const std::string& peer = event.peer.text();
    const bool ours = std::find(names_.begin(), names_.end(), peer) != names_.end();
    if (tampered_ || !ours || world_.node_if(peer) == nullptr) continue;
    findings_.add(Invariant::hygiene, {name, event.peer.text()}, event.text);
  }
  seen.hampered |= world_.at_host(name).hampered();
  seen.flow->look(shown, node->config(), !std::exchange(seen.hampered, seen.paused), world_.now());
  look_at_peers(name, shown);
  for (const PeerSnapshot& peer : shown.peers) {
    for (const ChannelSnapshot& channel : peer.channels) {
      const ChannelKey key{seen.run, peer.health.id.text(), channel.type};
      if (!channel.replies && books_.row(key) != nullptr) books_.compare(key, channel.ledger, at_rest);
    }
  }
}

void Watch::look_at_peers(const std::string& name, const NodeSnapshot& shown) {
  const DetectorConfig& detector = world_.node_if(name)->config().detector;
  Seen& seen = seen_[name];
  const Duration before = std::exchange(seen.detection, suspicion_bound(detector, options_.jitter));
  for (const PeerSnapshot& peer : shown.peers) {
    if (peer.health.id == shown.id) continue;  // of a twin, there is another host of that name
    const std::string& id = peer.health.id.text();
    const Duration bound = suspicion_bound(detector, options_.jitter, peer.detector);
    seen.detection = std::max(seen.detection, bound);
    pairs_.believed(name, id, peer.health.state, bound + books_.lateness().base_delay, world_.now());
    pairs_.learnt(name, id, peer.health.incarnation, peer.detector, world_.now());
  }
  if (seen.gated && seen.detection > before) plan_stances();
}

bool Watch::calm() const {
  if (world_.hardships() == 0) return true;
  if (world_.now() < later(world_.last_hardship(), options_.calm_after)) return false;
  for (const std::string& from : names_) {
    const Seen& seen = seen_.at(from);
    if (!seen.alive || seen.paused) return false;
    for (const std::string& to : names_) {
      if (from != to && harms(world_.network().rule(world_.at_host(from).index(), world_.at_host(to).index())))
        return false;
    }
  }
  return true;
}

bool Watch::recovered(const BreakerSnapshot& breaker) const {
  return breaker.state == "closed" || breaker.state == "disabled" ||
         (!options_.breakers_closed && breaker.state != "open");
}

Finding Watch::not_recovered() {
  for (const std::string& name : names_) {
    const Node* node = world_.node_if(name);
    if (node == nullptr) continue;
    for (const PeerSnapshot& peer : node->snapshot().peers) {
      const std::string& id = peer.health.id.text();
      const bool host = std::find(names_.begin(), names_.end(), id) != names_.end();
      if (id == name || (host && !world_.alive(id))) continue;
      const auto wrong = [&](std::string text) { return Finding{Invariant::recovery, {name, id}, std::move(text)}; };
      if (peer.health.state != PeerState::up) {
        return wrong(name + " takes " + id + " for " + std::string{to_string(peer.health.state)} + " (" +
                     std::string{peer.health.reason.cause} + ')');
      }
      if (!recovered(peer.health.breaker)) {
        return wrong("the breaker of " + name + " for " + id + " is " + peer.health.breaker.state);
      }
      for (const ChannelSnapshot& channel : peer.channels) {
        if (recovered(channel.breaker)) continue;
        return wrong("the breaker of " + name + " for " + channel.name + " to " + id + " is " + channel.breaker.state);
      }
    }
  }
  return not_serving();
}

Finding Watch::not_at_rest() {
  for (const std::string& name : names_) {
    const Node* node = world_.node_if(name);
    if (node == nullptr) continue;
    const NodeSnapshot shown = node->snapshot();
    if (shown.ledger.held.messages != 0) {
      return {Invariant::recovery, {name}, name + " holds " + std::to_string(shown.ledger.held.messages) + " messages"};
    }
    if (shown.held_bytes != 0) {
      return {Invariant::recovery, {name}, name + " holds " + std::to_string(shown.held_bytes) + " bytes"};
    }
  }
  return {};
}

void Watch::expect(Finding (Watch::*wrong)(), Duration limit, const char* what) {
  follow_processes();
  const WorldTime end = later(world_.now(), limit);
  const Duration step{50'000};
  Finding left = (this->*wrong)();
  while (!left.text.empty() && world_.now() < end) {
    world_.run_for(step);
    left = (this->*wrong)();
  }
  if (left.text.empty()) return;
  const std::string span = std::to_string(limit.count() / 1000) + " ms: ";
  findings_.add(left.invariant, left.nodes, std::string{what} + " after " + span + left.text);
}

void Watch::expect_recovery(Duration limit) {
  expect(&Watch::not_recovered, limit, "not recovered");
  if (!findings_.empty()) report();
}

void Watch::expect_rest(Duration limit) {
  expect(&Watch::not_at_rest, limit, "not at rest");
  for (const std::string& name : names_) {
    Seen& seen = seen_[name];
    if (seen.alive && seen.watch != nullptr) look(name, seen, true);
  }
  const std::size_t pairs = names_.size() * (names_.size() - 1);
  const std::size_t most = pairs * options_.connections_per_pair;
  if (world_.network().connections() > most) {
    findings_.add(Invariant::hygiene, {},
                  std::to_string(world_.network().connections()) + " connections stand, at most " +
                      std::to_string(most) + " can be used");
  }
  if (!findings_.empty()) report();
}

void Watch::accuse(Finding finding) {
  findings_.add(finding.invariant, std::move(finding.nodes), std::move(finding.text));
  report();
}

void Watch::expect_dials(std::uint64_t most) {
  if (dials_.peak() <= most) return;
  accuse({Invariant::backoff,
          {},
          std::to_string(dials_.peak()) + " dials within " + std::to_string(dials_.window().count() / 1000) +
              " ms, at most " + std::to_string(most) + " are allowed"});
}

void Watch::look_at_all() {
  follow_processes();
  for (const std::string& name : names_) {
    Seen& seen = seen_[name];
    if (seen.alive && seen.watch != nullptr) look(name, seen, false);
  }
  if (!findings_.empty()) report();
}

void Watch::report() {
  for (Finding& finding : findings_.take()) {
    Violation found = violation(std::move(finding));
    if (options_.throws) throw InvariantViolated{std::move(found)};
    if (violations_.size() < violations_max) violations_.push_back(std::move(found));
  }
}

Violation Watch::violation(Finding finding) {
  Violation result{std::move(finding), world_.now(), world_.events_run(), world_.seed(), {}};
  std::vector<Owner> concerned;
  for (const std::string& name : result.finding.nodes) {
    if (std::find(names_.begin(), names_.end(), name) != names_.end())
      concerned.push_back(world_.at_host(name).index());
  }
  const auto about = [&](Owner owner) {
    return std::find(concerned.begin(), concerned.end(), owner) != concerned.end();
  };
  // From the end: so many rows between these nodes, and the hardships that lie further back.
  const std::vector<TraceRow> rows = world_.trace().rows();
  std::size_t of_nodes = 0;
  std::size_t of_world = 0;
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const bool hardship = row->kind == TraceKind::hardship || row->kind == TraceKind::process;
    const bool between = about(row->host) && (concerned.size() < 2 || about(row->other));
    if (!hardship && !between) continue;
    if (++(hardship ? of_world : of_nodes) > options_.story_rows) continue;
    std::ostringstream text;
    world_.trace().print(text, *row);
    result.story.push_back(text.str());
  }
  std::reverse(result.story.begin(), result.story.end());
  return result;
}

}  // namespace hawser::sim
