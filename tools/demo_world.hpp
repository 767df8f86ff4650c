// The demo's nodes on simulated hosts: the same service, settings and story, on virtual time.
#pragma once

#include "demo_play.hpp"
#include <hawser/sim/world.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hawser::tools {

class DemoWorld final : public Theatre {
 public:
  DemoWorld(const std::vector<std::string>& nodes, const Traffic& traffic, std::uint64_t seed);

  void act(const Act& act, Stage& stage) override;
  void wait(Duration moment, Stage& stage) override;
  Duration now() const override;
  std::string trouble() const override { return {}; }

  std::uint64_t trace_hash() const noexcept { return world_.trace_hash(); }

 private:
  void look(const std::string& id, Stage& stage);

  sim::World world_;
  std::map<std::string, std::uint64_t> told_;  // number of the last event handed on, by node
  std::map<std::string, bool> stopping_;       // true once the stop is done
};

}  // namespace hawser::tools
