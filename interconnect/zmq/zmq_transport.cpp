#include <hawser/interconnect/zmq/zmq_transport.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/zmq/loop_thread.hpp>
#include <hawser/interconnect/zmq/socket_token.hpp>
#include <hawser/interconnect/zmq/upcalls.hpp>
#include <hawser/interconnect/zmq/wake_set.hpp>
#include <hawser/interconnect/zmq/zmq_inbound.hpp>
#include <hawser/interconnect/zmq/zmq_outbound.hpp>

#include <boost/asio/post.hpp>

#include <array>
#include <utility>

namespace hawser {

namespace {

// Most wake-ups are frames for the listener, so it is asked before the set is: every so often the others come first.
constexpr unsigned shortcuts_max = 16;

}  // namespace

class ZmqTransport::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(const ZmqServices& services, const TransportConfig& config, TransportEvents& events)
      : services_(services),
        upcalls_(events),
        wakes_(services.io),
        inbound_(services, config, upcalls_, wakes_, [this] { check_soon(); }),
        outbound_(services, config, upcalls_, wakes_, [this] { check_soon(); }) {}

  void start() { wait(); }

  void close() {
    upcalls_.close();
    outbound_.close();
    inbound_.close();
  }

  ZmqInbound& inbound() noexcept { return inbound_; }
  ZmqOutbound& outbound() noexcept { return outbound_; }
  TransportStats stats() const noexcept { return upcalls_.stats.read(); }

 private:
  void wait() {
    wakes_.wait([weak = weak_from_this()] {
      const auto core = weak.lock();
      if (core == nullptr || core->upcalls_.closed()) return;
      core->pump(true);
      if (!core->upcalls_.closed()) core->wait();
    });
  }

  // One more pump in a turn of its own; the pump that is running does the work itself.
  void check_soon() {
    if (pumping_ || std::exchange(posted_, true)) return;
    boost::asio::post(services_.io, [weak = weak_from_this()] {
      const auto core = weak.lock();
      if (core == nullptr || core->upcalls_.closed()) return;
      core->posted_ = false;
      core->pump(false);
    });
  }

  void pump(bool woken) {
    services_.loop.here();
    pumping_ = true;
    if (!woken || !take_shortcut()) {
      serve_woken();
      if (!upcalls_.closed() && receive_) receive_ = inbound_.receive() == ZmqInbound::Received::some;
    }
    if (!upcalls_.closed()) look_again();
    pumping_ = false;
    if (!upcalls_.closed() && (receive_ || outbound_.touched())) check_soon();
  }

  // What else is ready stays so, and wakes the loop again. False when it was not the listener.
  bool take_shortcut() {
    if (shortcuts_ >= shortcuts_max) return false;
    const ZmqInbound::Received received = inbound_.receive();
    receive_ = received == ZmqInbound::Received::some;
    if (received == ZmqInbound::Received::nothing) return false;
    ++shortcuts_;
    return true;
  }

  void serve_woken() {
    shortcuts_ = 0;
    if (upcalls_.closed()) return;
    std::array<std::uint64_t, 64> room;
    for (const std::uint64_t token : wakes_.ready(room)) {
      switch (socket_token::kind(token)) {
        case socket_token::Kind::listener:
          receive_ = true;
          break;
        case socket_token::Kind::listener_monitor:
          inbound_.hear_monitor();
          receive_ = true;
          break;
        case socket_token::Kind::link:
          outbound_.look(socket_token::link_of(token));
          break;
        case socket_token::Kind::link_monitor:
          outbound_.check(socket_token::link_of(token));
          break;
      }
      if (upcalls_.closed()) return;
    }
  }

  // Closes the turn. What the node did in it may have swallowed wake-ups, and looking may tell it something again: the
  // second time what is left waits for a turn of its own.
  void look_again() {
    for (int round = 0; round < 2; ++round) {
      if (inbound_.finish_turn()) receive_ = true;
      upcalls_.end_turn();
      if (upcalls_.closed() || !outbound_.touched()) return;
      outbound_.check_touched();
      if (upcalls_.closed()) return;
    }
    upcalls_.end_turn();
  }

  ZmqServices services_;
  Upcalls upcalls_;
  WakeSet wakes_;
  ZmqInbound inbound_;
  ZmqOutbound outbound_;
  bool pumping_ = false;
  bool posted_ = false;
  unsigned shortcuts_ = 0;
  bool receive_ = false;  // the inbound socket may hold frames
};

ZmqTransport::ZmqTransport(const ZmqServices& services, const TransportConfig& config, TransportEvents& events) {
  HAWSER_ASSERT(config.frame_bytes_max > 0, "frames have a largest size");
  HAWSER_ASSERT(!config.self.empty(), "a transport knows whose it is");
  core_ = std::make_shared<Core>(services, config, events);
  core_->start();
}

ZmqTransport::~ZmqTransport() { core_->close(); }

Endpoint ZmqTransport::listen(const Endpoint& at) { return core_->inbound().listen(at); }
LinkId ZmqTransport::dial(const DialRequest& request) { return core_->outbound().dial(request); }
SendResult ZmqTransport::send(LinkId link, BufferRef frame) { return core_->outbound().send(link, std::move(frame)); }
void ZmqTransport::hang_up(LinkId link) { core_->outbound().hang_up(link); }
void ZmqTransport::answer(ConnectionId connection, BufferRef frame) {
  core_->inbound().answer(connection, std::move(frame));
}
void ZmqTransport::drop(ConnectionId connection, bool linger) { core_->inbound().drop(connection, linger); }
TransportStats ZmqTransport::stats() const { return core_->stats(); }

}  // namespace hawser
