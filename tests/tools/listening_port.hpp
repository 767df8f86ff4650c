// A port on loopback at which connections wait: the kernel takes them, whether or not anybody ever does.
#pragma once

#include <hawser/interconnect/endpoint.hpp>

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hawser::test {

class ListeningPort {
 public:
  ListeningPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(socket_, raw, size) == 0);
    REQUIRE(::listen(socket_, 8) == 0);
    REQUIRE(::getsockname(socket_, raw, &size) == 0);
    endpoint_ = {"127.0.0.1", ntohs(address.sin_port)};
  }
  ~ListeningPort() { ::close(socket_); }
  ListeningPort(const ListeningPort&) = delete;
  ListeningPort& operator=(const ListeningPort&) = delete;

  const Endpoint& endpoint() const { return endpoint_; }
  int socket() const { return socket_; }

 private:
  int socket_;
  Endpoint endpoint_;
};

}  // namespace hawser::test
