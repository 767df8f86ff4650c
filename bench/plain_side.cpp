// libzmq as a careful user would write it without a layer on top: one context, one socket, one thread, blocking calls,
// default high-water marks, one zmq_msg_send per message.
#include "roles.hpp"
#include "stopwatch.hpp"

#include <zmq.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>

namespace hawser::bench {
namespace {

// The first byte of a message says what it is. A mark ends a phase: the receiver answers with what it counted since the
// mark before. Marks travel behind the data of their phase, so the count is complete.
enum class Kind : unsigned char { data, echo, mark, stop };

struct Tally {
  std::uint64_t messages = 0;
  std::int64_t cpu_us = 0;
};

[[noreturn]] void fail(const char* what) { throw std::runtime_error(std::string{what} + ": " + zmq_strerror(errno)); }

void check(int result, const char* what) {
  if (result < 0) fail(what);
}

class Socket {
 public:
  explicit Socket(int type) : context_(zmq_ctx_new()), socket_(zmq_socket(context_, type)) {
    if (socket_ == nullptr) fail("zmq_socket");
    const int linger = 1000;
    check(zmq_setsockopt(socket_, ZMQ_LINGER, &linger, sizeof linger), "ZMQ_LINGER");
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  void* get() const noexcept { return socket_; }

 private:
  void* context_;
  void* socket_;
};

std::string address(std::uint16_t port) { return "tcp://127.0.0.1:" + std::to_string(port); }

void send(void* socket, Kind kind, std::size_t bytes) {
  zmq_msg_t message;
  check(zmq_msg_init_size(&message, bytes), "zmq_msg_init_size");
  std::memset(zmq_msg_data(&message), static_cast<int>(kind), bytes);
  check(zmq_msg_send(&message, socket, 0), "zmq_msg_send");
}

void receive(void* socket) {
  zmq_msg_t message;
  zmq_msg_init(&message);
  check(zmq_msg_recv(&message, socket, 0), "zmq_msg_recv");
  zmq_msg_close(&message);
}

Tally receive_tally(void* socket) {
  Tally tally;
  if (zmq_recv(socket, &tally, sizeof tally, 0) != static_cast<int>(sizeof tally)) fail("the receiver's count");
  return tally;
}

Tally mark(void* socket) {
  send(socket, Kind::mark, 1);
  return receive_tally(socket);
}

// Reading the clock for every message would cost the fast side a tenth of its time.
std::uint64_t send_for(void* socket, std::uint32_t bytes, std::chrono::milliseconds time) {
  std::uint64_t sent = 0;
  const auto end = WallClock::now() + time;
  while (WallClock::now() < end) {
    for (int i = 0; i < 64; ++i) send(socket, Kind::data, bytes);
    sent += 64;
  }
  return sent;
}

std::uint64_t ask_for(void* socket, const Load& load, std::chrono::milliseconds time, Latencies& latencies) {
  std::uint64_t answered = 0;
  const auto end = WallClock::now() + time;
  for (;;) {
    const auto start = WallClock::now();
    if (start >= end) return answered;
    send(socket, Kind::data, load.bytes);
    receive(socket);
    latencies.record(WallClock::now() - start);
    ++answered;
  }
}

std::uint64_t ask_pipelined_for(void* socket, const Load& load, std::chrono::milliseconds time) {
  std::uint64_t answered = 0;
  const auto end = WallClock::now() + time;
  for (std::uint32_t i = 0; i < load.open; ++i) send(socket, Kind::data, load.bytes);
  while (WallClock::now() < end) {
    for (std::uint32_t i = 0; i < load.open; ++i) {
      receive(socket);
      send(socket, Kind::data, load.bytes);
    }
    answered += load.open;
  }
  for (std::uint32_t i = 0; i < load.open; ++i) receive(socket);
  return answered + load.open;
}

// Below the high-water mark and awaited, so that no call waits for room. The receiver answers each burst's last
// message.
std::uint64_t send_bursts_for(void* socket, std::uint32_t bytes, std::chrono::milliseconds time, Latencies& latencies) {
  constexpr unsigned burst_messages = 512;
  std::uint64_t sent = 0;
  const auto end = WallClock::now() + time;
  while (WallClock::now() < end) {
    const auto start = WallClock::now();
    for (unsigned i = 0; i < burst_messages; ++i) send(socket, Kind::data, bytes);
    latencies.record((WallClock::now() - start) / burst_messages);
    send(socket, Kind::echo, bytes);
    receive(socket);
    sent += burst_messages + 1;
  }
  return sent;
}

std::uint64_t work_for(void* socket, const Load& load, std::uint32_t milliseconds, Latencies& latencies) {
  const std::chrono::milliseconds time{milliseconds};
  switch (load.work) {
    case Work::one_way:
      return send_for(socket, load.bytes, time);
    case Work::round_trip:
      return ask_for(socket, load, time, latencies);
    case Work::pipelined:
      return ask_pipelined_for(socket, load, time);
    case Work::post:
      return send_bursts_for(socket, load.bytes, time, latencies);
    case Work::paced:
    case Work::broadcast:
    case Work::serve:
      break;
  }
  throw std::logic_error("libzmq's DEALER has neither broadcasts nor leases");
}

}  // namespace

Figures send_plain(const Load& load) {
  const Socket dealer{ZMQ_DEALER};
  check(zmq_connect(dealer.get(), address(load.receiver_port).c_str()), "zmq_connect");
  Latencies warm_up;
  work_for(dealer.get(), load, load.warm_up_ms, warm_up);
  mark(dealer.get());

  Latencies latencies;
  const std::int64_t cpu_start = cpu_us();
  const auto start = WallClock::now();
  Figures figures;
  figures.accepted = work_for(dealer.get(), load, load.measured_ms, latencies);
  const Tally tally = mark(dealer.get());
  figures.seconds = seconds_since(start);
  figures.cpu_seconds = static_cast<double>(cpu_us() - cpu_start + tally.cpu_us) / 1e6;
  figures.delivered = tally.messages;
  figures.p50_us = latencies.percentile_us(500);
  figures.p99_us = latencies.percentile_us(990);
  send(dealer.get(), Kind::stop, 1);
  return figures;
}

void receive_plain(const Load& load) {
  const Socket router{ZMQ_ROUTER};
  check(zmq_bind(router.get(), address(load.receiver_port).c_str()), "zmq_bind");
  Tally tally;
  std::int64_t cpu_start = cpu_us();
  zmq_msg_t identity;
  zmq_msg_t message;
  zmq_msg_init(&identity);
  zmq_msg_init(&message);
  for (;;) {
    check(zmq_msg_recv(&identity, router.get(), 0), "zmq_msg_recv");
    check(zmq_msg_recv(&message, router.get(), 0), "zmq_msg_recv");
    const auto kind = *static_cast<const Kind*>(zmq_msg_data(&message));
    if (kind == Kind::stop) break;
    if (kind == Kind::mark) {
      tally.cpu_us = cpu_us() - cpu_start;
      check(zmq_msg_send(&identity, router.get(), ZMQ_SNDMORE), "zmq_msg_send");
      check(zmq_send(router.get(), &tally, sizeof tally, 0), "zmq_send");
      tally = {};
      cpu_start = cpu_us();
      continue;
    }
    ++tally.messages;
    const bool answered = load.work == Work::round_trip || load.work == Work::pipelined || kind == Kind::echo;
    if (!answered) continue;
    check(zmq_msg_send(&identity, router.get(), ZMQ_SNDMORE), "zmq_msg_send");
    check(zmq_msg_send(&message, router.get(), 0), "zmq_msg_send");
  }
  zmq_msg_close(&identity);
  zmq_msg_close(&message);
}

}  // namespace hawser::bench
