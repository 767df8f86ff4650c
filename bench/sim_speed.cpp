#include "sim_speed.hpp"

#include <hawser/interconnect/node.hpp>
#include <hawser/sim/probe.hpp>
#include <hawser/sim/storm.hpp>
#include <hawser/sim/watch.hpp>
#include <hawser/sim/world.hpp>
#include "load.capnp.h"
#include "stopwatch.hpp"

#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace hawser::bench {
namespace {

constexpr Duration talk_interval{100'000};
constexpr std::size_t note_bytes = 24;  // of content: with the framing of a Sample, 64 B
constexpr Duration meeting{10'000'000};

double resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void talk(Node& node) {
  node.on<Sample>([](Sample::Reader) {});
  node.every(talk_interval, [&node, turn = std::size_t{0}]() mutable {
    std::vector<Peer> peers = node.peers();
    Message<Sample> note;
    note->setSequence(turn);
    note->initBody(note_bytes);
    peers[turn++ % peers.size()].try_post(note);
    return true;
  });
}

SimFigures steady(const SimLoad& load, const Settings& settings) {
  const double before = resident_bytes();
  sim::World world{{.seed = 1}};
  std::unique_ptr<sim::Watch> watch;
  if (load.watched) watch = std::make_unique<sim::Watch>(world);
  for (std::uint32_t i = 1; i <= load.nodes; ++i) {
    world.host("n" + std::to_string(i), Config{}, load.traffic ? sim::App{talk} : sim::App{[](Node&) {}});
  }
  world.run_for(meeting);
  SimFigures figures;
  const std::uint64_t events = world.events_run();
  const sim::WorldTime begin = world.now();
  const std::int64_t cpu = cpu_us();
  while (cpu_us() - cpu < std::int64_t{settings.measured_ms} * 1000) world.run_for(Duration{100'000});
  figures.cpu_seconds = static_cast<double>(cpu_us() - cpu) / 1e6;
  figures.amount = static_cast<double>((world.now() - begin).count()) / 1e6;
  figures.events = static_cast<double>(world.events_run() - events);
  figures.bytes_per_node = (resident_bytes() - before) / load.nodes;
  return figures;
}

SimFigures measure(const SimLoad& load, const Settings& settings) {
  return steady(load, settings);
}

// In a process of its own. Its figures come back as they lie in memory: it is the same program.
SimFigures measure_apart(const SimLoad& load, const Settings& settings) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("cannot make a pipe");
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot start a process");
  if (child == 0) {
    const SimFigures figures = measure(load, settings);
    _exit(write(ends[1], &figures, sizeof figures) == sizeof figures ? 0 : 1);
  }
  close(ends[1]);
  SimFigures figures;
  const bool whole = read(ends[0], &figures, sizeof figures) == sizeof figures;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!whole || status != 0) throw std::runtime_error("the run `" + load.label + "` did not end well");
  return figures;
}

}  // namespace

std::vector<SimLoad> sim_loads() {
  using Kind = SimLoad::Kind;
  return {
      {"5 nodes, heartbeats only", Kind::steady, 5, false, false, {}},
      {"5 nodes, light traffic", Kind::steady, 5, true, false, {1000, 4000}},
      {"5 nodes, light traffic, watched", Kind::steady, 5, true, true, {}},
      {"20 nodes, light traffic", Kind::steady, 20, true, false, {60, 200}},
      {"100 nodes, light traffic", Kind::steady, 100, true, false, {2, 8}},
  };
}

SimAnswer ask_sim(const Settings& settings) {
  SimAnswer answer;
  answer.loads = sim_loads();
  answer.runs.resize(answer.loads.size());
  const auto start = WallClock::now();
  const std::int64_t others_start_us = machine_busy_us() - family_cpu_us();
  for (unsigned round = 0; round < settings.pairs; ++round) {
    for (std::size_t i = 0; i < answer.loads.size(); ++i) {
      if (isatty(STDERR_FILENO) == 1) {
        std::fprintf(stderr, "\r%-70s\r", ("sim: round " + std::to_string(round + 1) + ", " + answer.loads[i].label).c_str());
      }
      answer.runs[i].push_back(measure_apart(answer.loads[i], settings));
    }
  }
  if (isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "\r%-70s\r", "");
  const double others = static_cast<double>(machine_busy_us() - family_cpu_us() - others_start_us) / 1e6;
  answer.others_cpus = std::max(0.0, others / seconds_since(start));
  return answer;
}

}  // namespace hawser::bench
