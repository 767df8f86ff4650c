// What a world must know to start a node on a host again and again.
#pragma once

#include <hawser/interconnect/config.hpp>
#include <hawser/sim/world.hpp>

namespace hawser::sim {

struct World::NodeSpec {
  Config config;
  App app;
  bool wired_by_world = false;  // it came without peers
  bool absent = false;          // until it joins it does not run, and nobody has it for a peer
  bool twin = false;            // another process has its id, and the address that others know
};

}  // namespace hawser::sim
