#include <hawser/interconnect/zmq/zmq_inbound.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/zmq/name_lookup.hpp>
#include <hawser/interconnect/zmq/socket_token.hpp>
#include <hawser/interconnect/zmq/tcp_probe.hpp>
#include <hawser/interconnect/zmq/upcalls.hpp>
#include <hawser/interconnect/zmq/wake_set.hpp>
#include <hawser/interconnect/zmq/zmq_context.hpp>
#include <hawser/interconnect/zmq/zmq_socket.hpp>

#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

namespace hawser {
namespace {

// Whole frames ZeroMQ may hold per connection before it stops reading from TCP.
constexpr int frames_queued_max = 64;
constexpr int backlog = 1024;
// What one turn takes from the socket before the loop's other work gets its turn.
constexpr int turn_frames_max = 128;
constexpr std::size_t turn_bytes_max = 1 << 20;
// After the end of a connection: how long its last frames may take from ZeroMQ's I/O thread to here.
constexpr Duration ending_time{2'000};
// And how long frames that come later still are kept from being taken for a new connection.
constexpr Duration remembered_time{100'000};
constexpr Duration linger_time{200'000};
constexpr Duration audit_interval{200'000};
// What may lie between the kernel's count and ours in an honest connection, beside two frames: the kernel's buffer.
constexpr std::int64_t audit_slack_bytes = 8 << 20;
// Descriptors a listener leaves to everything else in the process.
constexpr std::size_t descriptors_reserved = 32;

constexpr unsigned descriptor_bits = 24;

constexpr int events_used = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED;

int descriptor_of(ConnectionId id) noexcept {
  return static_cast<int>(static_cast<std::uint64_t>(id) & ((std::uint64_t{1} << descriptor_bits) - 1));
}

std::string claimed_name(std::string_view routing_id) {
  if (routing_id.empty() || routing_id.front() == '\0') return {};  // ZeroMQ made it up: the peer gave none
  return std::string{routing_id.substr(0, routing_id.find('|'))};
}

class Message {
 public:
  Message() noexcept { zmq_msg_init(&message_); }
  ~Message() { zmq_msg_close(&message_); }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  bool receive(void* socket) noexcept { return zmq_msg_recv(&message_, socket, ZMQ_DONTWAIT) >= 0; }
  bool more() const noexcept { return zmq_msg_more(&message_) != 0; }
  std::size_t size() const noexcept { return zmq_msg_size(&message_); }
  const std::byte* data() noexcept { return static_cast<const std::byte*>(zmq_msg_data(&message_)); }
  std::string_view text() noexcept { return {reinterpret_cast<const char*>(data()), size()}; }
  int source() noexcept { return zmq_msg_get(&message_, ZMQ_SRCFD); }

 private:
  zmq_msg_t message_;
};

std::string bind_problem(const Endpoint& at, int error) {
  const std::string what = "port " + std::to_string(at.port) + " on " + at.host;
  switch (error) {
    case EADDRINUSE:
      return what + " is in use by another process; stop it or set `listen`";
    case EACCES:
      return what + " is not allowed for this user; choose a port above 1023";
    case EADDRNOTAVAIL:
    case ENODEV:
      return at.host + " is no address of this machine; set `listen` to one that is";
    case EMFILE:
    case ENFILE:
      return what + " cannot be opened: no descriptor is left; raise the limit (ulimit -n)";
    default:
      return what + " cannot be opened (" + zmq_strerror(error) + "); set `listen` to another endpoint";
  }
}

}  // namespace

struct ZmqInbound::Connection {
  ConnectionId id = ConnectionId::none;
  int descriptor = -1;
  std::string routing_id;
  PeerIdentity identity;
  bool told = false;   // the node has seen a frame of it
  bool muted = false;  // dropped, or told closed: nothing of it goes up any more
  Instant ended_at = never;
};

struct ZmqInbound::Slot {
  bool open = false;       // accepted and not yet disconnected
  bool condemned = false;  // on its way out: frames are ignored
  bool greeted = false;    // its ZMTP handshake succeeded
  std::uint64_t cookie = 0;
  std::int64_t bytes = 0;                  // received as whole frames since it was accepted
  std::unique_ptr<Connection> connection;  // from the first frame on
};

struct ZmqInbound::Frame {
  std::string_view routing_id;
  int descriptor = -1;
  Message* body = nullptr;
};

ZmqInbound::ZmqInbound(const ZmqServices& services, const TransportConfig& config, Upcalls& upcalls, WakeSet& wakes,
                       UniqueFunction<void()> check_soon)
    : services_(services), config_(config), upcalls_(upcalls), wakes_(wakes), check_soon_(std::move(check_soon)) {}

ZmqInbound::~ZmqInbound() { close(); }

void ZmqInbound::close() {
  services_.scheduler.cancel(std::exchange(chores_timer_, TimerId::none));
  services_.scheduler.cancel(std::exchange(audit_timer_, TimerId::none));
  socket_.reset();
}

Endpoint ZmqInbound::listen(const Endpoint& at) {
  HAWSER_ASSERT(socket_ == nullptr, "a transport listens once");
  const std::string address = NameLookup::at_once(at.host);
  std::unique_ptr<ZmqSocket> socket = ZmqSocket::open(services_.context, wakes_, ZMQ_ROUTER);
  if (socket == nullptr) throw StartError(bind_problem(at, EMFILE));
  socket->set(ZMQ_ROUTER_MANDATORY, 1);
  socket->set(ZMQ_ROUTER_HANDOVER, 1);
  socket->set(ZMQ_MAXMSGSIZE, static_cast<std::int64_t>(config_.frame_bytes_max));
  socket->set(ZMQ_HEARTBEAT_IVL, 0);
  socket->set(ZMQ_HANDSHAKE_IVL, std::max(1, static_cast<int>(config_.handshake_timeout.count() / 1000)));
  socket->set(ZMQ_RCVHWM, frames_queued_max);
  socket->set(ZMQ_SNDHWM, 8);
  socket->set(ZMQ_BACKLOG, backlog);
  // Without encryption a domain has one effect: peers that speak ZMTP 1 or 2 are turned away.
  socket->set(ZMQ_ZAP_DOMAIN, std::string_view{"hawser"});
  if (address.find(':') != std::string::npos) socket->set(ZMQ_IPV6, 1);
  if (!socket->watch(events_used, socket_token::listener(), socket_token::listener_monitor())) {
    throw StartError(bind_problem(at, EMFILE));
  }
  if (!socket->bind("tcp://" + Endpoint{address, at.port}.text())) throw StartError(bind_problem(at, zmq_errno()));
  std::string problem;
  const std::optional<Endpoint> bound = Endpoint::parse(socket->bound_endpoint(), problem);
  if (!bound) throw StartError(problem);
  socket_ = std::move(socket);
  const std::size_t limit = descriptors_max();
  const std::size_t room = limit > 2 * descriptors_reserved ? limit - descriptors_reserved : limit / 2;
  open_max_ = std::min(config_.connections_max, room);
  return Endpoint{at.host, bound->port};
}

ZmqInbound::Slot& ZmqInbound::slot(int descriptor) {
  const auto index = static_cast<std::size_t>(descriptor);
  if (index >= slots_.size()) slots_.resize(index + 1);
  return slots_[index];
}

ZmqInbound::Connection* ZmqInbound::find(ConnectionId id) noexcept {
  const auto index = static_cast<std::size_t>(descriptor_of(id));
  if (index < slots_.size() && slots_[index].connection != nullptr && slots_[index].connection->id == id) {
    return slots_[index].connection.get();
  }
  for (const auto& connection : ending_) {
    if (connection->id == id) return connection.get();
  }
  return nullptr;
}

void ZmqInbound::hear_monitor() {
  if (socket_ == nullptr) return;
  while (const std::optional<MonitorEvent> event = socket_->next_event()) {
    if (event->value < 0) continue;
    if (event->what == ZMQ_EVENT_ACCEPTED) accepted(event->value);
    if (event->what == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) slot(event->value).greeted = true;
    if (event->what == ZMQ_EVENT_DISCONNECTED) disconnected(event->value);
  }
}

void ZmqInbound::accepted(int descriptor) {
  disconnected(descriptor);
  Slot& slot = this->slot(descriptor);
  slot.open = true;
  slot.condemned = false;
  slot.greeted = false;
  slot.bytes = 0;
  slot.cookie = tcp_probe::cookie(descriptor);
  ++open_;
  ++upcalls_.stats.connections_accepted;
  upcalls_.stats.connections_open = open_;
  if (open_ > open_max_) {
    ++upcalls_.stats.connections_refused;
    slot.condemned = true;
    shut_later(descriptor);
  }
  plan_audit();
}

void ZmqInbound::disconnected(int descriptor) {
  Slot& slot = this->slot(descriptor);
  if (!slot.open) return;
  slot.open = false;
  if (!slot.greeted && !slot.condemned) ++upcalls_.stats.handshakes_failed;
  --open_;
  upcalls_.stats.connections_open = open_;
  if (slot.connection != nullptr) end(std::move(slot.connection));
}

void ZmqInbound::end(std::unique_ptr<Connection> connection) {
  forget_name(*connection);
  connection->ended_at = services_.scheduler.now();
  const Instant due = later(connection->ended_at, ending_time);
  ending_.push_back(std::move(connection));
  plan_chores(due);
}

void ZmqInbound::forget_name(const Connection& connection) {
  const auto named = by_routing_id_.find(connection.routing_id);
  if (named != by_routing_id_.end() && named->second == connection.id) by_routing_id_.erase(named);
}

ZmqInbound::Received ZmqInbound::receive() {
  std::size_t bytes = 0;
  int frames = 0;
  for (; frames < turn_frames_max && bytes < turn_bytes_max; ++frames) {
    if (upcalls_.closed() || socket_ == nullptr) return Received::nothing;
    Message sender;
    Message body;
    if (!sender.receive(socket_->handle())) {
      drained_ = true;
      return frames == 0 ? Received::nothing : Received::all;
    }
    bool several = false;
    bool whole = sender.more() && body.receive(socket_->handle());
    while (whole && body.more()) {
      several = true;
      whole = body.receive(socket_->handle());
    }
    if (!whole) continue;
    bytes += body.size();
    Frame frame{.routing_id = sender.text(), .descriptor = body.source(), .body = &body};
    if (frame.descriptor < 0) continue;
    if (several || body.size() == 0) {
      hear_monitor();
      ++upcalls_.stats.frames_malformed;
      condemn(frame.descriptor);
      continue;
    }
    take(frame);
  }
  drained_ = false;
  return Received::some;
}

void ZmqInbound::take(Frame& frame) {
  Connection* connection = connection_of(frame);
  Slot& slot = this->slot(frame.descriptor);
  const std::size_t size = frame.body->size();
  slot.bytes += static_cast<std::int64_t>(size) + (size > 255 ? 9 : 2);
  if (connection == nullptr || connection->muted) return;
  ++upcalls_.stats.frames_in;
  upcalls_.stats.bytes_in += size;
  connection->told = true;
  BufferRef copy = Buffer::copy({frame.body->data(), size});
  upcalls_.tell(
      [&](TransportEvents& events) { events.frame_received(connection->id, connection->identity, std::move(copy)); });
}

ZmqInbound::Connection* ZmqInbound::connection_of(const Frame& frame) {
  Slot& slot = this->slot(frame.descriptor);
  if (slot.connection != nullptr && slot.connection->routing_id == frame.routing_id) [[likely]] {
    return slot.connection.get();
  }
  for (const auto& connection : ending_) {
    if (connection->descriptor == frame.descriptor && connection->routing_id == frame.routing_id) {
      return connection.get();
    }
  }
  return first_frame(frame);
}

ZmqInbound::Connection* ZmqInbound::first_frame(const Frame& frame) {
  // Whatever happened to this descriptor before the frame came is in the monitor by now.
  hear_monitor();
  Slot& slot = this->slot(frame.descriptor);
  if (slot.open && slot.condemned) return nullptr;
  // The leftovers of a connection that another one displaced, under a name that ZeroMQ gave them.
  if (slot.connection != nullptr) return nullptr;
  std::unique_ptr<Connection> connection = make_connection(frame);
  Connection* const made = connection.get();
  if (slot.open) {
    const auto [named, fresh] = by_routing_id_.try_emplace(connection->routing_id, connection->id);
    if (!fresh) displace(std::exchange(named->second, connection->id));
    slot.connection = std::move(connection);
  } else {
    end(std::move(connection));  // it came, spoke and went while we were busy
  }
  return made;
}

std::unique_ptr<ZmqInbound::Connection> ZmqInbound::make_connection(const Frame& frame) {
  auto connection = std::make_unique<Connection>();
  connection->id = ConnectionId{(next_connection_++ << descriptor_bits) | static_cast<std::uint64_t>(frame.descriptor)};
  connection->descriptor = frame.descriptor;
  connection->routing_id = frame.routing_id;
  connection->identity.name = claimed_name(frame.routing_id);
  return connection;
}

void ZmqInbound::displace(ConnectionId older) {
  slot(descriptor_of(older)).condemned = true;
  displaced_.push_back(older);
  shut_later(descriptor_of(older));
}

void ZmqInbound::condemn(int descriptor) {
  Slot& slot = this->slot(descriptor);
  if (!slot.open || slot.condemned) return;
  slot.condemned = true;
  if (slot.connection != nullptr) displaced_.push_back(slot.connection->id);
  shut_later(descriptor);
}

void ZmqInbound::shut_later(int descriptor) {
  to_shut_.emplace_back(descriptor, slot(descriptor).cookie);
  check_soon_();
}

void ZmqInbound::tell_closed(Connection& connection) {
  if (std::exchange(connection.muted, true) || !connection.told) return;
  upcalls_.tell([id = connection.id](TransportEvents& events) { events.connection_closed(id); });
}

bool ZmqInbound::finish_turn() {
  std::vector<ConnectionId> displaced;
  displaced.swap(displaced_);
  for (const ConnectionId id : displaced) {
    if (Connection* connection = find(id)) tell_closed(*connection);
    if (upcalls_.closed()) return false;
  }
  if (!to_shut_.empty()) {
    hear_monitor();
    for (const auto& [descriptor, cookie] : to_shut_) {
      const Slot& slot = this->slot(descriptor);
      if (slot.open && slot.cookie == cookie) tcp_probe::shut(descriptor, cookie);
    }
    to_shut_.clear();
  }
  return std::exchange(used_, false);
}

void ZmqInbound::answer(ConnectionId id, BufferRef frame) {
  const Connection* connection = find(id);
  if (connection == nullptr || connection->muted || socket_ == nullptr || frame.size() == 0) return;
  const auto named = by_routing_id_.find(connection->routing_id);
  if (named == by_routing_id_.end() || named->second != id) return;
  const std::string& to = connection->routing_id;
  used_ = true;
  check_soon_();
  // Fails when the peer has gone or does not read: then there is nobody to answer.
  if (zmq_send(socket_->handle(), to.data(), to.size(), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) return;
  const std::size_t bytes = frame.size();
  if (socket_->send(std::move(frame)) != 0) return;
  ++upcalls_.stats.frames_out;
  upcalls_.stats.bytes_out += bytes;
}

void ZmqInbound::drop(ConnectionId id, bool linger) {
  Connection* connection = find(id);
  if (connection == nullptr) return;
  connection->muted = true;
  if (connection->ended_at != never) return;
  Slot& slot = this->slot(connection->descriptor);
  if (std::exchange(slot.condemned, true)) return;
  if (!linger) {
    shut_later(connection->descriptor);
    return;
  }
  const Instant due = later(services_.scheduler.now(), linger_time);
  lingering_.push_back({connection->descriptor, slot.cookie, due});
  plan_chores(due);
}

// `due` is when the next connection may need a hand; an earlier plan stands.
void ZmqInbound::plan_chores(Instant due) {
  if (chores_timer_ != TimerId::none && chores_due_ <= due) return;
  services_.scheduler.cancel(chores_timer_);
  chores_due_ = due;
  chores_timer_ = services_.scheduler.at(due, [this] { chores(); });
}

void ZmqInbound::chores() {
  chores_timer_ = TimerId::none;
  const Instant now = services_.scheduler.now();
  // While frames wait in the socket, those of an ended connection may be among them.
  if (drained_) {
    std::erase_if(ending_, [now](const auto& connection) {
      return connection->muted && now >= later(connection->ended_at, remembered_time);
    });
    for (std::size_t i = 0; i < ending_.size(); ++i) {
      if (now >= later(ending_[i]->ended_at, ending_time)) tell_closed(*ending_[i]);
      if (upcalls_.closed()) return;
    }
  }
  std::erase_if(lingering_, [this, now](const Lingering& lingering) {
    if (now < lingering.due) return false;
    to_shut_.emplace_back(lingering.descriptor, lingering.cookie);
    return true;
  });
  if (!to_shut_.empty()) check_soon_();
  Instant due = never;
  for (const auto& connection : ending_) {
    due = std::min(due, later(connection->ended_at, connection->muted ? remembered_time : ending_time));
  }
  for (const Lingering& lingering : lingering_) due = std::min(due, lingering.due);
  if (due != never) plan_chores(std::max(due, later(now, ending_time)));
  upcalls_.end_turn();
}

void ZmqInbound::plan_audit() {
  if (audit_timer_ != TimerId::none || open_ == 0) return;
  audit_timer_ = services_.scheduler.at(later(services_.scheduler.now(), audit_interval), [this] { audit(); });
}

void ZmqInbound::audit() {
  audit_timer_ = TimerId::none;
  plan_audit();
  if (!drained_) return;
  const auto most = 2 * static_cast<std::int64_t>(config_.frame_bytes_max) + audit_slack_bytes;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const int descriptor = static_cast<int>(i);
    if (!slots_[i].open || slots_[i].condemned) continue;
    const std::optional<std::uint64_t> received = tcp_probe::bytes_received(descriptor);
    if (!received || static_cast<std::int64_t>(*received) - slots_[i].bytes <= most) continue;
    ++upcalls_.stats.frames_malformed;
    condemn(descriptor);
  }
}

}  // namespace hawser
