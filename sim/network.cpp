#include <hawser/sim/network.hpp>

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <utility>

namespace hawser::sim {
namespace {

constexpr Duration syn_retry_first{1'000'000};
constexpr std::uint8_t syn_tries_max = 6;
constexpr unsigned slot_bits = 24;

bool waits_for_reader(const Pipe& pipe) noexcept { return !pipe.queue.empty() && !sets_up(pipe.queue.front().kind); }

bool numeric(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos || host.find(':') != std::string::npos;
}

}  // namespace

MachineId Network::add_machine(const std::string& name, const Rule& rule) {
  HAWSER_ASSERT(names_.count(name) == 0, "a host of that name exists");
  const auto id = static_cast<MachineId>(machines_.size());
  const std::size_t before = machines_.size();
  std::vector<Link> links((before + 1) * (before + 1));
  for (std::size_t from = 0; from < before; ++from) {
    for (std::size_t to = 0; to < before; ++to) {
      links[from * (before + 1) + to] = std::move(links_[from * before + to]);
    }
  }
  const auto shared = std::make_shared<const Rule>(rule);
  for (std::size_t other = 0; other <= before; ++other) {
    links[other * (before + 1) + before].rule = shared;
    links[before * (before + 1) + other].rule = shared;
  }
  links_ = std::move(links);
  machines_.emplace_back().name = name;
  names_[name] = id;
  trace_.name_host(id, name);
  return id;
}

Connection* Network::find(std::uint64_t id) noexcept {
  const std::uint64_t slot = (id & ((std::uint64_t{1} << slot_bits) - 1)) - 1;
  if (slot >= connections_.size()) return nullptr;
  Connection* found = connections_[slot].get();
  return found->id == id ? found : nullptr;
}

std::uint64_t Network::open_slot() {
  if (free_.empty()) {
    free_.push_back(connections_.size());
    connections_.push_back(std::make_unique<Connection>());
  }
  const std::size_t slot = free_.back();
  free_.pop_back();
  Connection& connection = *connections_[slot];
  connection.id = connection.generation << slot_bits | (slot + 1);
  ++in_use_;
  return connection.id;
}

void Network::release_if_done(std::uint64_t id) {
  Connection* connection = find(id);
  if (connection == nullptr || connection->dialler.open || connection->listener.open) return;
  events_.cancel(connection->forward.armed);
  events_.cancel(connection->backward.armed);
  events_.cancel(connection->timeout);
  events_.cancel(connection->syn_retry);
  const std::uint64_t generation = connection->generation + 1;
  *connection = Connection{};
  connection->generation = generation;
  free_.push_back((id & ((std::uint64_t{1} << slot_bits) - 1)) - 1);
  --in_use_;
}

bool Network::attached(const Attachment* user) const {
  for (const Machine& machine : machines_) {
    if (std::find(machine.attached.begin(), machine.attached.end(), user) != machine.attached.end()) return true;
  }
  return false;
}

std::size_t Network::descriptors_used(MachineId machine) const {
  std::size_t used = 0;
  for (const Attachment* user : machines_[machine].attached) used += user->links_open + user->stats.connections_open;
  return used;
}

void Network::turn_ended(Attachment* user, std::uint64_t detachments) {
  if (user != nullptr && (detachments == detachments_ || attached(user))) user->events->turn_ended();
}

void Network::detach(Attachment& user) {
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    const std::uint64_t id = connections_[slot]->id;
    if (id == 0) continue;
    if (connections_[slot]->dialler.user == &user) hang_up(user, static_cast<LinkId>(id));
    const Connection* left = find(id);
    if (left != nullptr && left->listener.user == &user) drop(user, static_cast<ConnectionId>(id), true);
  }
  std::erase(machines_[user.machine].attached, &user);
  ++detachments_;
}

void Network::process_ended(MachineId machine, bool silently) {
  Machine& gone = machines_[machine];
  if (silently) gone.powered = false;
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = *connections_[slot];
    if (connection.id == 0) continue;
    const std::uint64_t id = connection.id;
    for (const Way way : {Way::forward, Way::backward}) {
      Side& side = connection.sending(way);
      if (connection.sender(way) != machine || !side.open) continue;
      side.open = false;
      if (!silently && connection.receiving(way).open) transmit(id, way, SegmentKind::rst);
    }
    const bool half_accepted = connection.to == machine && connection.kernel_accepted && !connection.listener.open;
    if (half_accepted && !silently && !connection.up) transmit(id, Way::backward, SegmentKind::refused);
    // What was under way to it is taken by the machine now, not by a process.
    for (const Way way : {Way::forward, Way::backward}) {
      if (connection.receiver(way) == machine) arm(connection, way);
    }
    release_if_done(id);
  }
  gone.attached.clear();
}

