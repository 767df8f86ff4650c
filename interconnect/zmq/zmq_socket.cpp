#include <hawser/interconnect/zmq/zmq_socket.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/interconnect/zmq/wake_set.hpp>
#include <hawser/interconnect/zmq/zmq_context.hpp>

#include <zmq.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace hawser {
namespace {

// Below this a copy is cheaper than lending the buffer.
constexpr std::size_t lend_bytes_min = 1024;
// A full monitor blocks ZeroMQ's I/O thread; an unbounded one lets a connect flood eat memory while the loop is busy.
constexpr int monitor_events_max = 100'000;

void give_back(void*, void* buffer) { BufferRef::adopt(static_cast<Buffer*>(buffer)); }

}  // namespace

std::unique_ptr<ZmqSocket> ZmqSocket::open(std::shared_ptr<ZmqContext> context, WakeSet& wakes, int type) {
  void* socket = zmq_socket(context->handle(), type);
  if (socket == nullptr) return nullptr;
  return std::unique_ptr<ZmqSocket>{new ZmqSocket{std::move(context), wakes, socket}};
}

ZmqSocket::ZmqSocket(std::shared_ptr<ZmqContext> context, WakeSet& wakes, void* socket)
    : context_(std::move(context)), wakes_(wakes), socket_(socket) {
  set(ZMQ_LINGER, 0);
}

ZmqSocket::~ZmqSocket() {
  if (monitored_) zmq_socket_monitor(socket_, nullptr, 0);
  if (monitor_ != nullptr) {
    wakes_.remove(descriptor_of(socket_));
    wakes_.remove(descriptor_of(monitor_));
  }
  zmq_close(socket_);
  if (monitor_ != nullptr) zmq_close(monitor_);
}

void ZmqSocket::set(int option, int value) noexcept {
  HAWSER_ASSERT(zmq_setsockopt(socket_, option, &value, sizeof value) == 0, "ZeroMQ knows the option");
}

void ZmqSocket::set(int option, std::int64_t value) noexcept {
  HAWSER_ASSERT(zmq_setsockopt(socket_, option, &value, sizeof value) == 0, "ZeroMQ knows the option");
}

void ZmqSocket::set(int option, std::string_view value) noexcept {
  HAWSER_ASSERT(zmq_setsockopt(socket_, option, value.data(), value.size()) == 0, "ZeroMQ knows the option");
}

bool ZmqSocket::watch(int events, std::uint64_t socket_token, std::uint64_t monitor_token) {
  const std::string endpoint = ZmqContext::private_endpoint();
  if (zmq_socket_monitor(socket_, endpoint.c_str(), events) != 0) return false;
  monitored_ = true;
  void* monitor = zmq_socket(context_->handle(), ZMQ_PAIR);
  if (monitor == nullptr) return false;
  const int linger = 0;
  zmq_setsockopt(monitor, ZMQ_LINGER, &linger, sizeof linger);
  zmq_setsockopt(monitor, ZMQ_RCVHWM, &monitor_events_max, sizeof monitor_events_max);
  if (zmq_connect(monitor, endpoint.c_str()) != 0) {
    const int error = errno;
    zmq_socket_monitor(socket_, nullptr, 0);
    monitored_ = false;
    zmq_close(monitor);
    errno = error;
    return false;
  }
  monitor_ = monitor;
  // ZeroMQ wakes only readers that have found nothing once; before the bind or connect there is nothing to lose.
  next_event();
  return wakes_.add(descriptor_of(socket_), socket_token) && wakes_.add(descriptor_of(monitor_), monitor_token);
}

bool ZmqSocket::bind(const std::string& endpoint) noexcept { return zmq_bind(socket_, endpoint.c_str()) == 0; }

bool ZmqSocket::connect(const std::string& endpoint) noexcept { return zmq_connect(socket_, endpoint.c_str()) == 0; }

std::string ZmqSocket::bound_endpoint() const {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size);
  return std::string{text.data()};
}

std::optional<MonitorEvent> ZmqSocket::next_event() noexcept {
  zmq_msg_t message;
  zmq_msg_init(&message);
  if (zmq_msg_recv(&message, monitor_, ZMQ_DONTWAIT) < 0) {
    zmq_msg_close(&message);
    return std::nullopt;
  }
  MonitorEvent event;
  std::uint32_t value = 0;
  const auto* bytes = static_cast<const std::byte*>(zmq_msg_data(&message));
  std::memcpy(&event.what, bytes, sizeof event.what);
  std::memcpy(&value, bytes + sizeof event.what, sizeof value);
  event.value = static_cast<int>(value);
  // The rest of the event is the endpoint's text, which we know already.
  while (zmq_msg_more(&message) != 0 && zmq_msg_recv(&message, monitor_, ZMQ_DONTWAIT) >= 0) {
  }
  zmq_msg_close(&message);
  return event;
}

int ZmqSocket::events() noexcept {
  int events = 0;
  std::size_t size = sizeof events;
  zmq_getsockopt(socket_, ZMQ_EVENTS, &events, &size);
  return events;
}

int ZmqSocket::send(BufferRef frame) noexcept {
  zmq_msg_t message;
  const std::size_t size = frame.size();
  if (size >= lend_bytes_min) {
    void* bytes = frame->data();
    zmq_msg_init_data(&message, bytes, size, give_back, frame.release());
  } else {
    if (zmq_msg_init_size(&message, size) != 0) return ENOMEM;
    if (size > 0) std::memcpy(zmq_msg_data(&message), frame->data(), size);
  }
  while (zmq_msg_send(&message, socket_, ZMQ_DONTWAIT) < 0) {
    const int error = zmq_errno();
    // The peer's I/O thread may have made room that this socket has not heard of yet: asking makes it listen.
    if (error == EAGAIN && (events() & ZMQ_POLLOUT) != 0) continue;
    if (error == EINTR) continue;
    zmq_msg_close(&message);
    return error;
  }
  return 0;  // the message is ZeroMQ's now
}

int ZmqSocket::descriptor_of(void* socket) noexcept {
  int descriptor = -1;
  std::size_t size = sizeof descriptor;
  zmq_getsockopt(socket, ZMQ_FD, &descriptor, &size);
  return descriptor;
}

}  // namespace hawser
