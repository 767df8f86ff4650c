// The life of one monitored ZeroMQ socket, in the only order that neither aborts, hangs nor leaks.
//
// Opening: socket, options (by the caller), watch() = monitor and registration, then bind or connect. Closing: stop the
// monitor, leave the wake set, close the socket, close the monitor's reader. A reader closed before its monitor is
// stopped wedges ZeroMQ's reaper and the port is never released. Loop thread only.
#pragma once

#include <hawser/base/buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hawser {

class WakeSet;
class ZmqContext;

// One event of a socket's monitor. `value` is a descriptor or an errno, depending on the event.
struct MonitorEvent {
  std::uint16_t what = 0;
  int value = 0;
};

class ZmqSocket {
 public:
  // Null, with errno set, when the process has no socket or descriptor left for it. `type` is ZMQ_ROUTER or ZMQ_DEALER.
  static std::unique_ptr<ZmqSocket> open(std::shared_ptr<ZmqContext> context, WakeSet& wakes, int type);
  ~ZmqSocket();
  ZmqSocket(const ZmqSocket&) = delete;
  ZmqSocket& operator=(const ZmqSocket&) = delete;

  // REQUIRES: an option and a value that ZeroMQ knows.
  void set(int option, int value) noexcept;
  void set(int option, std::int64_t value) noexcept;
  void set(int option, std::string_view value) noexcept;

  // Starts the monitor for `events` and registers both descriptors. False, with errno set, when descriptors run out.
  bool watch(int events, std::uint64_t socket_token, std::uint64_t monitor_token);

  // False with errno set.
  bool bind(const std::string& endpoint) noexcept;
  bool connect(const std::string& endpoint) noexcept;
  // What bind() chose, for example `tcp://127.0.0.1:40001`.
  std::string bound_endpoint() const;

  std::optional<MonitorEvent> next_event() noexcept;
  // ZMQ_POLLIN and ZMQ_POLLOUT. Asking makes the socket process what its I/O thread has told it.
  int events() noexcept;
  // Sends without waiting. 0, or the errno. Large frames are lent to ZeroMQ, small ones copied.
  int send(BufferRef frame) noexcept;

  void* handle() const noexcept { return socket_; }

 private:
  ZmqSocket(std::shared_ptr<ZmqContext> context, WakeSet& wakes, void* socket);
  static int descriptor_of(void* socket) noexcept;

  std::shared_ptr<ZmqContext> context_;
  WakeSet& wakes_;
  void* socket_;
  void* monitor_ = nullptr;
  bool monitored_ = false;
};

}  // namespace hawser