Endpoint Network::listen(Attachment& user, const Endpoint& at) {
  Machine& machine = machines_[user.machine];
  Endpoint bound = at;
  if (bound.port == 0) {
    while (listener_at(user.machine, machine.next_port) != nullptr) ++machine.next_port;
    bound.port = machine.next_port++;
  }
  if (listener_at(user.machine, bound.port) != nullptr) {
    throw StartError("cannot listen at " + bound.text() + ": address in use; stop the other process or choose a port");
  }
  user.bound = bound;
  user.listening = true;
  add_address(user.machine, bound);
  return bound;
}

Attachment* Network::listener_at(MachineId machine, std::uint16_t port) const {
  for (Attachment* user : machines_[machine].attached) {
    if (user->listening && user->bound.port == port) return user;
  }
  return nullptr;
}

std::optional<MachineId> Network::resolve(const Attachment& user, const Endpoint& to) const {
  std::optional<MachineId> machine;
  if (const auto address = addresses_.find(to); address != addresses_.end()) {
    machine = address->second;
  } else if (const auto name = names_.find(to.host); name != names_.end()) {
    machine = name->second;
  } else if (to.loopback()) {
    machine = user.machine;
  }
  if (machine && machines_[*machine].instead) return machines_[*machine].instead;
  return machine;
}

LinkId Network::dial(Attachment& user, const DialRequest& request) {
  ++user.stats.dials;
  ++dials_;
  const bool starved = descriptors_used(user.machine) >= machines_[user.machine].descriptors_max;
  const std::optional<MachineId> target = resolve(user, request.to);
  const std::uint64_t id = open_slot();
  ++user.links_open;
  Connection& connection = *find(id);
  connection.from = user.machine;
  connection.to = target.value_or(user.machine);
  connection.port = request.to.port;
  connection.lane = request.lane;
  connection.identity.name = user.config.self.text();
  connection.dialler = {&user, true};
  trace_.add(now_, TraceKind::dial, user.machine, target.value_or(world_owner),
             static_cast<std::uint64_t>(request.lane));
  if (starved) {
    end_soon(id, LinkFailure::no_descriptors, "no descriptor is left");
  } else if (!target && !numeric(request.to.host)) {
    end_soon(id, LinkFailure::name_not_found, request.to.host);
  } else {
    connection.timeout =
        events_.schedule(later(now_, user.config.connect_timeout), user.machine, [this, id] { on_timeout(id); });
    if (target) retry_syn(id);  // nobody answers at a number that no machine has
  }
  return static_cast<LinkId>(id);
}

void Network::retry_syn(std::uint64_t id) {
  Connection* connection = find(id);
  if (connection == nullptr || connection->up || !connection->dialler.open) return;
  if (connection->syn_tries < syn_tries_max) {
    const Duration wait = syn_retry_first * (1 << connection->syn_tries++);
    if (wait < connection->dialler.user->config.connect_timeout) {
      connection->syn_retry = events_.schedule(later(now_, wait), world_owner, [this, id] { retry_syn(id); });
    }
  }
  if (!connection->kernel_accepted) {
    if (connection->forward.queue.empty()) transmit(id, Way::forward, SegmentKind::syn);
  } else if (connection->listener.open && connection->backward.queue.empty()) {
    transmit(id, Way::backward, SegmentKind::accepted);
  }
}

void Network::on_syn(std::uint64_t id) {
  Connection& connection = *find(id);
  if (connection.kernel_accepted || !connection.dialler.open) return;
  const Machine& machine = machines_[connection.to];
  if (!machine.powered) return;
  Attachment* listener = listener_at(connection.to, connection.port);
  const bool crowded = listener != nullptr && listener->config.connections_max != 0 &&
                       listener->stats.connections_open >= listener->config.connections_max;
  if (crowded) ++listener->stats.connections_refused;
  if (listener == nullptr || machine.refusing || crowded) {
    transmit(id, Way::backward, SegmentKind::refused);
    return;
  }
  if (descriptors_used(connection.to) >= machine.descriptors_max) return;
  connection.kernel_accepted = true;
  connection.listener.user = listener;
  events_.schedule(now_, connection.to, [this, id] { on_accept(id); });
}

