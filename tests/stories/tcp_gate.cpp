#include "tcp_gate.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <utility>

namespace hawser::stories {

using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

tcp::endpoint loopback(std::uint16_t port) { return {boost::asio::ip::address_v4::loopback(), port}; }

}  // namespace

// One connection through the gate: the side that dialled, and the side that leads to the listener.
class TcpGate::Passage : public std::enable_shared_from_this<Passage> {
 public:
  Passage(boost::asio::io_context& io, tcp::socket dialler, State state)
      : dialler_{std::move(dialler), {}, false}, listener_{tcp::socket{io}, {}, false}, state_(state) {}

  void begin(std::uint16_t target) {
    target_ = target;
    if (state_ == State::open) connect();
    if (state_ == State::cut) pump(dialler_, listener_);
  }

  void set(State state) {
    if (state_ == State::cut && state != State::cut) {
      hang_up(true);
      return;
    }
    state_ = state;
    if (state_ == State::jam || !open_) return;
    if (!linked_) {
      if (state_ == State::open) connect();
      return;
    }
    pump(dialler_, listener_);
    pump(listener_, dialler_);
  }

  void hang_up(bool rude) {
    open_ = false;
    error_code ignored;
    for (Side* side : {&dialler_, &listener_}) {
      if (!side->socket.is_open()) continue;
      if (rude) side->socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
      side->socket.close(ignored);
    }
  }

 private:
  struct Side {
    tcp::socket socket;
    std::array<std::byte, 65536> buffer;
    bool reading;
  };

  void connect() {
    if (connecting_) return;
    connecting_ = true;
    listener_.socket.async_connect(loopback(target_), [self = shared_from_this()](const error_code& error) {
      if (!self->open_) return;
      if (error) {
        self->hang_up(true);
        return;
      }
      self->linked_ = true;
      self->pump(self->dialler_, self->listener_);
      self->pump(self->listener_, self->dialler_);
    });
  }

  void pump(Side& from, Side& to) {
    if (from.reading || !open_ || state_ == State::jam) return;
    from.reading = true;
    from.socket.async_read_some(boost::asio::buffer(from.buffer),
                                [self = shared_from_this(), &from, &to](const error_code& error, std::size_t size) {
                                  self->came(from, to, error, size);
                                });
  }

  void came(Side& from, Side& to, const error_code& error, std::size_t size) {
    if (!open_) return;
    if (error) {
      hang_up(error != boost::asio::error::eof);
      return;
    }
    if (state_ == State::cut) {
      from.reading = false;
      pump(from, to);
      return;
    }
    boost::asio::async_write(to.socket, boost::asio::buffer(from.buffer, size),
                             [self = shared_from_this(), &from, &to](const error_code& failure, std::size_t) {
                               from.reading = false;
                               if (failure) {
                                 self->hang_up(true);
                               } else {
                                 self->pump(from, to);
                               }
                             });
  }

  Side dialler_;
  Side listener_;
  State state_;
  std::uint16_t target_ = 0;
  bool open_ = true;
  bool connecting_ = false;
  bool linked_ = false;
};

TcpGate::TcpGate(boost::asio::io_context& io) : io_(io), acceptor_(io) {
  take_port();
  port_ = acceptor_.local_endpoint().port();
}

TcpGate::~TcpGate() { hang_up(true); }

// Bound and not listening: connections are refused, and nobody else gets the port.
void TcpGate::take_port() {
  acceptor_.open(tcp::v4());
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind(loopback(port_));
}

void TcpGate::set(State state) {
  if (state == state_) return;
  const bool was_closed = state_ == State::closed;
  state_ = state;
  if (state == State::closed) {
    acceptor_.close();
    take_port();
    hang_up(true);
    return;
  }
  if (was_closed) {
    acceptor_.listen();
    accept();
  }
  for (const auto& weak : std::exchange(passages_, {})) {
    if (const auto passage = weak.lock()) {
      passage->set(state);
      passages_.push_back(passage);
    }
  }
}

void TcpGate::hang_up(bool rude) {
  for (const auto& weak : std::exchange(passages_, {})) {
    if (const auto passage = weak.lock()) passage->hang_up(rude);
  }
}

void TcpGate::accept() {
  acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
    if (error) return;
    const auto passage = std::make_shared<Passage>(io_, std::move(socket), state_);
    passages_.push_back(passage);
    passage->begin(target_);
    accept();
  });
}

}  // namespace hawser::stories
