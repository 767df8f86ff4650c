#include <hawser/interconnect/zmq/zmq_outbound.hpp>

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
#include <utility>

namespace hawser {
namespace {

// Frames ZeroMQ may hold for one link. The real queue is the node's, which also bounds the bytes.
constexpr int frames_queued_max = 64;
// A listener has one thing to say; more than this is no listener of ours.
constexpr unsigned answers_max = 8;
// The first frames of a link are its hello and what follows at once: a listener that says no says it to one of them.
constexpr unsigned sends_looked_after = 8;
// What one dial opens, and a few more so that others in this process still get theirs.
constexpr std::size_t descriptors_wanted = 8;
constexpr unsigned slot_bits = 16;
constexpr std::size_t links_max = std::size_t{1} << slot_bits;

constexpr int events_used = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED |
                            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

std::size_t slot_of(LinkId id) noexcept { return static_cast<std::uint64_t>(id) & (links_max - 1); }

std::string_view short_name(LaneClass lane) noexcept {
  switch (lane) {
    case LaneClass::control:
      return "ctl";
    case LaneClass::ordinary:
      return "ord";
    case LaneClass::bulk:
      return "blk";
  }
  return "?";
}

std::string milliseconds(Duration d) { return std::to_string(d.count() / 1000) + " ms"; }

}  // namespace

struct ZmqOutbound::Link {
  enum class State : std::uint8_t { resolving, connecting, greeting, up, failed };