void Network::on_accept(std::uint64_t id) {
  Connection* connection = find(id);
  if (connection == nullptr || !connection->dialler.open) return;
  Attachment* listener = connection->listener.user;
  if (!attached(listener)) {
    transmit(id, Way::backward, SegmentKind::refused);
    return;
  }
  connection->listener.open = true;
  ++listener->stats.connections_accepted;
  ++listener->stats.connections_open;
  transmit(id, Way::backward, SegmentKind::accepted);
}

void Network::on_accepted(std::uint64_t id) {
  Connection& connection = *find(id);
  if (connection.up) return;
  connection.up = true;
  events_.cancel(connection.timeout);
  events_.cancel(connection.syn_retry);
  if (connection.lane == LaneClass::control) last_link_up_ = now_;
  trace_.add(now_, TraceKind::link_up, connection.from, connection.to, static_cast<std::uint64_t>(connection.lane));
  connection.dialler.user->events->link_up(static_cast<LinkId>(id));
}

void Network::on_timeout(std::uint64_t id) {
  Connection* connection = find(id);
  if (connection == nullptr || connection->up || !connection->dialler.open) return;
  const TransportConfig& config = connection->dialler.user->config;
  const Duration rest = config.handshake_timeout - config.connect_timeout;
  const bool kernel_answers =
      connection->kernel_accepted && !rule(connection->to, connection->from).cuts(connection->lane);
  Attachment* user = connection->dialler.user;
  const std::uint64_t detachments = detachments_;
  if (kernel_answers && !connection->listener.open && rest > Duration::zero() && connection->timeout != EventId::none) {
    // The machine accepts, its process does not go on: it is the handshake that is missing.
    connection->timeout = EventId::none;
    events_.schedule(later(now_, rest), connection->from, [this, id] { on_timeout(id); });
    return;
  }
  if (kernel_answers) {
    end_link(id, LinkFailure::handshake_timeout, "connected, but nobody answers");
  } else {
    end_link(id, LinkFailure::connect_timeout, "no answer to the connection attempt");
  }
  turn_ended(user, detachments);
}

void Network::end_soon(std::uint64_t id, LinkFailure why, std::string_view detail) {
  events_.schedule(now_, find(id)->from, [this, id, why, text = std::string{detail}] {
    const Connection* connection = find(id);
    if (connection == nullptr || !connection->dialler.open) return;
    Attachment* user = connection->dialler.user;
    const std::uint64_t detachments = detachments_;
    end_link(id, why, text);
    turn_ended(user, detachments);
  });
}

// Tells the dialler. A listener that never saw a frame is closed with it, since nothing will ever come.
void Network::end_link(std::uint64_t id, LinkFailure why, std::string_view detail) {
  Connection& connection = *find(id);
  const bool was_up = connection.up;
  Attachment* user = connection.dialler.user;
  connection.dialler.open = false;
  connection.up = false;
  --user->links_open;
  discard_queue(connection, Way::backward);
  if (!was_up && connection.listener.open) {
    connection.listener.open = false;
    --connection.listener.user->stats.connections_open;
  }
  trace_.add(now_, TraceKind::link_down, connection.from, connection.to, static_cast<std::uint64_t>(connection.lane),
             to_string(why));
  release_if_done(id);
  user->events->link_down(static_cast<LinkId>(id), why, detail);
}

void Network::close_listener(std::uint64_t id) {
  Connection& connection = *find(id);
  Attachment* user = connection.listener.user;
  const bool delivered = connection.delivered;
  connection.listener.open = false;
  --user->stats.connections_open;
  trace_.add(now_, TraceKind::closed, connection.to, connection.from, static_cast<std::uint64_t>(connection.lane));
  release_if_done(id);
  if (delivered) user->events->connection_closed(static_cast<ConnectionId>(id));
}

