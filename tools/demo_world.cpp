#include "demo_world.hpp"

#include <hawser/inspect/json.hpp>
#include <hawser/interconnect/node.hpp>

#include <algorithm>

namespace hawser::tools {

DemoWorld::DemoWorld(const std::vector<std::string>& nodes, const Traffic& traffic, std::uint64_t seed)
    : world_({.seed = seed}) {
  for (const std::string& id : nodes) {
    Config config = demo_config(id);
    config.state_dir = "state";
    world_.host(id, config, [traffic](Node& node) {
      offer_service(node);
      drive_traffic(node, traffic);
    });
  }
}

void DemoWorld::act(const Act& act, Stage& stage) {
  switch (act.kind) {
    case ActKind::none:
      return;
    case ActKind::pause:
      world_.pause(act.node);
      stage.set_life(act.node, Life::paused);
      return;
    case ActKind::resume:
      stage.set_life(act.node, Life::running);
      world_.resume(act.node);
      return;
    case ActKind::kill:
      world_.crash(act.node, sim::ProcessEnd::with_reset);
      stage.set_life(act.node, Life::killed);
      return;
    case ActKind::restart:
      stage.set_life(act.node, Life::running);
      told_[act.node] = 0;
      world_.restart(act.node);
      return;
    case ActKind::cut: {
      std::vector<std::string> others;
      for (const std::string& id : stage.nodes()) {
        if (std::find(act.side.begin(), act.side.end(), id) == act.side.end()) others.push_back(id);
      }
      world_.partition(act.side, others);
      return;
    }
    case ActKind::heal:
      world_.heal();
      return;
    case ActKind::stop_all:
      // The nodes themselves, not the hosts, which would take the last snapshot with them.
      for (const std::string& id : stage.nodes()) {
        stopping_[id] = false;
        Node& node = world_.node(id);
        node.post([this, id, &node] { node.stop(std::nullopt, [this, id] { stopping_[id] = true; }); });
      }
      return;
  }
}

void DemoWorld::wait(Duration moment, Stage& stage) {
  world_.run_for(moment);
  for (const std::string& id : stage.nodes()) {
    if (stage.life(id) != Life::running || !world_.alive(id)) continue;
    look(id, stage);
    const auto stopping = stopping_.find(id);
    if (stopping != stopping_.end() && stopping->second) stage.set_life(id, Life::stopped);
  }
}

void DemoWorld::look(const std::string& id, Stage& stage) {
  NodeSnapshot snapshot = world_.node(id).snapshot();
  std::uint64_t& told = told_[id];
  std::erase_if(snapshot.events, [&](const Event& event) { return event.number <= told; });
  if (!snapshot.events.empty()) told = snapshot.events.back().number;
  if (auto sight = read_sight(to_json(snapshot))) stage.observe(std::move(*sight));
}

Duration DemoWorld::now() const { return world_.now() - sim::world_begin; }

}  // namespace hawser::tools
