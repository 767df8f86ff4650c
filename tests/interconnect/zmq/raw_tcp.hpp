// Bytes on a TCP connection, with no ZeroMQ around them; and listeners that accept, or do not, and say nothing.
#pragma once

#include <hawser/interconnect/endpoint.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace hawser {

inline sockaddr_in loopback_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class RawTcp {
 public:
  explicit RawTcp(const Endpoint& to) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback_address(to.port);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawTcp() { ::close(fd_); }
  RawTcp(const RawTcp&) = delete;
  RawTcp& operator=(const RawTcp&) = delete;

  bool connected() const { return connected_; }
  // How much of it the kernel took without waiting.
  std::size_t write(std::string_view bytes) const {
    const ssize_t took = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return took > 0 ? static_cast<std::size_t>(took) : 0;
  }
  // Waits for `bytes` bytes; fewer when the connection ended.
  std::string read_exactly(std::size_t bytes) const {
    std::string all(bytes, '\0');
    const ssize_t got = ::recv(fd_, all.data(), bytes, MSG_WAITALL);
    all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return all;
  }
  // Whether the other side has ended the connection.
  bool ended() const {
    char room[4096];
    ssize_t got = 0;
    while ((got = ::recv(fd_, room, sizeof room, MSG_DONTWAIT)) > 0) {
    }
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

 private:
  int fd_;
  bool connected_ = false;
};

// Speaks just enough ZMTP 3 to be let in without encryption, and then whatever it is told to.
class RawZmtp {
 public:
  RawZmtp(const Endpoint& to, std::string_view routing_id) : tcp_(to) {
    std::string greeting{"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL", 16};
    greeting.resize(64, '\0');
    std::string ready{"\x05READY"};
    property(ready, "Socket-Type", "DEALER");
    property(ready, "Identity", routing_id);
    say(greeting + '\x04' + static_cast<char>(ready.size()) + ready);
    // Nothing may be said before the other side is ready too: its greeting, and a command of a given size.
    const std::string head = tcp_.read_exactly(64 + 2);
    if (head.size() == 66) tcp_.read_exactly(static_cast<unsigned char>(head.back()));
  }

  // One part of a message, with more to follow.
  static std::string part(std::size_t bytes) {
    std::string frame{'\x03'};
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(bytes >> shift);
    return frame + std::string(bytes, 'x');
  }

  // Adds to what is to be said, and says as much as the kernel takes.
  void say(std::string_view bytes) {
    waiting_ += bytes;
    waiting_.erase(0, tcp_.write(waiting_));
  }
  std::size_t waiting() const { return waiting_.size(); }
  bool ended() const { return tcp_.ended(); }

 private:
  static void property(std::string& command, std::string_view name, std::string_view value) {
    command += static_cast<char>(name.size());
    command += name;
    command += {'\0', '\0', '\0', static_cast<char>(value.size())};
    command += value;
  }

  RawTcp tcp_;
  std::string waiting_;
};

// Accepts by the kernel's hand only, until `backlog` is full; from then on connection attempts meet silence.
class MuteListener {
 public:
  explicit MuteListener(int backlog) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback_address(0);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(fd_, backlog);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    at_ = Endpoint{"127.0.0.1", ntohs(address.sin_port)};
  }
  ~MuteListener() {
    for (const int fd : fillers_) ::close(fd);
    ::close(fd_);
  }
  MuteListener(const MuteListener&) = delete;
  MuteListener& operator=(const MuteListener&) = delete;

  void fill() {
    for (int i = 0; i < 8; ++i) {
      const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      const sockaddr_in address = loopback_address(at_.port);
      [[maybe_unused]] const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
      fillers_.push_back(fd);
    }
  }
  const Endpoint& at() const { return at_; }

 private:
  int fd_;
  Endpoint at_;
  std::vector<int> fillers_;
};

inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace hawser
