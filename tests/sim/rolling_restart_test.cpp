// A rolling restart under load: five nodes stop one after the other, on purpose, and come back. Nothing is lost,
// nothing is done twice, and what callers are told is true.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <map>
#include <string>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::World;

namespace {

// A piece of work that one node wants done by another. Its owner tries again for as long as it is told that it was not
// handled; the list outlives the processes, as a database would.
struct Job {
  std::string to;
  bool request = false;
  bool done = false;
  bool in_flight = false;
  int handled = 0;
  int tries = 0;
};

struct Work {
  std::vector<Job> jobs;
  std::map<std::string, std::vector<std::size_t>> of;  // by owner
  std::map<std::string, std::uint64_t> told;
  bool more = true;

  void attempt(Node& node, std::size_t index) {
    Job& job = jobs[index];
    job.in_flight = true;
    ++job.tries;
    const auto ended = [this, index](const Outcome& outcome) {
      Job& same = jobs[index];
      same.in_flight = false;
      same.done = outcome.handled() == Handled::yes;
      std::string text{to_string(outcome.kind)};
      if (outcome.cause != Cause::none) text += '/' + std::string{to_string(outcome.cause)};
      ++told[text];
      if (outcome.handled() == Handled::yes) CHECK(same.handled == 1);
      if (outcome.handled() == Handled::no) CHECK(same.handled == 0);
    };
    if (job.request) {
      Message<Question> question;
      question->setNumber(index);
      node.peer(job.to).request<Answer>(question, {.timeout = 5s},
                                        [ended](Result<Received<Answer>> result) { ended(result.outcome()); });
    } else {
      Message<Note> note;
      note->setNumber(index);
      node.peer(job.to).send(note, {.ttl = 5s}, ended);
    }
  }

  void operator()(Node& node) {
    TypePolicy holding;
    holding.hold = Hold::until_ttl;
    node.policy<Question>(holding);
    node.on<Note>([this](Note::Reader note) { ++jobs.at(note.getNumber()).handled; });
    node.on<Question>([this, &node](Received<Question> question) -> Task<Message<Answer>> {
      ++jobs.at(question->getNumber()).handled;
      co_await node.sleep(3ms);
      Message<Answer> answer;
      answer->setNumber(question->getNumber());
      co_return answer;
    });
    node.every(10ms, [this, &node] {
      std::vector<std::size_t>& mine = of[node.id().text()];
      if (more) {
        for (const Peer& peer : node.peers()) {
          mine.push_back(jobs.size());
          Job job;
          job.to = peer.id().text();
          job.request = jobs.size() % 3 == 0;
          jobs.push_back(job);
        }
      }
      std::erase_if(mine, [this](std::size_t index) { return jobs[index].done; });
      int tried = 0;
      for (const std::size_t index : mine) {
        if (!jobs[index].in_flight && ++tried <= 40) attempt(node, index);
      }
      return true;
    });
  }
};

}  // namespace

TEST_CASE("five nodes restart in turn under load: nothing is lost, nothing is done twice", "[world]") {
  const std::uint64_t seed = GENERATE(range(std::uint64_t{1}, std::uint64_t{6}));
  World world{{.seed = seed}};
  Work work;
  Config config;
  config.drain = 2s;
  const std::vector<std::string> names{"n1", "n2", "n3", "n4", "n5"};
  for (const std::string& name : names) world.host(name, config, std::ref(work));
  const auto all_up = [&] {
    for (const std::string& one : names) {
      for (Peer& peer : world.node(one).peers()) {
        if (peer.health().state != PeerState::up) return false;
      }
    }
    return true;
  };
  REQUIRE(world.run_until(all_up, 10s));
  for (const std::string& name : names) {
    world.run_for(500ms);
    world.stop(name);
    REQUIRE(world.run_until([&] { return !world.alive(name); }, 10s));
    // All that it had asked for has ended: its callbacks were told before it went.
    for (const std::size_t index : work.of[name]) CHECK_FALSE(work.jobs[index].in_flight);
    world.run_for(300ms);
    world.restart(name);
    world.run_for(0s);
    REQUIRE(world.run_until(all_up, 1s));  // they find each other at once
  }
  world.run_for(500ms);
  work.more = false;
  const auto all_done = [&] {
    for (const Job& job : work.jobs) {
      if (!job.done) return false;
    }
    return true;
  };
  REQUIRE(world.run_until(all_done, 20s));
  CHECK(work.jobs.size() > 3000);
  int retried = 0;
  for (const Job& job : work.jobs) {
    CHECK(job.handled == 1);
    retried += job.tries > 1 ? 1 : 0;
  }
  CHECK(retried > 0);  // the restarts were felt
  for (const auto& [text, count] : work.told) {
    INFO("seed " << seed << ": " << text << " x " << count);
    CHECK(text.find("unknown") == std::string::npos);
  }
}