  LinkId id = LinkId::none;
  DialRequest request;
  State state = State::resolving;
  bool touched = false;
  bool blocked = false;  // a send found no room, and the node waits to hear of some
  unsigned answers = 0;
  unsigned sends = 0;  // counted up to sends_looked_after
  TimerId deadline = TimerId::none;
  std::unique_ptr<ZmqSocket> socket;
  std::string where;  // for people: the endpoint, and its address where that differs
  LinkFailure failure = LinkFailure::connect_refused;
  std::string detail;
};

ZmqOutbound::ZmqOutbound(const ZmqServices& services, const TransportConfig& config, Upcalls& upcalls, WakeSet& wakes,
                         UniqueFunction<void()> check_soon)
    : services_(services),
      config_(config),
      upcalls_(upcalls),
      wakes_(wakes),
      check_soon_(std::move(check_soon)),
      self_(std::make_shared<ZmqOutbound*>(this)) {}

ZmqOutbound::~ZmqOutbound() { close(); }

void ZmqOutbound::close() {
  for (auto& link : links_) {
    if (link != nullptr) remove(*link);
  }
  touched_.clear();
}

ZmqOutbound::Link* ZmqOutbound::find(LinkId id) noexcept {
  const std::size_t slot = slot_of(id);
  if (slot >= links_.size() || links_[slot] == nullptr || links_[slot]->id != id) return nullptr;
  return links_[slot].get();
}

ZmqOutbound::Link& ZmqOutbound::make_link(const DialRequest& request) {
  if (free_.empty()) {
    HAWSER_ASSERT(links_.size() < links_max, "at most 65536 links are dialled at a time");
    links_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(links_.size() - 1));
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  auto link = std::make_unique<Link>();
  link->id = LinkId{(next_dial_++ << slot_bits) | slot};
  link->request = request;
  link->where = request.to.text();
  links_[slot] = std::move(link);
  return *links_[slot];
}

LinkId ZmqOutbound::dial(const DialRequest& request) {
  ++upcalls_.stats.dials;
  Link& link = make_link(request);
  const LinkId id = link.id;
  if (!descriptors_left(descriptors_wanted)) {
    fail_later(link, LinkFailure::no_descriptors, "this process may open no more descriptors");
    return id;
  }
  link.deadline =
      services_.scheduler.at(later(services_.scheduler.now(), config_.connect_timeout), [this, id] { deadline(id); });
  if (NameLookup::numeric(request.to.host)) {
    connect(link, {request.to.host});
    return id;
  }
  services_.names.resolve(request.to.host, [weak = std::weak_ptr<ZmqOutbound*>{self_}, id](
                                               std::vector<std::string> addresses, const std::string& problem) {
    if (const auto self = weak.lock()) (*self)->resolved(id, std::move(addresses), problem);
  });
  return id;
}

void ZmqOutbound::resolved(LinkId id, std::vector<std::string> addresses, const std::string& problem) {
  Link* link = find(id);
  if (link == nullptr || link->state != Link::State::resolving) return;
  if (addresses.empty()) {
    fail_later(*link, LinkFailure::name_not_found, "'" + link->request.to.host + "' does not resolve: " + problem);
    return;
  }
  connect(*link, addresses);
}

// One dial tries one address. Where a name has several, the dials take turns.
void ZmqOutbound::connect(Link& link, const std::vector<std::string>& addresses) {
  const std::uint64_t turn = static_cast<std::uint64_t>(link.id) >> slot_bits;
  const std::string& address = addresses[turn % addresses.size()];
  if (address != link.request.to.host) link.where += " (" + address + ")";
  connect_to(link, address);
}

void ZmqOutbound::connect_to(Link& link, const std::string& address) {
  link.state = Link::State::connecting;
  link.socket = ZmqSocket::open(services_.context, wakes_, ZMQ_DEALER);
  if (link.socket == nullptr) {
    fail_later(link, LinkFailure::no_descriptors, "no socket is left in this process");
    return;
  }
  const std::string routing_id = config_.self.text() + "|" + std::string{short_name(link.request.lane)} + "|" +
                                 std::to_string(to_number(config_.incarnation)) + "|" +
                                 std::to_string(static_cast<std::uint64_t>(link.id) >> slot_bits);
  ZmqSocket& socket = *link.socket;
  socket.set(ZMQ_ROUTING_ID, routing_id);
  socket.set(ZMQ_RECONNECT_IVL, -1);
  socket.set(ZMQ_IMMEDIATE, 1);
  socket.set(ZMQ_SNDHWM, frames_queued_max);
  socket.set(ZMQ_RCVHWM, static_cast<int>(answers_max));
  socket.set(ZMQ_MAXMSGSIZE, static_cast<std::int64_t>(config_.frame_bytes_max));
  socket.set(ZMQ_HEARTBEAT_IVL, 0);
  // Our deadlines speak first; ZeroMQ's own only make sure that nothing stays behind.
  socket.set(ZMQ_CONNECT_TIMEOUT, static_cast<int>(config_.connect_timeout.count() / 1000) + 1000);
  socket.set(ZMQ_HANDSHAKE_IVL, static_cast<int>(config_.handshake_timeout.count() / 1000) + 1000);
  const bool v6 = address.find(':') != std::string::npos;
  if (v6) socket.set(ZMQ_IPV6, 1);
  if (!socket.watch(events_used, socket_token::link(link.id), socket_token::link_monitor(link.id))) {
    fail_later(link, LinkFailure::no_descriptors, "no socket is left in this process");
    return;
  }
  const std::string endpoint = "tcp://" + Endpoint{address, link.request.to.port}.text();
  if (!socket.connect(endpoint)) {
    const int error = zmq_errno();
    const bool exhausted = error == EMFILE || error == ENFILE;
    fail_later(link, exhausted ? LinkFailure::no_descriptors : LinkFailure::connect_refused,
               endpoint + " cannot be dialled: " + zmq_strerror(error));
  }
}

void ZmqOutbound::deadline(LinkId id) {
  Link* link = find(id);
  if (link == nullptr) return;
  link->deadline = TimerId::none;
  const std::string waited = " within " + milliseconds(config_.connect_timeout);
  switch (link->state) {
    case Link::State::resolving: {
      const std::vector<std::string> known = services_.names.remembered(link->request.to.host);
      if (known.empty()) {
        fail(*link, LinkFailure::name_not_found, "'" + link->request.to.host + "' did not resolve" + waited);
        break;
      }
      // The name server is late. What the name meant last is worth a try, and the handshake tells who answers.
      link->deadline = services_.scheduler.at(later(services_.scheduler.now(), config_.connect_timeout),
                                              [this, id] { deadline(id); });
      connect(*link, known);
      return;
    }
    case Link::State::connecting:
      if (!descriptors_left(1)) {
        fail(*link, LinkFailure::no_descriptors, "this process may open no more descriptors");
      } else {
        fail(*link, LinkFailure::connect_timeout, link->where + " did not answer" + waited);
      }
      break;
    case Link::State::greeting:
      fail(*link, LinkFailure::handshake_failed,
           link->where + " accepted but finished no handshake within " + milliseconds(config_.handshake_timeout));
      break;
    case Link::State::up:
    case Link::State::failed:
      return;
  }
  upcalls_.end_turn();
}

void ZmqOutbound::check(LinkId id) {
  for (Link* link = find(id); link != nullptr && link->socket != nullptr; link = find(id)) {
    const std::optional<MonitorEvent> told = link->socket->next_event();
    if (!told) break;
    event(*link, *told);
  }
  look(id);
}

void ZmqOutbound::look(LinkId id) {
  Link* link = find(id);
  if (link == nullptr || link->socket == nullptr) return;
  const int events = link->socket->events();
  if (link->state != Link::State::up) return;
  if ((events & ZMQ_POLLIN) != 0) {
    receive_answers(id);
    link = find(id);
    if (link == nullptr) return;
  }
  if (link->blocked && (events & ZMQ_POLLOUT) != 0) {
    link->blocked = false;
    upcalls_.tell([id](TransportEvents& events_up) { events_up.link_writable(id); });
  }
}

void ZmqOutbound::event(Link& link, const MonitorEvent& event) {
  const LinkId id = link.id;
  switch (event.what) {
    case ZMQ_EVENT_CONNECTED:
      connected(link, event.value);
      return;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      up(link);
      return;
    case ZMQ_EVENT_CLOSED:
      // The attempt is over. ZeroMQ keeps the errno to itself; a timeout is told by our own deadline, so this is a
      // refusal or a network that knows no way there.
      if (link.state != Link::State::connecting) return;
      fail(link, LinkFailure::connect_refused, link.where + " refuses connections");
      return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      fail(link, LinkFailure::authentication_failed, link.where + " did not accept our key, or we not its");
      return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      if (link.state == Link::State::up) return;
      fail(link, LinkFailure::handshake_failed, link.where + " accepted, but the transport handshake failed");
      return;
    case ZMQ_EVENT_DISCONNECTED: {
      if (link.state != Link::State::up) {
        fail(link, LinkFailure::handshake_failed, link.where + " closed the connection during the handshake");
        return;
      }
      // The listener's reason may have come just before the end.
      receive_answers(id);
      if (Link* still = find(id)) fail(*still, LinkFailure::closed_by_peer, still->where + " closed the connection");
      return;
    }
    default:
      return;
  }
}

void ZmqOutbound::connected(Link& link, int descriptor) {
  if (link.state != Link::State::connecting) return;
  if (tcp_probe::connected_to_itself(descriptor)) {
    fail(link, LinkFailure::connect_refused, link.where + ": nobody listens there (the dial met itself)");
    return;
  }
  link.state = Link::State::greeting;
  services_.scheduler.cancel(link.deadline);
  link.deadline = services_.scheduler.at(later(services_.scheduler.now(), config_.handshake_timeout),
                                         [this, id = link.id] { deadline(id); });
}

void ZmqOutbound::up(Link& link) {
  if (link.state == Link::State::up) return;
  link.state = Link::State::up;
  services_.scheduler.cancel(std::exchange(link.deadline, TimerId::none));
  // Makes the socket learn of its new pipe: a send right now would find no room otherwise.
  link.socket->events();
  upcalls_.tell([id = link.id](TransportEvents& events) { events.link_up(id); });
}

void ZmqOutbound::receive_answers(LinkId id) {
  for (Link* link = find(id); link != nullptr; link = find(id)) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    if (zmq_msg_recv(&message, link->socket->handle(), ZMQ_DONTWAIT) < 0) {
      zmq_msg_close(&message);
      return;
    }
    const bool parts = zmq_msg_more(&message) != 0;
    if (parts || zmq_msg_size(&message) == 0 || ++link->answers > answers_max) {
      zmq_msg_close(&message);
      ++upcalls_.stats.frames_malformed;
      fail(*link, LinkFailure::closed_by_peer, link->where + " sent what no listener of ours sends");
      return;
    }
    ++upcalls_.stats.frames_in;
    upcalls_.stats.bytes_in += zmq_msg_size(&message);
    BufferRef frame = Buffer::copy({static_cast<const std::byte*>(zmq_msg_data(&message)), zmq_msg_size(&message)});
    zmq_msg_close(&message);
    upcalls_.tell([&](TransportEvents& events) { events.answer_received(id, std::move(frame)); });
  }
}

