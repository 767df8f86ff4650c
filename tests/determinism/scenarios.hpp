// A handful of runs whose traces must be the same wherever they are compiled: what trace_hashes prints and what the
// stories compare with themselves. Each is a function of the seed alone.
#pragma once

#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include "messages.capnp.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::determinism {

using namespace std::chrono_literals;

// What the nodes of a run do: each greets the others now and then, asks them, and sends them something large.
inline void chatter(Node& node) {
  node.on<Note>([](Note::Reader) {});
  node.on<Parcel>([](Parcel::Reader) {});
  node.on<Question>([&node](Received<Question> asked) -> Task<Message<Answer>> {
    co_await node.sleep(Duration{static_cast<std::int64_t>(asked->getNumber() % 4000)});
    Message<Answer> answer;
    answer->setNumber(asked->getNumber());
    co_return answer;
  });
  node.every(8ms, [&node] {
    std::vector<Peer> peers = node.peers();
    Peer& peer = peers[node.random().below(peers.size())];
    const std::uint64_t dice = node.random().below(100);
    if (dice < 70) {
      Message<Note> note;
      note->setNumber(dice);
      peer.try_post(note, {.ttl = 2s});
    } else if (dice < 98) {
      Message<Question> question;
      question->setNumber(dice * 61);
      peer.request<Answer>(question, {.timeout = 500ms}, [](const Result<Received<Answer>>&) {});
    } else {
      Message<Parcel> parcel;
      parcel->initBytes(150'000);
      peer.try_post(parcel, {.ttl = 2s});
    }
    return true;
  });
}

inline void populate(sim::World& world, std::size_t nodes) {
  for (std::size_t i = 1; i <= nodes; ++i) world.host("n" + std::to_string(i), Config{}, chatter);
}

inline void greeting(sim::World& world) {
  populate(world, 2);
  world.run_for(3s);
}

inline void partition_and_heal(sim::World& world) {
  populate(world, 3);
  world.run_for(2s);
  world.partition({"n1"}, {"n2", "n3"});
  world.run_for(4s);
  world.heal();
  world.one_way("n2", "n3");
  world.run_for(4s);
  world.heal();
  world.run_for(4s);
}

inline void restart(sim::World& world) {
  populate(world, 2);
  world.run_for(1s);
  world.crash("n2");
  world.run_for(3s);
  world.restart("n2");
  world.run_for(2s);
  world.stop("n1");
  world.run_for(6s);
  world.restart("n1");
  world.run_for(3s);
}

inline void loss_and_delay(sim::World& world) {
  populate(world, 2);
  world.loss("n1", "n2", 30'000);
  world.delay("n2", "n1", 1ms, 60ms);
  world.run_for(6s);
  world.reset("n1", "n2");
  world.pause("n2");
  world.run_for(2s);
  world.resume("n2");
  world.run_for(4s);
}

inline void five_in_trouble(sim::World& world) {
  populate(world, 5);
  for (int i = 0; i < 12; ++i) {
    world.run_for(Duration{world.random().between(100'000, 1'200'000)});
    const std::string one = "n" + std::to_string(1 + world.random().below(5));
    const std::string other = "n" + std::to_string(1 + world.random().below(5));
    const std::uint64_t dice = world.random().below(6);
    if (!world.alive(one) && dice != 4) {
      world.restart(one);
    } else if (dice == 0) {
      world.isolate(one);
    } else if (dice == 1) {
      world.heal();
    } else if (dice == 2) {
      world.crash(one);
    } else if (dice == 3 && one != other) {
      world.reset(one, other);
    } else if (dice == 4 && one != other) {
      world.loss(one, other, 50'000);
    } else {
      world.clock_rate(one, 3000);
    }
  }
  world.heal();
  world.run_for(3s);
}

struct Scenario {
  std::string_view name;
  void (*run)(sim::World&);
};

inline const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{{"greeting", greeting},
                                         {"partition_and_heal", partition_and_heal},
                                         {"restart", restart},
                                         {"loss_and_delay", loss_and_delay},
                                         {"five_in_trouble", five_in_trouble}};
  return all;
}

inline std::uint64_t trace_hash(const Scenario& scenario, std::uint64_t seed) {
  sim::World world{{.seed = seed}};
  scenario.run(world);
  return world.trace_hash();
}

}  // namespace hawser::determinism
