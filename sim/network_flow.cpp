// Segments under way: from the sender's hand through the rule of the pair to the receiver's node.
#include <hawser/base/assert.hpp>
#include <hawser/sim/frame_types.hpp>
#include <hawser/sim/network.hpp>

#include <algorithm>

namespace hawser::sim {
namespace {

constexpr std::size_t segment_bytes = 1460;
constexpr Duration retransmit_first{200'000};
constexpr int retransmit_tries_max = 8;
constexpr std::uint8_t close_tries_max = 8;
constexpr std::uint32_t remember_chance = always / 8;

bool carries_data(SegmentKind kind) noexcept { return kind == SegmentKind::data; }
bool ends(SegmentKind kind) noexcept { return kind == SegmentKind::fin || kind == SegmentKind::rst; }

}  // namespace

SendResult Network::send(Attachment& user, LinkId link, BufferRef frame) {
  const auto id = static_cast<std::uint64_t>(link);
  Connection* connection = find(id);
  if (connection == nullptr || connection->dialler.user != &user || !connection->up) return SendResult::down;
  Pipe& pipe = connection->forward;
  const std::size_t buffer = rule(connection->from, connection->to).buffer_bytes;
  // A frame larger than the buffer goes when nothing else is there, or it would never go.
  if (pipe.buffered != 0 && pipe.buffered + frame.size() > buffer) {
    pipe.wants_writable = true;
    return SendResult::full;
  }
  ++user.stats.frames_out;
  user.stats.bytes_out += frame.size();
  trace_.add_sent(now_, connection->from, connection->to, frame.bytes());
  transmit(id, Way::forward, SegmentKind::data, std::move(frame));
  return SendResult::accepted;
}

void Network::answer(Attachment& user, ConnectionId which, BufferRef frame) {
  const auto id = static_cast<std::uint64_t>(which);
  Connection* connection = find(id);
  if (connection == nullptr || connection->listener.user != &user || !connection->listener.open) return;
  ++user.stats.frames_out;
  user.stats.bytes_out += frame.size();
  trace_.add_sent(now_, connection->to, connection->from, frame.bytes());
  transmit(id, Way::backward, SegmentKind::data, std::move(frame));
}

void Network::transmit(std::uint64_t id, Way way, SegmentKind kind, BufferRef frame) {
  Connection& connection = *find(id);
  Pipe& pipe = connection.pipe(way);
  const Rule& rule = *link(connection.sender(way), connection.receiver(way)).rule;
  Picked picked;
  if (carries_data(kind) && !frame_rules_.empty()) picked = pick(connection, way, frame);
  const bool gone = picked.dropped || (carries_data(kind) && pipe.lost) || rule.cuts(connection.lane) ||
                    (kind == SegmentKind::syn && rule.syn_drop) ||
                    (carries_data(kind) && !rule.types_cut.empty() && holds_type(frame.bytes(), rule.types_cut));
  if (gone) {
    pipe.buffered += frame.size();
    lose(connection, way, kind, frame.size());
    return;
  }
  const bool tampered = carries_data(kind) && rule.tampers();
  for (std::uint32_t i = 0; i <= picked.copies; ++i) {
    if (tampered) {
      tamper(connection, way, frame, picked.extra);
    } else {
      push(connection, way, kind, frame, picked.extra);
    }
  }
}

void Network::tamper(Connection& connection, Way way, BufferRef frame, Duration extra) {
  Link& path = link(connection.sender(way), connection.receiver(way));
  const Rule& rule = *path.rule;
  if (path.remembered && random_.chance(rule.replay)) push(connection, way, SegmentKind::data, path.remembered);
  if (rule.replay != 0 && (!path.remembered || random_.chance(remember_chance))) path.remembered = frame;
  if (frame.size() != 0 && random_.chance(rule.corrupt)) flip_a_bit(frame);
  if (frame.size() != 0 && random_.chance(rule.truncate)) cut_its_end(frame);
  if (random_.chance(rule.duplicate)) push(connection, way, SegmentKind::data, frame, extra);
  push(connection, way, SegmentKind::data, std::move(frame), extra);
}

void Network::flip_a_bit(BufferRef& frame) {
  frame = Buffer::copy(frame.bytes());
  frame.bytes()[random_.below(frame.size())] ^= static_cast<std::byte>(1U << random_.below(8));
}

void Network::cut_its_end(BufferRef& frame) { frame = Buffer::copy(frame.bytes().first(random_.below(frame.size()))); }

void Network::push(Connection& connection, Way way, SegmentKind kind, BufferRef frame, Duration extra) {
  Pipe& pipe = connection.pipe(way);
  Link& path = link(connection.sender(way), connection.receiver(way));
  const bool setting_up = sets_up(kind) && kind != SegmentKind::refused;
  if (kind == SegmentKind::rst) {
    if (pipe.resetting) return;
    discard_queue(connection, way);  // a reset does not wait behind data, it takes its place
    pipe.resetting = true;
  }
  pipe.buffered += frame.size();
  std::optional<WorldTime> at = arrival(path, frame.size(), !setting_up);
  if (!at || (carries_data(kind) && pipe.lost)) {
    lose(connection, way, kind, frame.size());
    if (!at && carries_data(kind)) give_up(connection, way);
    return;
  }
  if (frame.size() > path.rule->frame_bytes_max) pipe.stuck = true;
  if (path.rule->hold || pipe.stuck || (path.rule->holds(connection.lane) && !sets_up(kind))) {
    at = world_never;
  } else {
    pipe.last_at = std::max(pipe.last_at, later(*at, extra));
    at = pipe.last_at;
    if (path.queues && carries_data(kind) && connection.lane == LaneClass::control) note_answer(path, frame, *at);
  }
  pipe.queue.push_back({*at, kind, std::move(frame)});
  if (pipe.queue.size() == 1) arm(connection, way);
}

void Network::note_answer(Link& path, const BufferRef& frame, WorldTime arrives) {
  const Rule& rule = *path.rule;
  const std::uint64_t gateway = rule.gateway == 0 ? 0 : gateways_[rule.gateway - 1].bytes_per_second;
  Duration alone = rule.delay.max() + rule.extra_delay + Duration{1};
  for (const std::uint64_t rate : {gateway, rule.bytes_per_second}) {
    if (rate != 0) alone += Duration{static_cast<std::int64_t>(frame.size() * 1'000'000 / rate)} + Duration{1};
  }
  if (arrives > later(now_, alone) || !answers_heartbeat(frame.bytes())) return;
  path.prompt_at = now_;
  path.queues = rule.narrow();
}

// When what comes to a narrow place at `at` has passed it, first come first served.
WorldTime Network::through(std::int64_t& busy_until_ns, std::uint64_t bytes_per_second, std::size_t bytes,
                           WorldTime at) {
  if (bytes_per_second == 0) return at;
  const std::int64_t start = std::max(busy_until_ns, to_us(at) * 1000);
  busy_until_ns = start + static_cast<std::int64_t>(bytes * 1'000'000'000 / bytes_per_second);
  return WorldTime{Duration{(busy_until_ns + 999) / 1000}};
}

// When a segment that leaves now arrives; nothing when it never does.
std::optional<WorldTime> Network::arrival(Link& path, std::size_t bytes, bool retransmits) {
  const Rule& rule = *path.rule;
  WorldTime at = now_;
  if (rule.gateway != 0) {  // first, since everything comes to it in the order of sending
    Bucket& gateway = gateways_[rule.gateway - 1];
    at = through(gateway.busy_until_ns, gateway.bytes_per_second, bytes, at);
  }
  at = through(path.busy_until_ns, rule.bytes_per_second, bytes, at);
  at = later(at, rule.delay.draw(random_) + rule.extra_delay);
  if (rule.loses()) {
    const std::optional<Duration> wait = loss_delay(path, bytes, retransmits);
    if (!wait) return std::nullopt;
    at = later(at, *wait);
  }
  return at;
}

std::optional<Duration> Network::loss_delay(Link& path, std::size_t bytes, bool retransmits) {
  const Burst& burst = path.rule->burst;
  if (burst.enter != 0) path.burst_bad = path.burst_bad ? !random_.chance(burst.leave) : random_.chance(burst.enter);
  const bool bad = path.burst_bad && burst.enter != 0;
  const std::uint32_t chance = bad ? std::max(path.rule->loss, burst.loss) : path.rule->loss;
  Duration wait = bad ? burst.extra_delay : Duration::zero();
  std::size_t missing = bytes / segment_bytes + 1;
  Duration timeout = retransmit_first;
  for (int attempt = 0;; ++attempt) {
    std::size_t lost = 0;
    for (std::size_t i = 0; i < missing; ++i) lost += random_.chance(chance) ? 1 : 0;
    if (lost == 0) return wait;
    if (!retransmits || attempt == retransmit_tries_max) return std::nullopt;
    missing = lost;
    wait += timeout;
    timeout *= 2;
  }
}

// A set-up segment is tried again by retry_syn; the end of a connection is told again by its kernel, for a while.
void Network::lose(Connection& connection, Way way, SegmentKind kind, std::size_t bytes) {
  Pipe& pipe = connection.pipe(way);
  if (carries_data(kind)) {
    pipe.lost = true;
    trace_.add(now_, TraceKind::lost, connection.sender(way), connection.receiver(way), bytes);
  }
  if (!ends(kind) || pipe.close_tries == close_tries_max) return;
  if (kind == SegmentKind::rst) pipe.resetting = false;
  const Duration wait = retransmit_first * (1 << pipe.close_tries++);
  events_.schedule(later(now_, wait), world_owner, [this, id = connection.id, way] {
    Connection* open = find(id);
    if (open == nullptr || open->sending(way).open || !open->receiving(way).open) return;
    if (machines_[open->sender(way)].powered) transmit(id, way, SegmentKind::rst);
  });
}

// TCP of the sender has tried for long enough: its process is told, the other side is not.
void Network::give_up(Connection& connection, Way way) {
  if (way == Way::backward) return;
  Duration tried{0};
  for (int i = 0; i < retransmit_tries_max; ++i) tried += retransmit_first * (1 << i);
  events_.schedule(later(now_, tried), connection.from, [this, id = connection.id] {
    if (find(id) != nullptr && find(id)->up) end_soon(id, LinkFailure::closed_by_peer, "retransmission gave up");
  });
}

void Network::lose_queue(Connection& connection, Way way) {
  Pipe& pipe = connection.pipe(way);
  events_.cancel(std::exchange(pipe.armed, EventId::none));
  while (!pipe.queue.empty()) {
    const Segment segment = pipe.queue.take_front();
    lose(connection, way, segment.kind, segment.frame.size());
  }
}

void Network::discard_queue(Connection& connection, Way way) {
  Pipe& pipe = connection.pipe(way);
  events_.cancel(std::exchange(pipe.armed, EventId::none));
  while (!pipe.queue.empty()) {
    const Segment segment = pipe.queue.take_front();
    if (!carries_data(segment.kind)) continue;
    pipe.buffered -= segment.frame.size();
    trace_.add(now_, TraceKind::lost, connection.sender(way), connection.receiver(way), segment.frame.size());
  }
  pipe.resetting = false;
}

void Network::hold_queue(Pipe& pipe) {
  events_.cancel(std::exchange(pipe.armed, EventId::none));
  for (std::size_t i = 0; i < pipe.queue.size(); ++i) pipe.queue[i].at = world_never;
}

void Network::release_queue(Connection& connection, Way way) {
  Pipe& pipe = connection.pipe(way);
  const Rule& rule = *link(connection.sender(way), connection.receiver(way)).rule;
  if (pipe.queue.empty()) return;
  pipe.last_at = std::max(pipe.last_at, later(now_, rule.delay.draw(random_) + rule.extra_delay));
  for (std::size_t i = 0; i < pipe.queue.size(); ++i) {
    Segment& segment = pipe.queue[i];
    if (segment.frame.size() > rule.frame_bytes_max) pipe.stuck = true;
    segment.at = pipe.stuck ? world_never : std::min(segment.at, pipe.last_at);
  }
  arm(connection, way);
}

// Schedules the arrival of the first segment: with the receiving host, or with its kernel where no process waits for
// it.
void Network::arm(Connection& connection, Way way) {
  Pipe& pipe = connection.pipe(way);
  events_.cancel(std::exchange(pipe.armed, EventId::none));
  if (pipe.queue.empty() || pipe.queue.front().at == world_never) return;
  const Owner owner = connection.receiving(way).open ? connection.receiver(way) : world_owner;
  const WorldTime at = std::max(now_, pipe.queue.front().at);
  pipe.armed = events_.schedule(at, owner, [this, id = connection.id, way] { arrive(id, way); });
}

void Network::arrive(std::uint64_t id, Way way) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  connection->pipe(way).armed = EventId::none;
  Attachment* told = nullptr;
  const std::uint64_t detachments = detachments_;
  while (connection != nullptr) {
    Pipe& pipe = connection->pipe(way);
    if (pipe.queue.empty() || pipe.queue.front().at > now_) break;
    take(id, way, pipe.queue.take_front(), told);
    connection = find(id);
  }
  turn_ended(told, detachments);
  connection = find(id);
  if (connection == nullptr) return;
  if (connection->pipe(way).armed == EventId::none) arm(*connection, way);
  make_room(*connection, way);
}

// May call into the node, and then the connection may be gone.
void Network::take(std::uint64_t id, Way way, Segment segment, Attachment*& told) {
  Connection& connection = *find(id);
  const Side& side = connection.receiving(way);
  switch (segment.kind) {
    case SegmentKind::syn:
      on_syn(id);
      return;
    case SegmentKind::accepted:
      if (!side.open) return;
      told = side.user;
      on_accepted(id);
      return;
    case SegmentKind::refused:
      if (!side.open || connection.up) return;
      told = side.user;
      end_link(id, LinkFailure::connect_refused, "refused");
      return;
    case SegmentKind::data:
      take_frame(connection, way, std::move(segment.frame), told);
      return;
    case SegmentKind::fin:
    case SegmentKind::rst:
      break;
  }
  connection.pipe(way).resetting = false;
  if (!side.open) return;
  told = side.user;
  if (way == Way::forward) {
    close_listener(id);
  } else if (connection.up) {
    end_link(id, LinkFailure::closed_by_peer, segment.kind == SegmentKind::fin ? "closed by peer" : "reset by peer");
  } else {
    end_link(id, LinkFailure::handshake_failed, "closed before it stood");
  }
}

void Network::take_frame(Connection& connection, Way way, BufferRef frame, Attachment*& told) {
  const std::uint64_t id = connection.id;
  const MachineId receiver = connection.receiver(way);
  Side& side = connection.receiving(way);
  const Way back = way == Way::forward ? Way::backward : Way::forward;
  connection.pipe(way).buffered -= frame.size();
  if (!side.open) {
    // The kernel knows no such connection any more and says so, if there is a kernel.
    trace_.add(now_, TraceKind::lost, connection.sender(way), receiver, frame.size());
    if (machines_[receiver].powered && connection.sending(way).open) transmit(id, back, SegmentKind::rst);
    return;
  }
  Attachment* user = side.user;
  told = user;
  if (frame.size() == 0 || (user->config.frame_bytes_max != 0 && frame.size() > user->config.frame_bytes_max)) {
    ++user->stats.frames_malformed;
    if (way == Way::backward) return;
    transmit(id, back, SegmentKind::rst);
    close_listener(id);
    return;
  }
  ++user->stats.frames_in;
  user->stats.bytes_in += frame.size();
  trace_.add(now_, TraceKind::arrived, receiver, connection.sender(way), frame.size());
  if (way == Way::backward) {
    user->events->answer_received(static_cast<LinkId>(id), std::move(frame));
    return;
  }
  connection.delivered = true;
  user->events->frame_received(static_cast<ConnectionId>(id), connection.identity, std::move(frame));
}

void Network::make_room(Connection& connection, Way way) {
  Pipe& pipe = connection.pipe(way);
  if (!pipe.wants_writable) return;
  if (pipe.buffered > rule(connection.sender(way), connection.receiver(way)).buffer_bytes / 2) return;
  pipe.wants_writable = false;
  events_.schedule(now_, connection.from, [this, id = connection.id] {
    const Connection* open = find(id);
    if (open == nullptr || !open->up) return;
    Attachment* user = open->dialler.user;
    const std::uint64_t detachments = detachments_;
    user->events->link_writable(static_cast<LinkId>(id));
    turn_ended(user, detachments);
  });
}

}  // namespace hawser::sim
