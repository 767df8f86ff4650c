// A lock for a small cluster: one server leases it, every other node asks for it, holds it a while and lets it go.
//
// The program is the same in production and in simulation. The promise is that no two nodes hold the lock at one time,
// whatever the network does, as long as clocks keep their rate within `drift`: a holder counts its lease from the time
// at which it asked, the server from the time at which it answers, so the holder's ends first.
#pragma once

#include <hawser/interconnect/node.hpp>

#include <cstdint>
#include <memory>

namespace lock {

struct Options {
  hawser::NodeId server{"n1"};
  hawser::Duration lease{2'000'000};
  hawser::Duration ask_every{300'000};
  hawser::Duration turn{1'000'000};  // how long a node holds the lock before it lets it go
  std::int64_t drift_percent = 5;
  // A mistake that is easily made: who holds the lock and hears nothing takes it for kept. The simulation finds it, see
  // tests/sim/lock_example_test.cpp. Never set in a program that is meant to work.
  bool takes_silence_for_yes = false;
};

// What one node makes of the lock.
class Client {
 public:
  Client(hawser::Node& node, const Options& options) : node_(node), options_(options) {}

  // May it act as the holder at this instant? To be asked before each effect, not once.
  bool holds() const;
  std::uint64_t turns() const noexcept { return turns_; }

  // Asks, or renews, or waits; called every `ask_every`.
  static void tick(const std::shared_ptr<Client>& self);

 private:
  void answered(hawser::Instant asked, bool held);
  void let_go(hawser::Instant now);

  hawser::Node& node_;
  Options options_;
  bool holding_ = false;             // of the last answer
  hawser::Instant until_{};          // its lease
  hawser::Instant turn_ends_{};      // of the turn that goes on
  hawser::Instant rests_until_{};    // others may have it
  hawser::Instant ignores_until_{};  // answers to what was asked before that time are of an earlier turn
  std::uint64_t turns_ = 0;
};

// Makes `node` the server or a client, by its id. The client lives as long as the node; null for the server.
std::shared_ptr<Client> start(hawser::Node& node, const Options& options = {});

}  // namespace lock
