// The arbiter that a program brings, on real time: without one a node does not start; with one it serves, answered on
// whatever thread.
#include <hawser/interconnect/arbiter.hpp>
#include <hawser/interconnect/node.hpp>
#include "real_loop.hpp"

#include <algorithm>
#include <thread>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

Config alone() {
  Config config;
  config.id = "n1";
  config.listen = {"127.0.0.1", 0};
  config.strategy = Strategy::arbiter;
  return config;
}

// Keeps everything in memory, lets no key die, and answers from a thread of its own.
class OwnArbiter final : public Arbiter {
 public:
  void renew(ArbiterRenewal renewal, Done done) override {
    ++state_.revision;
    for (const std::string& key : renewal.keep) {
      if (std::find(state_.keys.begin(), state_.keys.end(), key) == state_.keys.end()) state_.keys.push_back(key);
    }
    for (const std::string& key : renewal.release) std::erase(state_.keys, key);
    answer({true, state_, {}}, std::move(done));
  }
  void swap(ArbiterSwap swap, Done done) override {
    const bool happens = swap.version == state_.version;
    if (happens) {
      ++state_.revision;
      ++state_.version;
      state_.record = swap.record;
    }
    answer({happens, state_, {}}, std::move(done));
  }

 private:
  static void answer(ArbiterAnswer answer, Done done) {
    std::thread{[&] { done(std::move(answer)); }}.join();
  }
  ArbiterState state_;
};

}  // namespace

TEST_CASE("a node whose strategy is arbiter does not start where the program has brought none") {
  RealLoop loop;
  CHECK_THROWS_WITH((Node{loop.runtime, alone()}),
                    Catch::Contains("node n1: strategy is arbiter") && Catch::Contains("ZmqRuntimeOptions::arbiter"));
}

TEST_CASE("a node serves on the word of its program's own arbiter") {
  boost::asio::io_context io;
  OwnArbiter arbiter;
  ZmqRuntimeOptions options;
  options.arbiter = &arbiter;
  ZmqRuntime runtime{io, options};
  Node node{runtime, alone()};
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!node.may_serve() && std::chrono::steady_clock::now() < end) io.run_one_for(10ms);
  CHECK(node.may_serve());
  CHECK(node.snapshot().view.size() == 1);
}
