// The pair over ZeroMQ and TCP: one loop, a gate between every two nodes.
#include <hawser/interconnect/zmq/zmq_runtime.hpp>
#include "pair.hpp"
#include "tcp_gate.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace hawser::stories {
namespace {

class SocketPair final : public Pair {
 public:
  ~SocketPair() override {
    for (Seat& seat : seats_) seat.node.reset();
    gates_.clear();
    // What was cancelled is told, and sockets that were left to the loop are closed.
    io_.restart();
    io_.run_for(50ms);
  }

  void begin(std::vector<Member> members) override {
    for (Member& member : members) {
      names_.push_back(member.name);
      seats_.push_back({std::move(member), nullptr, 0});
    }
    for (const std::string& from : names_) {
      for (const std::string& to : names_) {
        if (from != to) gates_.emplace(std::pair{from, to}, std::make_unique<TcpGate>(io_));
      }
    }
    for (Seat& seat : seats_) {
      if (!seat.member.late) open(seat);
    }
  }

  bool alive(const std::string& name) const override { return seat(name).node != nullptr; }
  Node& node(const std::string& name) override { return *seat(name).node; }
  bool run_until(const std::function<bool()>& reached, Duration limit) override {
    const Instant end = later(runtime_.scheduler().now(), limit);
    while (!reached()) {
      if (runtime_.scheduler().now() > end) return false;
      io_.restart();
      io_.run_one_for(10ms);
    }
    return true;
  }
  void run_for(Duration span) override {
    run_until([] { return false; }, span);
  }

  Instant time() const override { return clock_.now(); }

  Endpoint address(const std::string& from, const std::string& to) const override {
    return gates_.at({from, to})->address();
  }
  Endpoint nowhere() const override { return {"127.0.0.1", 1}; }

  void cut() override { set_all(TcpGate::State::cut); }
  void jam() override { set_all(TcpGate::State::jam); }
  void heal() override {
    set_all(TcpGate::State::open);
    set_weather(Duration::zero(), 0);
  }
  void cut_way(const std::string& from, const std::string& to) override { set_way(from, to, TcpGate::State::cut); }
  void stall_way(const std::string& from, const std::string& to) override { set_way(from, to, TcpGate::State::jam); }
  void delay(Duration each_way) override { set_weather(each_way, 0); }
  void lose(std::uint32_t millionths) override { set_weather(Duration::zero(), millionths); }
  void refuse(const std::string& name) override { set_towards(name, TcpGate::State::closed, true); }
  void accept(const std::string& name) override { set_towards(name, TcpGate::State::open, false); }
  void reset() override {
    for (const auto& [link, gate] : gates_) gate->hang_up(true);
  }

  void crash(const std::string& name) override {
    seat(name).node.reset();
    set_towards(name, TcpGate::State::closed);
    run_for(20ms);
  }
  void start(const std::string& name) override {
    if (alive(name)) crash(name);
    open(seat(name));
  }
  void stop(const std::string& name) override {
    bool done = false;
    node(name).stop(std::nullopt, [&] { done = true; });
    REQUIRE(run_until([&] { return done; }, 30s));
    crash(name);
  }

 private:
  struct Seat {
    Member member;
    std::unique_ptr<Node> node;
    std::uint16_t port;
  };

  Seat& seat(const std::string& name) {
    return *std::find_if(seats_.begin(), seats_.end(), [&](const Seat& each) { return each.member.name == name; });
  }
  const Seat& seat(const std::string& name) const { return const_cast<SocketPair*>(this)->seat(name); }

  void open(Seat& seat) {
    Config config;
    config.id = NodeId{seat.member.name};
    config.listen = {"127.0.0.1", seat.port};
    for (const std::string& other : names_) {
      if (other != seat.member.name) config.peers.push_back({NodeId{other}, address(seat.member.name, other)});
    }
    if (seat.member.settings) seat.member.settings(config);
    // The port of a process that died may take the I/O thread a moment to give back.
    for (int attempt = 0; seat.node == nullptr; ++attempt) {
      try {
        seat.node = std::make_unique<Node>(runtime_, config);
      } catch (const StartError&) {
        if (attempt == 200) throw;
        run_for(10ms);
      }
    }
    seat.port = seat.node->endpoint().port;
    set_towards(seat.member.name, TcpGate::State::open);
    if (seat.member.app) seat.member.app(*seat.node);
  }

  // With `others`, the connections that it dialled are reset as well.
  void set_towards(const std::string& name, TcpGate::State state, bool others = false) {
    for (const auto& [link, gate] : gates_) {
      if (others && link.first == name) gate->hang_up(true);
      if (link.second != name) continue;
      gate->lead_to(seat(name).port);
      gate->set(state);
    }
  }
  // What one says to the other travels forward on the connections that it dialled, and backward on the other's.
  void set_way(const std::string& from, const std::string& to, TcpGate::State state) {
    gates_.at({from, to})->set(TcpGate::Way::forward, state);
    gates_.at({to, from})->set(TcpGate::Way::backward, state);
  }
  void set_weather(Duration delay, std::uint32_t lost_millionths) {
    for (const auto& [link, gate] : gates_) gate->set_weather(delay, lost_millionths);
  }
  void set_all(TcpGate::State state) {
    for (const auto& [link, gate] : gates_) {
      if (alive(link.second)) gate->set(state);
    }
  }

  boost::asio::io_context io_;
  ZmqRuntime runtime_{io_};
  const Scheduler& clock_ = runtime_.scheduler();
  std::map<std::pair<std::string, std::string>, std::unique_ptr<TcpGate>> gates_;
  std::vector<Seat> seats_;
};

}  // namespace

std::unique_ptr<Pair> socket_pair() { return std::make_unique<SocketPair>(); }

}  // namespace hawser::stories
