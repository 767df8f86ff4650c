// The arbiter of a world: one record and some keys, never lost, outside of the network between the hosts.
//
// Each host asks it by a client of its own, whose questions and answers have a rule: lost on the way there or back, or
// slow. Its clock is the world's. Time that a key has lived is looked at when somebody asks.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/interconnect/arbiter.hpp>
#include <hawser/sim/delay.hpp>
#include <hawser/sim/event_queue.hpp>
#include <hawser/sim/trace.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

struct ArbiterRule {
  bool asks_lost = false;     // what the host asks does not come there
  bool answers_lost = false;  // it takes effect, and the host never hears of it
  Delay there = Delay::uniform(Duration{300}, Duration{900});
  Delay back = Delay::uniform(Duration{300}, Duration{900});
};

class SimArbiter {
 public:
  // All of it outlives the arbiter.
  SimArbiter(EventQueue& events, Trace& trace, const WorldTime& now, Random random);
  ~SimArbiter();
  SimArbiter(const SimArbiter&) = delete;
  SimArbiter& operator=(const SimArbiter&) = delete;

  // What that host asks by. It lives as long as the arbiter.
  Arbiter& client(Owner host);
  ArbiterRule& rule(Owner host) { return rules_[host]; }
  // What is answered from now on to that host's process finds it gone; what it asked takes effect all the same.
  void process_ended(Owner host) { ++runs_[host]; }
  // Nothing is lost any more; what is slow stays so.
  void heal();
  // Somebody is cut off from it, or it is slow for somebody.
  bool hampered() const;
  // For how long no answer has come to that host; since the world began if none ever did.
  Duration silent_for(Owner host) const;
  std::uint64_t swaps() const noexcept { return version_; }

 private:
  class Client;
  struct Key {
    WorldTime ends{};
  };

  void pass(Owner host, std::function<ArbiterAnswer()> what, std::string_view verb, Arbiter::Done done);
  ArbiterAnswer renew(const ArbiterRenewal& renewal);
  ArbiterAnswer swap(const ArbiterSwap& swap);
  void expire();
  ArbiterState state() const;

  EventQueue& events_;
  Trace& trace_;
  const WorldTime& now_;
  Random random_;
  std::map<Owner, std::unique_ptr<Client>> clients_;
  std::map<Owner, ArbiterRule> rules_;
  std::map<Owner, std::uint64_t> runs_;  // processes that have ended there
  std::map<Owner, WorldTime> answered_;
  std::map<std::string, std::uint64_t> numbers_;  // by client: of the last renewal that took effect
  std::map<std::string, Key> keys_;
  std::vector<std::byte> record_;
  std::uint64_t version_ = 0;
  std::uint64_t revision_ = 0;
};

}  // namespace hawser::sim
