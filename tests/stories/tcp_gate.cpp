#include "tcp_gate.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

namespace hawser::stories {

using boost::asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t delayed_bytes_max = 4u << 20;  // of one way, and then the gate reads no more
constexpr std::chrono::milliseconds retransmission{200};

tcp::endpoint loopback(std::uint16_t port) { return {boost::asio::ip::address_v4::loopback(), port}; }

}  // namespace

// One connection through the gate: the side that dialled, and the side that leads to the listener.
class TcpGate::Passage : public std::enable_shared_from_this<Passage> {
 public:
  Passage(boost::asio::io_context& io, tcp::socket dialler, const Flows& flows, std::shared_ptr<Weather> weather)
      : streams_{Stream{std::move(dialler), io}, Stream{tcp::socket{io}, io}},
        flows_(flows),
        weather_(std::move(weather)) {}

  void begin(std::uint16_t target) {
    target_ = target;
    go_on();
  }

  void set(const Flows& flows) {
    const Flows before = std::exchange(flows_, flows);
    for (std::size_t way = 0; way < flows_.size(); ++way) {
      if (before[way] != State::cut || flows_[way] == State::cut) continue;
      hang_up(true);
      return;
    }
    if (open_) go_on();
  }

  void hang_up(bool rude) {
    open_ = false;
    error_code ignored;
    for (Stream& stream : streams_) {
      stream.timer.cancel();
      if (!stream.socket.is_open()) continue;
      if (rude) stream.socket.set_option(boost::asio::socket_base::linger(true, 0), ignored);
      stream.socket.close(ignored);
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Chunk {
    Clock::time_point due;
    std::vector<std::byte> bytes;
  };
  // A side, and what flows from it to the other one.
  struct Stream {
    Stream(tcp::socket own, boost::asio::io_context& io) : socket(std::move(own)), timer(io) {}
    tcp::socket socket;
    boost::asio::steady_timer timer;
    std::array<std::byte, 65536> buffer{};
    std::deque<Chunk> delayed;
    std::size_t delayed_bytes = 0;
    Clock::time_point last_due{};
    bool reading = false;
    bool writing = false;
    bool ended = false;
  };

  void go_on() {
    if (!linked_ && flows_[0] == State::open) connect();
    for (std::size_t way = 0; way < streams_.size(); ++way) {
      if (linked_ || (way == 0 && flows_[0] == State::cut)) pump(way);
      if (linked_) deliver(way);
    }
  }

  void connect() {
    if (connecting_) return;
    connecting_ = true;
    streams_[1].socket.async_connect(loopback(target_), [self = shared_from_this()](const error_code& error) {
      if (!self->open_) return;
      if (error) {
        self->hang_up(true);
        return;
      }
      self->linked_ = true;
      self->go_on();
    });
  }

  void pump(std::size_t way) {
    Stream& from = streams_[way];
    if (from.reading || from.ended || !open_ || flows_[way] == State::jam) return;
    if (from.delayed_bytes > delayed_bytes_max) return;
    from.reading = true;
    from.socket.async_read_some(
        boost::asio::buffer(from.buffer),
        [self = shared_from_this(), way](const error_code& error, std::size_t size) { self->came(way, error, size); });
  }

  void came(std::size_t way, const error_code& error, std::size_t size) {
    if (!open_) return;
    Stream& from = streams_[way];
    from.reading = false;
    if (error && (from.delayed.empty() || error != boost::asio::error::eof)) {
      hang_up(error != boost::asio::error::eof);
      return;
    }
    if (error) {
      from.ended = true;  // and closed when all of it is through
      return;
    }
    if (flows_[way] != State::cut) {
      Clock::time_point due = Clock::now() + std::chrono::microseconds{weather_->delay.count()};
      if (weather_->random.chance(weather_->lost_millionths)) due += retransmission;
      from.last_due = std::max(from.last_due, due);
      from.delayed.push_back({from.last_due, {from.buffer.begin(), from.buffer.begin() + size}});
      from.delayed_bytes += size;
      deliver(way);
    }
    pump(way);
  }

  void deliver(std::size_t way) {
    Stream& from = streams_[way];
    if (from.writing || from.delayed.empty() || !open_ || flows_[way] != State::open) return;
    from.writing = true;
    if (from.delayed.front().due <= Clock::now()) {
      write(way);
      return;
    }
    from.timer.expires_at(from.delayed.front().due);
    from.timer.async_wait([self = shared_from_this(), way](const error_code&) {
      if (self->open_) self->write(way);
    });
  }

  void write(std::size_t way) {
    boost::asio::async_write(streams_[1 - way].socket, boost::asio::buffer(streams_[way].delayed.front().bytes),
                             [self = shared_from_this(), way](const error_code& failure, std::size_t size) {
                               if (self->open_) self->written(way, failure, size);
                             });
  }

  void written(std::size_t way, const error_code& failure, std::size_t size) {
    Stream& from = streams_[way];
    from.writing = false;
    from.delayed.pop_front();
    from.delayed_bytes -= std::min(size, from.delayed_bytes);
    if (failure || (from.ended && from.delayed.empty())) {
      hang_up(failure.failed());
      return;
    }
    deliver(way);
    pump(way);
  }

  std::array<Stream, 2> streams_;  // the dialler's, the listener's
  Flows flows_;
  std::shared_ptr<Weather> weather_;
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
  const Flows wanted{state, state};
  if (flows_ == wanted) return;
  const bool was_closed = flows_[0] == State::closed;
  flows_ = wanted;
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
  tell_passages();
}

void TcpGate::set(Way way, State state) {
  flows_[static_cast<std::size_t>(way)] = state;
  tell_passages();
}

void TcpGate::set_weather(Duration delay, std::uint32_t lost_millionths) {
  weather_->delay = delay;
  weather_->lost_millionths = lost_millionths;
}

void TcpGate::tell_passages() {
  for (const auto& weak : std::exchange(passages_, {})) {
    if (const auto passage = weak.lock()) {
      passage->set(flows_);
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
    const auto passage = std::make_shared<Passage>(io_, std::move(socket), flows_, weather_);
    passages_.push_back(passage);
    passage->begin(target_);
    accept();
  });
}

}  // namespace hawser::stories
