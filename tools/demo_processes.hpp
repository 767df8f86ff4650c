// The demo's nodes as real processes, on loopback ports that were free, or each in a network namespace of its own that
// can be cut off.
#pragma once

#include "child_nodes.hpp"
#include "cut_network.hpp"
#include "demo_play.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace hawser::tools {

class DemoProcesses final : public Theatre {
 public:
  // Writes the configurations and starts all nodes. `parted`: each on a network that can be cut. Throws StartError when
  // that cannot be done.
  DemoProcesses(const std::vector<std::string>& nodes, const Traffic& traffic, bool parted);

  void act(const Act& act, Stage& stage) override;
  void wait(Duration moment, Stage& stage) override;
  Duration now() const override;
  std::string trouble() const override { return nodes_.trouble(); }

 private:
  void cut(const std::vector<std::string>& side);

  std::vector<std::string> ids_;
  std::unique_ptr<CutNetwork> network_;  // null: loopback
  ChildNodes nodes_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace hawser::tools