SendResult ZmqOutbound::send(LinkId id, BufferRef frame) {
  Link* link = find(id);
  if (link == nullptr || link->state != Link::State::up) return SendResult::down;
  HAWSER_ASSERT(frame.size() > 0, "a frame is not empty");
  const std::size_t bytes = frame.size();
  const int error = link->socket->send(std::move(frame));
  // A send may swallow the wake-up of something that came in: room, for which a blocked link waits, or a refusal. One
  // that comes later ends the connection, and is read when that is noticed.
  const bool young = link->sends < sends_looked_after;
  link->sends += young ? 1 : 0;
  if (young || link->blocked || error != 0) touch(*link);
  if (error == 0) {
    ++upcalls_.stats.frames_out;
    upcalls_.stats.bytes_out += bytes;
    return SendResult::accepted;
  }
  if (error != EAGAIN) return SendResult::down;
  link->blocked = true;
  return SendResult::full;
}

void ZmqOutbound::hang_up(LinkId id) {
  if (Link* link = find(id)) remove(*link);
}

void ZmqOutbound::touch(Link& link) {
  if (std::exchange(link.touched, true)) return;
  touched_.push_back(link.id);
  if (touched_.size() == 1) check_soon_();
}

void ZmqOutbound::check_touched() {
  checking_.clear();
  checking_.swap(touched_);
  for (const LinkId id : checking_) {
    Link* link = find(id);
    if (link == nullptr) continue;
    link->touched = false;
    if (link->state == Link::State::failed) {
      fail(*link, link->failure, std::move(link->detail));
    } else {
      look(id);  // the monitor has a wake-up of its own, which no send swallows
    }
    if (upcalls_.closed()) return;
  }
}

void ZmqOutbound::fail_later(Link& link, LinkFailure why, std::string detail) {
  link.state = Link::State::failed;
  link.failure = why;
  link.detail = std::move(detail);
  link.socket.reset();
  services_.scheduler.cancel(std::exchange(link.deadline, TimerId::none));
  touch(link);
}

void ZmqOutbound::fail(Link& link, LinkFailure why, std::string detail) {
  const LinkId id = link.id;
  remove(link);
  upcalls_.tell([&](TransportEvents& events) { events.link_down(id, why, detail); });
}

void ZmqOutbound::remove(Link& link) {
  services_.scheduler.cancel(link.deadline);
  const auto slot = static_cast<std::uint32_t>(slot_of(link.id));
  links_[slot].reset();
  free_.push_back(slot);
}

}  // namespace hawser
