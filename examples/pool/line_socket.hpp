// A TCP connection that speaks lines and never waits past a deadline. Plain POSIX, one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace hawser::example {

using SteadyTime = std::chrono::steady_clock::time_point;

class LineSocket {
 public:
  // To 127.0.0.1. Nothing when it is refused or not made by `until`.
  static std::optional<LineSocket> connect(std::uint16_t port, SteadyTime until);
  explicit LineSocket(int descriptor) noexcept : descriptor_(descriptor) {}
  LineSocket(LineSocket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), read_(std::move(other.read_)) {}
  LineSocket& operator=(LineSocket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(read_, other.read_);
    return *this;
  }
  ~LineSocket();

  // False when the other end is gone, or `until` came first.
  bool send(const std::string& line, SteadyTime until);
  // Without its end. Nothing when the other end is gone, `until` came first, or the line is longer than 64 KiB.
  std::optional<std::string> receive(SteadyTime until);

 private:
  bool ready(short events, SteadyTime until) const;

  int descriptor_;
  std::string read_;
};

}  // namespace hawser::example
