// TcpGate: a small TCP proxy in front of a listener, on the test's own loop, that can be rude.
//
// open: bytes pass. cut: bytes are read and thrown away, new connections are accepted and meet silence. jam: nothing is
// read until the gate opens. closed: connections are refused. Each way of the connections may be cut or jammed alone.
// What went through a cut is damaged, so that opening the way again ends those connections. Bytes that pass may be
// delayed and, as TCP makes of loss, held up now and then with all that follows them.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/endpoint.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace hawser::stories {

class TcpGate {
 public:
  enum class State { open, cut, jam, closed };
  enum class Way { forward, backward };  // from the dialler to the listener, and back

  // What becomes of bytes that pass.
  struct Weather {
    Duration delay{0};
    std::uint32_t lost_millionths = 0;  // of what was read at once; it comes 200 ms later
    Random random{1};
  };

  // Begins closed, on a free port of loopback.
  explicit TcpGate(boost::asio::io_context& io);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  Endpoint address() const { return {"127.0.0.1", port_}; }
  void lead_to(std::uint16_t port) { target_ = port; }
  // Both ways.
  void set(State state);
  // One way: open, cut or jam. REQUIRES: not closed.
  void set(Way way, State state);
  // Bytes that are delayed already stay so.
  void set_weather(Duration delay, std::uint32_t lost_millionths);
  // Ends every connection with a reset, or in order.
  void hang_up(bool rude);

 private:
  class Passage;
  using Flows = std::array<State, 2>;
  void take_port();
  void accept();
  void tell_passages();

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::uint16_t target_ = 0;
  Flows flows_{State::closed, State::closed};
  std::shared_ptr<Weather> weather_ = std::make_shared<Weather>();
  std::vector<std::weak_ptr<Passage>> passages_;
};

}  // namespace hawser::stories
