#include "demo_processes.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace hawser::tools {
namespace {

std::vector<std::string> arguments_of(const Traffic& traffic) {
  return {"--snapshots", "100ms",
          "--traffic",   "Greeting=" + std::to_string(traffic.greetings),
          "--traffic",   "Order=" + std::to_string(traffic.orders),
          "--traffic",   "Blob=" + std::to_string(traffic.blobs),
          "--blob-size", std::to_string(traffic.blob_bytes)};
}

// On a network of one's own every port is free.
constexpr std::uint16_t port_of_all = 7000;

}  // namespace

DemoProcesses::DemoProcesses(const std::vector<std::string>& nodes, const Traffic& traffic, bool parted)
    : ids_(nodes),
      network_(parted ? std::make_unique<CutNetwork>(nodes.size()) : nullptr),
      nodes_(arguments_of(traffic)),
      began_(std::chrono::steady_clock::now()) {
  std::vector<Endpoint> endpoints;
  for (const std::uint16_t port : parted ? std::vector<std::uint16_t>{} : free_ports(nodes.size())) {
    endpoints.push_back({"127.0.0.1", port});
  }
  for (std::size_t place = 0; parted && place < nodes.size(); ++place) {
    endpoints.push_back({network_->address(place), port_of_all});
  }
  for (std::size_t self = 0; self < nodes.size(); ++self) {
    Config config = demo_config(nodes[self]);
    config.listen = endpoints[self];
    config.insecure = parted;
    config.state_dir = nodes_.state_dir(nodes[self]);
    for (std::size_t other = 0; other < nodes.size(); ++other) {
      if (other != self) config.peers.push_back({nodes[other], endpoints[other]});
    }
    ChildNodes::Enter enter;
    if (parted) enter = [this, self] { return network_->enter(self); };
    nodes_.add(config, std::move(enter));
  }
  for (const std::string& id : nodes) nodes_.start(id);
}

void DemoProcesses::act(const Act& act, Stage& stage) {
  switch (act.kind) {
    case ActKind::none:
      return;
    case ActKind::pause:
      nodes_.signal(act.node, SIGSTOP);
      stage.set_life(act.node, Life::paused);
      return;
    case ActKind::resume:
      stage.set_life(act.node, Life::running);
      nodes_.signal(act.node, SIGCONT);
      return;
    case ActKind::kill:
      nodes_.kill(act.node);
      stage.set_life(act.node, Life::killed);
      return;
    case ActKind::restart:
      stage.set_life(act.node, Life::running);
      nodes_.start(act.node);
      return;
    case ActKind::cut:
      cut(act.side);
      return;
    case ActKind::heal:
      network_->heal();
      return;
    case ActKind::stop_all:
      nodes_.stop_all();
      return;
  }
}

void DemoProcesses::cut(const std::vector<std::string>& side) {
  std::vector<std::size_t> inside;
  std::vector<std::size_t> outside;
  for (std::size_t place = 0; place < ids_.size(); ++place) {
    const bool of_side = std::find(side.begin(), side.end(), ids_[place]) != side.end();
    (of_side ? inside : outside).push_back(place);
  }
  network_->cut(between(inside, outside));
}

void DemoProcesses::wait(Duration moment, Stage& stage) {
  nodes_.wait(moment, {[&](NodeSight sight) { stage.observe(std::move(sight)); },
                       [&](const std::string& id) { stage.set_life(id, Life::stopped); }});
}

Duration DemoProcesses::now() const {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began_);
}

}  // namespace hawser::tools
