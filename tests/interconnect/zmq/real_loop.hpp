// A node's place in these tests: a runtime on an io_context that is run until something is true, and a transport whose
// every word is written down.
#pragma once

#include <hawser/interconnect/runtime.hpp>
#include <hawser/interconnect/zmq/zmq_runtime.hpp>

#include <catch2/catch.hpp>
#include <zmq.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser {

struct RealLoop {
  boost::asio::io_context io;
  ZmqRuntime runtime{io};

  // Runs the loop until `done` holds; false when it took longer than `most`.
  bool until(const std::function<bool()>& done, std::chrono::milliseconds most = std::chrono::seconds{10}) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.restart();
      io.run_one_for(std::chrono::milliseconds{10});
    }
    return true;
  }
  void run_for(std::chrono::milliseconds time) {
    until([] { return false; }, time);
  }
};

inline BufferRef frame_of(std::string_view text) {
  return Buffer::copy({reinterpret_cast<const std::byte*>(text.data()), text.size()});
}

inline std::string text_of(const BufferRef& frame) {
  return {reinterpret_cast<const char*>(frame->data()), frame->size()};
}

class Station final : public TransportEvents {
 public:
  struct Inbound {
    std::string name;
    std::vector<std::string> frames;
    std::size_t count = 0;
    std::size_t bytes = 0;
    bool closed = false;
  };
  struct Down {
    LinkFailure why;
    std::string detail;
  };

  Station(RealLoop& loop, const std::string& name, std::size_t frame_bytes_max = 1 << 20,
          std::size_t connections_max = 1000)
      : loop_(loop) {
    config.self = name;
    config.incarnation = Incarnation{7};
    config.frame_bytes_max = frame_bytes_max;
    config.connections_max = connections_max;
  }

  Station& start() {
    transport = loop_.runtime.make_transport(config, *this);
    return *this;
  }
  Endpoint listen() {
    if (transport == nullptr) start();
    at = transport->listen({"127.0.0.1", 0});
    return at;
  }
  LinkId dial(const Endpoint& to, LaneClass lane = LaneClass::control) {
    if (transport == nullptr) start();
    return transport->dial({.to = to, .peer = "peer", .lane = lane});
  }
  // Dials and waits until the link stands.
  LinkId join(const Endpoint& to) {
    const LinkId link = dial(to);
    REQUIRE(loop_.until([&] { return ups[link] > 0; }));
    return link;
  }
  SendResult send(LinkId link, std::string_view text) { return transport->send(link, frame_of(text)); }

  std::size_t frames() const {
    std::size_t sum = 0;
    for (const auto& [id, inbound] : inbounds) sum += inbound.count;
    return sum;
  }
  // The connection that came last.
  ConnectionId newest() const { return inbounds.empty() ? ConnectionId::none : inbounds.rbegin()->first; }

  void link_up(LinkId link) override { ++ups[link]; }
  void link_down(LinkId link, LinkFailure why, std::string_view detail) override {
    CHECK(downs.emplace(link, Down{why, std::string{detail}}).second);  // exactly once
  }
  void link_writable(LinkId link) override { ++writables[link]; }
  void frame_received(ConnectionId from, const PeerIdentity& identity, BufferRef frame) override {
    CHECK(reinterpret_cast<std::uintptr_t>(frame->data()) % 8 == 0);
    Inbound& inbound = inbounds[from];
    CHECK_FALSE(inbound.closed);
    inbound.name = identity.name;
    ++inbound.count;
    inbound.bytes += frame->size();
    if (frame->size() <= 256) inbound.frames.push_back(text_of(frame));
    if (on_frame) on_frame(from, frame);
  }
  void answer_received(LinkId link, BufferRef frame) override { answers[link] = text_of(frame); }
  void connection_closed(ConnectionId connection) override {
    CHECK(inbounds.count(connection) == 1);
    CHECK_FALSE(std::exchange(inbounds[connection].closed, true));
  }
  void turn_ended() override { ++turns; }

  TransportConfig config;
  std::unique_ptr<Transport> transport;
  Endpoint at;
  std::map<LinkId, int> ups;
  std::map<LinkId, Down> downs;
  std::map<LinkId, int> writables;
  std::map<LinkId, std::string> answers;
  std::map<ConnectionId, Inbound> inbounds;
  std::function<void(ConnectionId, const BufferRef&)> on_frame;
  int turns = 0;

 private:
  RealLoop& loop_;
};

// A peer that is not of our making: a bare DEALER in a context of its own.
class BareDealer {
 public:
  BareDealer(const std::string& routing_id, const Endpoint& to) {
    const int linger = 0;
    zmq_setsockopt(socket_, ZMQ_LINGER, &linger, sizeof linger);
    const int patience = 2000;
    zmq_setsockopt(socket_, ZMQ_SNDTIMEO, &patience, sizeof patience);
    const int once = -1;
    zmq_setsockopt(socket_, ZMQ_RECONNECT_IVL, &once, sizeof once);
    zmq_setsockopt(socket_, ZMQ_ROUTING_ID, routing_id.data(), routing_id.size());
    zmq_connect(socket_, ("tcp://" + to.text()).c_str());
  }
  ~BareDealer() {
    zmq_close(socket_);
    zmq_ctx_term(context_);
  }
  BareDealer(const BareDealer&) = delete;
  BareDealer& operator=(const BareDealer&) = delete;

  bool send(std::string_view bytes, bool more = false) {
    return zmq_send(socket_, bytes.data(), bytes.size(), more ? ZMQ_SNDMORE : 0) >= 0;
  }
  void* handle() { return socket_; }

 private:
  void* context_ = zmq_ctx_new();
  void* socket_ = zmq_socket(context_, ZMQ_DEALER);
};

}  // namespace hawser
