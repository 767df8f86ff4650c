#include "pool/line_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hawser::example {
namespace {

constexpr std::size_t line_max = 64 * 1024;

}  // namespace

std::optional<LineSocket> LineSocket::connect(std::uint16_t port, SteadyTime until) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::nullopt;
  LineSocket made{descriptor};
  const int one = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    return std::nullopt;
  }
  if (!made.ready(POLLOUT, until)) return std::nullopt;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return std::nullopt;
  return made;
}

LineSocket::~LineSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool LineSocket::ready(short events, SteadyTime until) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd wanted{descriptor_, events, 0};
    const int answer = ::poll(&wanted, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
    if (answer > 0) return true;
    if (answer == 0 && std::chrono::steady_clock::now() >= until) return false;
    if (answer < 0 && errno != EINTR) return false;
  }
}

bool LineSocket::send(const std::string& line, SteadyTime until) {
  const std::string bytes = line + '\n';
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    if (!ready(POLLOUT, until)) return false;
    const auto some = ::send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (some < 0 && errno != EAGAIN && errno != EINTR) return false;
    sent += some > 0 ? static_cast<std::size_t>(some) : 0;
  }
  return true;
}

std::optional<std::string> LineSocket::receive(SteadyTime until) {
  for (;;) {
    if (const std::size_t end = read_.find('\n'); end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    if (read_.size() > line_max || !ready(POLLIN, until)) return std::nullopt;
    std::array<char, 4096> some;
    const auto count = ::recv(descriptor_, some.data(), some.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return std::nullopt;
    if (count > 0) read_.append(some.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace hawser::example
