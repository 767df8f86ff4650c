// A client that says exactly what a test wants, badly if need be. It waits for answers, and gives up after 30 s.
#pragma once

#include <hawser/interconnect/endpoint.hpp>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace hawser::test {

struct HttpReply {
  int status = 0;  // 0: the connection ended instead
  std::map<std::string, std::string> headers;
  std::string body;
};

class HttpClient {
 public:
  // `room`: of the receive buffer, in bytes; 0: as the system likes.
  explicit HttpClient(const Endpoint& to, int room = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (room > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(to.port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  }
  ~HttpClient() { ::close(fd_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  bool connected() const { return connected_; }
  // As much as the other side lets us.
  void say(std::string_view text) {
    while (!text.empty()) {
      const ssize_t took = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (took <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(took));
    }
  }
  void say_no_more() { ::shutdown(fd_, SHUT_WR); }
  void ask(const std::string& target, const std::string& method = "GET") {
    say(method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  }

  // Waits for the first byte of an answer, and leaves it there.
  bool answer_begins() const {
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_PEEK) == 1;
  }
  // True once the other side has ended the connection; what came before is read and forgotten.
  bool ended() {
    std::array<char, 65536> room{};
    ssize_t got = 1;
    while (got > 0) got = ::recv(fd_, room.data(), room.size(), 0);
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

  // Everything that has come, until `word` was in it so many times; less when the connection ends.
  std::string hear(std::string_view word, std::size_t times) {
    while (true) {
      std::size_t found = 0;
      for (std::size_t at = 0; (at = unread_.find(word, at)) != std::string::npos; ++at) ++found;
      if (found >= times || !more()) return std::exchange(unread_, {});
    }
  }

  // `body`: whether one follows; not so after HEAD.
  HttpReply reply(bool body = true) {
    HttpReply answer;
    std::size_t end = 0;
    while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return answer;
    }
    std::string head = unread_.substr(0, end + 2);
    unread_.erase(0, end + 4);
    const std::size_t first = head.find("\r\n");
    if (head.starts_with("HTTP/1.")) answer.status = std::atoi(head.c_str() + 9);
    head.erase(0, first + 2);
    for (std::size_t line = 0; (line = head.find("\r\n")) != std::string::npos; head.erase(0, line + 2)) {
      const std::size_t colon = head.find(": ");
      if (colon < line) answer.headers[head.substr(0, colon)] = head.substr(colon + 2, line - colon - 2);
    }
    if (!body) return answer;
    const auto bytes = static_cast<std::size_t>(std::atoll(answer.headers["Content-Length"].c_str()));
    while (unread_.size() < bytes) {
      if (!more()) return {};
    }
    answer.body = unread_.substr(0, bytes);
    unread_.erase(0, bytes);
    return answer;
  }
  HttpReply get(const std::string& target) {
    ask(target);
    return reply();
  }

 private:
  bool more() {
    std::array<char, 65536> room{};
    const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
    if (got <= 0) return false;
    unread_.append(room.data(), static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  bool connected_ = false;
  std::string unread_;
};

inline HttpReply http_get(const Endpoint& from, const std::string& target) { return HttpClient{from}.get(target); }

}  // namespace hawser::test
