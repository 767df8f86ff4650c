// Storms: random hardships over real nodes with traffic of all kinds, every invariant on.
//
// HAWSER_STORM_SEEDS=<first>:<count> plays other seeds than the 30 of the test; <seed> alone plays that one.
// HAWSER_STORM_TRACE=1 prints the trace.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/probe.hpp>
#include <hawser/sim/storm.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::Probe;
using hawser::sim::Watch;
using hawser::sim::World;
using hawser::sim::WorldOptions;

namespace {

struct Run {
  std::string violation;  // empty: none
  std::string storm;
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::uint64_t messages = 0;
  std::uint64_t handled = 0;
  std::uint64_t looks = 0;
};

constexpr std::size_t large_bytes = 150'000;  // cut into pieces

void say_something(Probe& probe, const std::string& to) {
  Node& node = probe.node();
  SendOptions options;
  options.ttl = node.random().between(Duration{100ms}, Duration{2s});
  Message<Note> note;
  if (node.random().below(16) == 0) note->setText(std::string(large_bytes, 'x'));
  probe.send(to, std::move(note), options);
  if (node.random().below(3) != 0) return;
  RequestOptions deadline;
  deadline.timeout = Duration{800ms};
  probe.request<Answer>(to, Message<Question>{}, deadline);
}

// Notes and questions to everybody, now and then a large one, while `talking`.
void talk(Node& node, Watch& watch, const bool& talking) {
  auto probe = std::make_shared<Probe>(node, watch.books(), watch.world().clock());
  probe->on<Note>([](Note::Reader, const Delivery&) {});
  probe->on<Question>([](Question::Reader question, const Delivery&) {
    if (question.getNumber() % 64 == 0) throw std::runtime_error{"this handler fails now and then"};
    Message<Answer> answer;
    answer->setNumber(question.getNumber());
    return answer;
  });
  node.every(Duration{150ms}, [probe, &node, &talking] {
    if (!talking) return true;
    for (Peer& peer : node.peers()) say_something(*probe, peer.id().text());
    if (node.random().below(8) == 0) say_something(*probe, node.id().text());
    return true;
  });
}

Run weather(std::uint64_t seed) {
  WorldOptions options;
  if (std::getenv("HAWSER_STORM_TRACE") != nullptr) options.trace_to = &std::cout;
  options.seed = seed;
  options.trace_rows = 4000;
  World world{options};
  Watch watch{world};
  bool talking = true;
  sim::Group names;
  for (std::uint64_t i = 0; i < 3 + seed % 3; ++i) names.push_back("n" + std::to_string(i + 1));
  Config config;
  config.state_dir = "state";
  for (const std::string& name : names) {
    world.host(name, config, [&](Node& node) { talk(node, watch, talking); });
  }
  sim::StormOptions storm_options;
  storm_options.seed = seed;
  storm_options.stable = {"n1"};
  const sim::Storm storm = make_storm(names, storm_options);
  Run run;
  std::ostringstream text;
  for (const sim::StormEvent& event : storm.events) text << event << '\n';
  run.storm = text.str();
  play(world, storm);
  try {
    world.run_for(later(storm.over, 1s) - world.now());
    watch.expect_recovery(15s);
    talking = false;
    watch.expect_rest(5s);
  } catch (const sim::InvariantViolated& broken) {
    run.violation = broken.what();
  }
  run.hash = world.trace_hash();
  run.events = world.events_run();
  run.messages = watch.books().messages();
  run.handled = watch.books().handled_messages();
  run.looks = watch.looks();
  return run;
}

struct Seeds {
  std::uint64_t first = 1;
  std::uint64_t count = 30;
};

Seeds chosen_seeds() {
  Seeds seeds;
  const char* text = std::getenv("HAWSER_STORM_SEEDS");
  if (text == nullptr) return seeds;
  char* end = nullptr;
  seeds.first = std::strtoull(text, &end, 10);
  seeds.count = *end == ':' ? std::strtoull(end + 1, nullptr, 10) : 1;
  return seeds;
}

}  // namespace

TEST_CASE("whatever the weather, no invariant breaks, and when it clears everything is up and at rest",
          "[world][storm]") {
  const Seeds seeds = chosen_seeds();
  std::uint64_t handled = 0;
  for (std::uint64_t seed = seeds.first; seed < seeds.first + seeds.count; ++seed) {
    const Run run = weather(seed);
    INFO("HAWSER_STORM_SEEDS=" << seed << " sim_tests '[storm]'\n" << run.storm << run.violation);
    CHECK(run.violation.empty());
    CHECK(run.looks > 100);
    handled += run.handled;
  }
  CHECK(handled > 100 * seeds.count);
}

TEST_CASE("a storm is the same for the same seed, watched or not", "[world][storm]") {
  const Run once = weather(7);
  const Run again = weather(7);
  CHECK(once.hash == again.hash);
  CHECK(once.events == again.events);
  CHECK(once.hash != weather(8).hash);
}
