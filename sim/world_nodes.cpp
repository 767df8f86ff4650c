// The part of World that knows what a Node is.
#include <hawser/base/assert.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/node_spec.hpp>
#include <hawser/sim/world.hpp>

#include <utility>

namespace hawser::sim {
namespace {

constexpr std::uint16_t default_port = 7000;

class NodeProcess final : public Process {
 public:
  NodeProcess(Host& host, const Config& config, const App& app) : node_(host, config) {
    if (app) app(node_);
  }
  void stop(UniqueFunction<void()> done) override { node_.stop(std::nullopt, std::move(done)); }
  Node& node() noexcept { return node_; }

 private:
  Node node_;
};

// What a host's name says where the configuration does not.
void complete(Config& config, const std::string& name) {
  if (config.id.empty()) config.id = NodeId{name};
  if (config.listen == Config{}.listen) config.listen = {name, default_port};
  if (!config.listen.loopback()) config.insecure = true;  // there is nobody to listen in on a simulated network
}

}  // namespace

Host& World::host(const std::string& name, Config config, App app) {
  auto spec = std::make_shared<NodeSpec>();
  complete(config, name);
  spec->wired_by_world = config.peers.empty() && options_.full_mesh;
  spec->config = std::move(config);
  spec->app = std::move(app);
  Host& added = host(name, ProcessFactory{[this, spec](Host& started) { return start_node(started, *spec); }});
  network_.add_address(added.index(), spec->config.listen);
  specs_[added.index()] = spec;
  return added;
}

void World::reconfigure(const std::string& name, Config config) {
  const Host& changed = at_name(name);
  HAWSER_ASSERT(specs_[changed.index()] != nullptr, "only a host that runs a node is configured");
  NodeSpec& spec = *specs_[changed.index()];
  complete(config, name);
  spec.wired_by_world = config.peers.empty() && options_.full_mesh;
  spec.config = std::move(config);
  network_.add_address(changed.index(), spec.config.listen);
}

void World::hold_back(const std::string& name) {
  const Host& host = at_name(name);
  HAWSER_ASSERT(specs_[host.index()] != nullptr && host.starts() == 0, "a node that has not started yet is held back");
  specs_[host.index()]->absent = true;
}

void World::join(const std::string& name) {
  hardship("join", name);
  Host& host = at_name(name);
  let_in(host.index());
  outside_turns([&host] {
    if (!host.alive()) host.start();
  });
}

bool World::held_back(MachineId index) const noexcept { return specs_[index] != nullptr && specs_[index]->absent; }

void World::let_in(MachineId index) noexcept {
  if (specs_[index] != nullptr) specs_[index]->absent = false;
}

std::unique_ptr<Process> World::start_node(Host& host, const NodeSpec& spec) {
  Config config = spec.config;
  if (spec.wired_by_world) {
    for (const auto& other : specs_) {
      if (other != nullptr && !other->twin && !other->absent && other->config.id != config.id)
        config.peers.push_back({other->config.id, other->config.listen});
    }
  }
  return std::make_unique<NodeProcess>(host, config, spec.app);
}

Node& World::node(const std::string& name) {
  Host& found = at_name(name);
  if (found.starts() == 0) start_hosts();
  auto* process = dynamic_cast<NodeProcess*>(found.process());
  HAWSER_ASSERT(process != nullptr, "a node runs on that host");
  return process->node();
}

Node* World::node_if(const std::string& name) {
  auto* process = dynamic_cast<NodeProcess*>(at_name(name).process());
  return process == nullptr ? nullptr : &process->node();
}

}  // namespace hawser::sim
