// What a configuration that was read again changes in a running node, and what it cannot change.
//
// At once: peers and their addresses (with a strategy, addresses alone: who is a member is agreed by all), `[types]` as
// far as Node::policy says, and all of `[log]`. Everything else is named as needing a restart. Pure but for apply().
#pragma once

#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/node.hpp>

#include <string>
#include <vector>

namespace hawser::tools {

struct Reload {
  std::vector<PeerConfig> added;
  std::vector<NodeId> removed;
  std::vector<PeerConfig> moved;
  bool types = false;
  std::vector<std::string> log;      // keys
  std::vector<std::string> restart;  // keys whose new value is not in force

  // For people: what is in force now, and what needs a restart.
  std::string sentence() const;
};

Reload compare(const Config& current, const Config& wanted);
void apply(const Reload& change, const Config& wanted, Node& node);
// `current` becomes what is in force now.
void keep(const Reload& change, const Config& wanted, Config& current);

}  // namespace hawser::tools
