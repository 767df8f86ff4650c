// The whole program of a node, the same in production and in simulation.
#pragma once

#include <hawser/interconnect/node.hpp>

void app(hawser::Node& node);
