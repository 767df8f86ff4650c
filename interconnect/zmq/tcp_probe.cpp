#include <hawser/interconnect/zmq/tcp_probe.hpp>

#include <cstddef>
#include <cstring>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace hawser::tcp_probe {

std::uint64_t cookie(int descriptor) noexcept {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) return 0;
  return cookie;
}

std::optional<std::uint64_t> bytes_received(int descriptor) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  if (size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) return std::nullopt;
  return info.tcpi_bytes_received;
}

bool connected_to_itself(int descriptor) noexcept {
  sockaddr_storage here{};
  sockaddr_storage there{};
  socklen_t here_size = sizeof here;
  socklen_t there_size = sizeof there;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&here), &here_size) != 0) return false;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&there), &there_size) != 0) return false;
  return here_size == there_size && std::memcmp(&here, &there, here_size) == 0;
}

bool shut(int descriptor, std::uint64_t expected) noexcept {
  if (expected == 0 || cookie(descriptor) != expected) return false;
  return ::shutdown(descriptor, SHUT_RDWR) == 0;
}

}  // namespace hawser::tcp_probe