void Network::hang_up(Attachment& user, LinkId link) {
  const auto id = static_cast<std::uint64_t>(link);
  Connection* connection = find(id);
  if (connection == nullptr || connection->dialler.user != &user || !connection->dialler.open) return;
  connection->dialler.open = false;
  connection->up = false;
  --user.links_open;
  discard_queue(*connection, Way::backward);
  if (connection->listener.open) transmit(id, Way::forward, SegmentKind::fin);
  release_if_done(id);
}

void Network::drop(Attachment& user, ConnectionId which, bool linger) {
  const auto id = static_cast<std::uint64_t>(which);
  Connection* connection = find(id);
  if (connection == nullptr || connection->listener.user != &user || !connection->listener.open) return;
  connection->listener.open = false;
  --user.stats.connections_open;
  trace_.add(now_, TraceKind::closed, connection->to, connection->from, static_cast<std::uint64_t>(connection->lane));
  arm(*connection, Way::forward);
  if (connection->dialler.open) {
    if (!linger) discard_queue(*connection, Way::backward);
    transmit(id, Way::backward, linger ? SegmentKind::fin : SegmentKind::rst);
  }
  release_if_done(id);
}

void Network::reset(MachineId first, MachineId second, Notice notice) {
  ++link(first, second).forgotten;
  for (std::size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = *connections_[slot];
    if (connection.id == 0) continue;
    const bool there = connection.from == first && connection.to == second;
    if (!there && !(connection.from == second && connection.to == first)) continue;
    const std::uint64_t id = connection.id;
    discard_queue(connection, Way::forward);
    discard_queue(connection, Way::backward);
    const bool dialler_told = notice == Notice::both || (notice == Notice::first) == there;
    const bool listener_told = notice == Notice::both || (notice == Notice::first) != there;
    // As on a real socket, a connection that had not stood is one whose set-up failed.
    const LinkFailure failure = connection.up ? LinkFailure::closed_by_peer : LinkFailure::handshake_failed;
    if (dialler_told && connection.dialler.open) end_soon(id, failure, "reset");
    if (!listener_told || !connection.listener.open) continue;
    events_.schedule(now_, connection.to, [this, id] {
      const Connection* open = find(id);
      if (open == nullptr || !open->listener.open) return;
      Attachment* user = open->listener.user;
      const std::uint64_t detachments = detachments_;
      close_listener(id);
      turn_ended(user, detachments);
    });
  }
}

Duration Network::queues_for(MachineId from, MachineId to) const noexcept {
  const Link& path = links_[from * machines_.size() + to];
  return path.queues ? now_ - path.prompt_at : Duration::zero();
}

void Network::forget(MachineId first, MachineId second) {
  ++link(first, second).forgotten;
  const auto kill = [this](Connection& connection, Way way) {
    lose_queue(connection, way);
    connection.pipe(way).lost = true;
  };
  each_pipe(first, second, kill);
  if (first != second) each_pipe(second, first, kill);
}

void Network::set_gateway_rate(std::uint32_t gateway, std::uint64_t bytes_per_second) {
  HAWSER_ASSERT(gateway > 0, "gateways are numbered from 1");
  if (gateways_.size() < gateway) gateways_.resize(gateway);
  gateways_[gateway - 1] = {bytes_per_second, 0};
}

void Network::set_rule(MachineId from, MachineId to, const Rule& rule) {
  Link& changed = link(from, to);
  const auto held_before = std::exchange(changed.rule, std::make_shared<const Rule>(rule));
  const Rule& before = *held_before;
  if (rule.bytes_per_second != before.bytes_per_second) changed.busy_until_ns = 0;
  if (rule.narrow() && !std::exchange(changed.queues, true)) changed.prompt_at = now_;
  const bool hole_closes = rule.frame_bytes_max > before.frame_bytes_max;
  each_pipe(from, to, [&](Connection& connection, Way way) {
    Pipe& pipe = connection.pipe(way);
    if (rule.cuts(connection.lane)) {
      lose_queue(connection, way);
    } else if (rule.hold || (rule.holds(connection.lane) && waits_for_reader(pipe))) {
      hold_queue(pipe);
    } else if (before.hold || (before.holds(connection.lane) && !rule.holds(connection.lane)) ||
               (pipe.stuck && hole_closes)) {
      pipe.stuck = false;
      release_queue(connection, way);
    }
    make_room(connection, way);
  });
}

}  // namespace hawser::sim
