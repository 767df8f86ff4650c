// A cluster of whole nodes with a strategy, watched: who serves, and what each was told.
#pragma once

#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace hawser::sim::test {

using namespace std::chrono_literals;

inline Config majority(bool disk = true) {
  Config config;
  config.strategy = Strategy::keep_majority;
  if (disk) config.state_dir = "state";
  return config;
}

struct Cluster {
  World world;
  Watch watch{world};
  std::vector<std::string> names;
  std::map<std::string, std::uint64_t> heard;
  std::map<std::string, std::vector<ViewChange>> views;
  std::map<std::string, std::vector<StanceChange>> stances;

  explicit Cluster(std::size_t size, const Config& config = majority(), std::uint64_t seed = 7)
      : world({.seed = seed, .trace_rows = 400}) {
    for (std::size_t i = 1; i <= size; ++i) names.push_back("n" + std::to_string(i));
    for (const std::string& name : names) {
      world.host(name, config, [this, name](Node& node) {
        node.on<Note>([this, name](Note::Reader) { ++heard[name]; });
        node.on_view([this, name](const ViewChange& change) { views[name].push_back(change); });
        node.on_stance([this, name](const StanceChange& change) { stances[name].push_back(change); });
      });
    }
  }

  bool serves(const std::string& name) {
    const Node* node = world.node_if(name);
    return node != nullptr && static_cast<bool>(node->may_serve());
  }
  bool all_serve() {
    return std::all_of(names.begin(), names.end(), [this](const std::string& name) { return serves(name); });
  }
  // In one view of everybody.
  bool whole() {
    return all_serve() && std::all_of(names.begin(), names.end(), [this](const std::string& name) {
             return world.node(name).snapshot().view.size() == names.size();
           });
  }
  bool removed(const std::string& observer, Place place) {
    return std::any_of(views[observer].begin(), views[observer].end(), [place](const ViewChange& change) {
      return std::any_of(change.removed.begin(), change.removed.end(), [place](const ViewMember& member) {
        return member.place == place && member.incarnation != Incarnation::unknown;
      });
    });
  }
  Outcome send(const std::string& from, const std::string& to) {
    Outcome ended;
    bool done = false;
    world.node(from).peer(to).send(Message<Note>{}, {.ttl = 1s}, [&](const Outcome& outcome) {
      ended = outcome;
      done = true;
    });
    REQUIRE(world.run_until([&] { return done; }, 5s));
    return ended;
  }
};

}  // namespace hawser::sim::test
