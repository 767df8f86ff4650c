// What every Hawser load needs: a node with a thread for its loop, and the messages.
#pragma once

#include <hawser/hawser.hpp>
#include <hawser/inspect/admin.hpp>
#include "load.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include "load.capnp.h"

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace hawser::bench {

inline constexpr std::uint32_t sample_overhead = 40;
inline constexpr std::uint32_t blob_overhead = 24;

inline NodeId sender_id() { return NodeId{"sender"}; }
inline NodeId receiver_id() { return NodeId{"receiver"}; }

inline Config config(const Load& load, bool sender) {
  const Endpoint sender_at{"127.0.0.1", load.sender_port};
  const Endpoint receiver_at{"127.0.0.1", load.receiver_port};
  Config config;
  config.id = sender ? sender_id() : receiver_id();
  config.listen = sender ? sender_at : receiver_at;
  const std::uint16_t admin = sender ? load.sender_admin : load.receiver_admin;
  if (admin != 0) config.admin.listen = "127.0.0.1:" + std::to_string(admin);
  if (load.work == Work::broadcast) return config;  // its peers are neighbours, see below
  if (load.work == Work::serve) {
    config.strategy = Strategy::keep_majority;  // of one
    return config;
  }
  config.peers = {sender ? PeerConfig{receiver_id(), receiver_at} : PeerConfig{sender_id(), sender_at}};
  return config;
}

// A node and the thread that runs its loop; stopped and joined at the end.
class Running {
 public:
  Running(const Load& load, bool sender)
      : runtime_(io_), node_(runtime_, config(load, sender)), admin_(serve_admin(node_)) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (!thread_.joinable()) return;
    stop(node_);
    for (const auto& neighbour : neighbours_) stop(*neighbour);
    keep_.reset();
    io_.stop();
    thread_.join();
  }

  Node& node() noexcept { return node_; }
  // Another node on the same loop; the two are each other's peers. Before start().
  Node& add_neighbour(const std::string& id) {
    Config config;
    config.id = NodeId{id};
    config.peers = {{node_.id(), node_.endpoint()}};
    neighbours_.push_back(std::make_unique<Node>(runtime_, config));
    node_.add_peer({config.id, neighbours_.back()->endpoint()});
    return *neighbours_.back();
  }
  void start() {
    thread_ = std::thread([this] { io_.run(); });
  }
  void await_peers() {
    auto ready = std::make_shared<std::promise<bool>>();
    node_.post([this, ready] { node_.ready(std::chrono::seconds{10}, [ready](bool up) { ready->set_value(up); }); });
    if (!ready->get_future().get()) throw std::runtime_error("the nodes did not find each other within 10 s");
  }

 private:
  static void stop(Node& node) {
    auto stopped = std::make_shared<std::promise<void>>();
    node.post([&node, stopped] { node.stop(std::chrono::seconds{1}, [stopped] { stopped->set_value(); }); });
    stopped->get_future().wait();
  }

  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_{io_.get_executor()};
  ZmqRuntime runtime_;
  Node node_;
  std::unique_ptr<HttpServer> admin_;
  std::vector<std::unique_ptr<Node>> neighbours_;
  std::thread thread_;
};

inline std::string text_of(const char* what, const Outcome& outcome) {
  return std::string{what} + " ended as " + std::string{to_string(outcome.kind)} + " (" +
         std::string{to_string(outcome.cause)} + ")";
}

inline void fill(Sample::Builder sample, std::uint64_t sequence, std::uint32_t bytes) {
  sample.setSequence(sequence);
  sample.setReading(static_cast<std::int64_t>(sequence) * 3);
  auto body = sample.initBody(bytes - sample_overhead);
  body[0] = static_cast<kj::byte>(sequence);
  body[body.size() - 1] = 1;
}

inline std::uint64_t read(Sample::Reader sample) {
  const auto body = sample.getBody();
  return sample.getSequence() + static_cast<std::uint64_t>(sample.getReading()) + body[0] + body[body.size() - 1];
}

}  // namespace hawser::bench
