#include "http_get.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace hawser::tools {
namespace {

using Clock = std::chrono::steady_clock;

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

constexpr const char* too_late = "no answer in time";
constexpr const char* interrupted = "interrupted";

// Until when, and what ends it before.
struct Until {
  Clock::time_point end;
  int stop = -1;
};

// Waits until the socket may be read or written. False, with `problem`, when the time is over or it is stopped first.
bool ready(int fd, short what, const Until& until, std::string& problem) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until.end - Clock::now()).count();
    if (left <= 0) {
      problem = too_late;
      return false;
    }
    std::array<pollfd, 2> waits{{{fd, what, 0}, {until.stop, POLLIN, 0}}};  // one below zero is passed over
    const int found = ::poll(waits.data(), waits.size(), static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (found > 0 && waits[1].revents != 0) {
      problem = interrupted;
      return false;
    }
    if (found > 0) return true;
    if (found < 0 && errno != EINTR) {
      problem = std::strerror(errno);
      return false;
    }
  }
}

bool connects(int fd, const addrinfo& to, const Until& until, std::string& problem) {
  if (::connect(fd, to.ai_addr, to.ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS) {
    problem = std::strerror(errno);
    return false;
  }
  if (!ready(fd, POLLOUT, until, problem)) return false;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) problem = std::strerror(error);
  return error == 0;
}

// A connected socket, or -1 with `problem`.
int connected(const Endpoint& to, const Until& until, std::string& problem) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &wanted, &found);
  if (failure != 0) {
    problem = ::gai_strerror(failure);
    return -1;
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all{found, &::freeaddrinfo};
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    if (fd < 0) continue;
    if (connects(fd, *at, until, problem)) return fd;
    ::close(fd);
  }
  return -1;
}

bool say(int fd, std::string_view text, const Until& until, std::string& problem) {
  while (!text.empty()) {
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) {
      problem = std::strerror(errno);
      return false;
    }
    if (!ready(fd, POLLOUT, until, problem)) return false;
  }
  return true;
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

// Whoever speaks first, and not HTTP, need not be heard to the end.
bool is_http_so_far(std::string_view answer) {
  constexpr std::string_view begins = "HTTP/1.";
  return begins.substr(0, answer.size()) == answer.substr(0, begins.size());
}

HttpGot nothing(std::string problem) { return {0, {}, std::move(problem)}; }

}  // namespace

HttpGot http_get(const Endpoint& from, const std::string& target, const HttpPatience& patience) {
  const Until until{Clock::now() + std::chrono::microseconds{patience.most.count()}, patience.stop};
  std::string problem;
  const Socket socket{connected(from, until, problem)};
  if (socket.get() < 0) return nothing(problem);
  const std::string question = "GET " + target + " HTTP/1.1\r\nHost: " + from.text() + "\r\nConnection: close\r\n\r\n";
  if (!say(socket.get(), question, until, problem)) return nothing(problem);
  std::string answer;
  std::array<char, 65536> room;
  while (answer.size() <= patience.bytes_max) {
    // Asked each time, since an answer that never ends is always ready.
    if (!ready(socket.get(), POLLIN, until, problem)) return nothing(problem);
    const ssize_t taken = ::recv(socket.get(), room.data(), room.size(), 0);
    if (taken < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return nothing(std::strerror(errno));
    }
    if (taken == 0) {
      HttpGot got;
      if (read(answer, got)) return got;
      return nothing(answer.empty() ? "the connection was closed without an answer" : "the answer is no whole HTTP");
    }
    answer.append(room.data(), static_cast<std::size_t>(taken));
    if (!is_http_so_far(answer)) return nothing("the answer is no HTTP");
  }
  return nothing("the answer is larger than " + std::to_string(patience.bytes_max >> 20) + " MiB");
}

}  // namespace hawser::tools
