#include "http_get.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace hawser::tools {
namespace {

constexpr std::size_t answer_bytes_max = 64u << 20;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string why(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINPROGRESS ? "no answer in time" : std::strerror(error);
}

// A connected socket, or -1 with `problem`.
int connected(const Endpoint& to, Duration most, std::string& problem) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &wanted, &found);
  if (failure != 0) {
    problem = ::gai_strerror(failure);
    return -1;
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all{found, &::freeaddrinfo};
  const timeval patience{static_cast<time_t>(most.count() / 1'000'000),
                         static_cast<suseconds_t>(most.count() % 1'000'000)};
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0) continue;
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(fd, at->ai_addr, at->ai_addrlen) == 0) return fd;
    problem = why(errno);
    ::close(fd);
  }
  return -1;
}

// Takes `answer` apart. False when it is no whole HTTP answer.
bool read(std::string_view answer, HttpGot& got) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos || !answer.starts_with("HTTP/1.") || end < 12) return false;
  const std::string_view code = answer.substr(9, 3);
  if (std::from_chars(code.data(), code.data() + 3, got.status).ptr != code.data() + 3) return false;
  const std::string_view head = answer.substr(0, end + 2);
  const std::size_t length_at = head.find("\r\nContent-Length: ");
  got.body = answer.substr(end + 4);
  if (length_at == std::string_view::npos) return true;
  std::size_t length = 0;
  const std::string_view digits = head.substr(length_at + 18);
  std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return got.body.size() == length;
}

}  // namespace

HttpGot http_get(const Endpoint& from, const std::string& target, Duration most) {
  HttpGot got;
  const Socket socket{connected(from, most, got.problem)};
  if (socket.get() < 0) return got;
  const std::string question = "GET " + target + " HTTP/1.1\r\nHost: " + from.text() + "\r\nConnection: close\r\n\r\n";
  if (::send(socket.get(), question.data(), question.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(question.size())) {
    got.problem = why(errno);
    return got;
  }
  std::string answer;
  std::array<char, 65536> room;
  while (answer.size() <= answer_bytes_max) {
    const ssize_t taken = ::recv(socket.get(), room.data(), room.size(), 0);
    if (taken < 0) {
      got.problem = why(errno);
      return got;
    }
    if (taken == 0) {
      if (read(answer, got)) return got;
      return {0, {}, answer.empty() ? "the connection was closed without an answer" : "the answer is no whole HTTP"};
    }
    answer.append(room.data(), static_cast<std::size_t>(taken));
  }
  got.problem = "the answer is larger than 64 MiB";
  return got;
}

}  // namespace hawser::tools
