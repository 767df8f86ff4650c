// A stage for port-level tests: worlds whose hosts run probes, which write down what the transport tells them and when.
#pragma once

#include <hawser/sim/world.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hawser::sim::test {

inline BufferRef frame_of(std::string_view text) { return Buffer::copy(std::as_bytes(std::span{text})); }
inline std::string text_of(const BufferRef& frame) {
  const auto bytes = frame.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lines "<world time in us> <what>", in the order of happening; frames as their text when they are short.
using Log = std::vector<std::string>;

class Probe final : public Process, public TransportEvents {
 public:
  Probe(Host& on, const WorldTime& now, Log& log, const TransportConfig& config) : host(on), now_(now), log_(log) {
    transport = on.make_transport(config, *this);
    transport->listen({on.name(), 7000});
  }

  LinkId dial(const std::string& to, LaneClass lane = LaneClass::control) {
    const DialRequest request{{to, 7000}, NodeId{}, lane};
    return transport->dial(request);
  }
  SendResult send(LinkId link, std::string_view text) { return transport->send(link, frame_of(text)); }
  void write(const std::string& what) { log_.push_back(std::to_string(to_us(now_)) + ' ' + what); }

  void link_up(LinkId link) override {
    up.push_back(link);
    write("up");
  }
  void link_down(LinkId, LinkFailure why, std::string_view) override { write("down " + std::string{to_string(why)}); }
  void link_writable(LinkId) override { write("writable"); }
  void frame_received(ConnectionId from, const PeerIdentity& identity, BufferRef frame) override {
    last = from;
    last_frame = frame;
    last_identity = identity;
    ++frames;
    if (drop_on_frame) transport->drop(from);
    write((frame.size() > 40 ? std::to_string(frame.size()) + " bytes" : text_of(frame)));
  }
  void answer_received(LinkId, BufferRef frame) override { write("answer " + text_of(frame)); }
  void connection_closed(ConnectionId) override { write("closed"); }
  void turn_ended() override { ++turns; }

  Host& host;
  std::unique_ptr<Transport> transport;
  std::vector<LinkId> up;
  ConnectionId last = ConnectionId::none;
  PeerIdentity last_identity;
  BufferRef last_frame;
  bool drop_on_frame = false;
  int frames = 0;
  int turns = 0;

 private:
  const WorldTime& now_;
  Log& log_;
};

struct Stage {
  explicit Stage(const WorldOptions& options = fixed_delay(), std::vector<std::string> names = {"a", "b"})
      : world(options) {
    for (const std::string& name : names) {
      world.host(name, [this](Host& host) {
        TransportConfig own = config;
        own.self = host.name();
        auto probe = std::make_unique<Probe>(host, now_of(), logs[host.name()], own);
        return probe;
      });
    }
  }
  // Every way takes one millisecond exactly.
  static WorldOptions fixed_delay() {
    WorldOptions options;
    options.delay_min = options.delay_max = Duration{1000};
    return options;
  }

  void start() { world.run_for(Duration{0}); }
  Probe& probe(const std::string& name) { return *dynamic_cast<Probe*>(world.at_host(name).process()); }
  // A link from one to the other that stands; 2 ms pass with fixed delays.
  LinkId connect(const std::string& from, const std::string& to, LaneClass lane = LaneClass::control) {
    start();
    Probe& dialler = probe(from);
    const std::size_t before = dialler.up.size();
    const LinkId link = dialler.dial(to, lane);
    world.run_until([&] { return dialler.up.size() > before; }, Duration{10'000'000});
    logs[from].clear();
    logs[to].clear();
    return link;
  }
  Log& log(const std::string& name) { return logs[name]; }
  void run_ms(std::int64_t ms) { world.run_for(Duration{ms * 1000}); }

  TransportConfig config{.self = {}, .frame_bytes_max = 1u << 24, .connections_max = 64};
  std::map<std::string, Log> logs;
  World world;

 private:
  const WorldTime& now_of() const { return world.clock(); }
};

}  // namespace hawser::sim::test
