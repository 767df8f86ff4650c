// TcpGate: a small TCP proxy in front of a listener, on the test's own loop, that can be rude.
//
// open: bytes pass. cut: bytes are read and thrown away, new connections are accepted and meet silence. jam: nothing is
// read until the gate opens. closed: connections are refused. What went through a cut is damaged, so that opening the
// gate again ends those connections.
#pragma once

#include <hawser/interconnect/endpoint.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace hawser::stories {

class TcpGate {
 public:
  enum class State { open, cut, jam, closed };

  // Begins closed, on a free port of loopback.
  explicit TcpGate(boost::asio::io_context& io);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  Endpoint address() const { return {"127.0.0.1", port_}; }
  void lead_to(std::uint16_t port) { target_ = port; }
  void set(State state);
  // Ends every connection with a reset, or in order.
  void hang_up(bool rude);

 private:
  class Passage;
  void take_port();
  void accept();

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::uint16_t target_ = 0;
  State state_ = State::closed;
  std::vector<std::weak_ptr<Passage>> passages_;
};

}  // namespace hawser::stories
