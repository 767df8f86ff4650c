#include <hawser/base/time.hpp>
#include "http_get.hpp"
#include "listening_port.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace hawser;
using namespace hawser::tools;

namespace {

// Takes one connection and does with it as told.
class OddServer {
 public:
  explicit OddServer(std::function<void(int)> talk) {
    thread_ = std::thread{[this, talk = std::move(talk)] {
      const int client = ::accept(port_.socket(), nullptr, nullptr);
      talk(client);
      ::close(client);
    }};
  }
  ~OddServer() { thread_.join(); }
  const Endpoint& endpoint() const { return port_.endpoint(); }

 private:
  test::ListeningPort port_;
  std::thread thread_;
};

void say_all(int client, const std::string& text) { (void)::send(client, text.data(), text.size(), MSG_NOSIGNAL); }
void until_gone(int client) {
  char byte = 0;
  while (::recv(client, &byte, 1, 0) > 0) {
  }
}

}  // namespace

TEST_CASE("http get: an answer that drips is given up when the time is over, not when it pauses") {
  OddServer server{[](int client) {
    say_all(client, "HTTP/1.1 200 OK\r\n\r\n");
    const timeval patience{0, 5'000};
    ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    // A byte each time nothing came for a while, for as long as somebody listens.
    while (::send(client, "x", 1, MSG_NOSIGNAL) == 1) {
      char room[4096];
      const ssize_t got = ::recv(client, room, sizeof room, 0);
      if (got == 0) return;
    }
  }};
  const HttpGot got = http_get(server.endpoint(), "/", Duration{200'000});
  CHECK(got.status == 0);
  CHECK(got.problem == "no answer in time");
}

TEST_CASE("http get: one that takes the connection and says nothing") {
  OddServer server{&until_gone};
  CHECK(http_get(server.endpoint(), "/", Duration{100'000}).problem == "no answer in time");
}

TEST_CASE("http get: what is no HTTP is not listened to for long") {
  OddServer server{[](int client) {
    say_all(client, "220 mail.example ready\r\n");
    until_gone(client);
  }};
  CHECK(http_get(server.endpoint(), "/", Duration{60'000'000}).problem == "the answer is no HTTP");
}

TEST_CASE("http get: an answer without end is cut off at the bound") {
  OddServer server{[](int client) {
    say_all(client, "HTTP/1.1 200 OK\r\n\r\n");
    const std::string much(1u << 16, 'x');
    while (::send(client, much.data(), much.size(), MSG_NOSIGNAL) > 0) {
    }
  }};
  const HttpGot got = http_get(server.endpoint(), "/", Duration{60'000'000}, 1u << 20);
  CHECK(got.status == 0);
  CHECK(got.problem == "the answer is larger than 1 MiB");
}

TEST_CASE("http get: half an answer is none") {
  OddServer server{[](int client) {
    // What was asked is taken first: to close on it unread would be a reset.
    char room[4096];
    (void)::recv(client, room, sizeof room, 0);
    say_all(client, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  }};
  CHECK(http_get(server.endpoint(), "/", Duration{60'000'000}).problem == "the answer is no whole HTTP");
}

TEST_CASE("http get: once it is stopped it waits for nobody") {
  const test::ListeningPort silent;
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  REQUIRE(::write(ends[1], "x", 1) == 1);
  CHECK(http_get(silent.endpoint(), "/", HttpPatience{Duration{600'000'000}, 1u << 20, ends[0]}).problem ==
        "interrupted");
  for (const int end : ends) ::close(end);
}
