#include "sim_speed.hpp"

#include <hawser/interconnect/node.hpp>
#include <hawser/sim/generate.hpp>
#include <hawser/sim/play.hpp>
#include <hawser/sim/watch.hpp>
#include <hawser/sim/world.hpp>
#include "report.hpp"
#include "statistics.hpp"
#include "stopwatch.hpp"

#include "load.capnp.h"

#include <algorithm>
#include <cstdio>
#include <malloc.h>
#include <memory>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace hawser::bench {
namespace {

constexpr Duration talk_interval{100'000};
constexpr std::size_t note_bytes = 24;  // of content: with the framing of a Sample, 64 B
constexpr Duration meeting{5'000'000};
constexpr std::uint32_t smoke_ms = 100;  // below that nothing is measured: the large worlds are left out

// To one of the next four nodes after the other.
void talk(Node& node, std::uint32_t self, std::uint32_t nodes) {
  node.on<Sample>([](Sample::Reader) {});
  std::vector<Peer> friends;
  for (std::uint32_t step = 1; step <= 4 && step < nodes; ++step) {
    friends.push_back(node.peer(NodeId{"n" + std::to_string((self - 1 + step) % nodes + 1)}));
  }
  node.every(talk_interval, [friends = std::move(friends), turn = std::size_t{0}]() mutable {
    Message<Sample> note;
    note->setSequence(turn);
    note->initBody(note_bytes);
    friends[turn++ % friends.size()].try_post(note);
    return true;
  });
}

SimFigures steady(const SimLoad& load, const Settings& settings) {
  const double before = resident_bytes();
  sim::World world{{.seed = 1}};
  std::unique_ptr<sim::Watch> watch;
  if (load.watched) watch = std::make_unique<sim::Watch>(world);
  for (std::uint32_t i = 1; i <= load.nodes; ++i) {
    world.host("n" + std::to_string(i), Config{}, [&load, i](Node& node) {
      if (load.traffic) talk(node, i, load.nodes);
    });
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

// What a sweep plays: 60 s of five nodes, faults and traffic from the seed, every invariant on. Without a strategy.
SimFigures seeds(const SimLoad& load, const Settings& settings) {
  sim::GenerateOptions generate;
  generate.nodes_min = generate.nodes_max = load.nodes;
  generate.length_min = generate.length_max = Duration{60'000'000};
  generate.gated = 0;  // pulses are another load
  sim::PlayOptions play;
  play.trace_rows = 0;
  SimFigures figures;
  const std::int64_t cpu = cpu_us();
  for (std::uint64_t seed = 1; cpu_us() - cpu < std::int64_t{settings.measured_ms} * 3000; ++seed) {
    figures.events += static_cast<double>(sim::play(sim::generate(seed, generate), play).events);
    figures.amount += 1;
  }
  figures.cpu_seconds = static_cast<double>(cpu_us() - cpu) / 1e6;
  return figures;
}

SimFigures measure(const SimLoad& load, const Settings& settings) {
  // As the workers of a sweep do: memory that is freed is needed again.
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_TOP_PAD, 4 << 20);
  mallopt(M_MMAP_THRESHOLD, 16 << 20);
  return load.kind == SimLoad::Kind::seeds ? seeds(load, settings) : steady(load, settings);
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
      {"20 nodes, heartbeats only", Kind::steady, 20, false, false, {}},
      {"20 nodes, light traffic", Kind::steady, 20, true, false, {60, 200}},
      {"100 nodes, heartbeats only", Kind::steady, 100, false, false, {}},
      {"100 nodes, light traffic", Kind::steady, 100, true, false, {2, 8}},
      {"seeds: 60 s, 5 nodes, all invariants", Kind::seeds, 5, true, true, {20'000, 100'000}},
  };
}

SimAnswer ask_sim(const Settings& settings) {
  SimAnswer answer;
  answer.loads = sim_loads();
  if (settings.measured_ms < smoke_ms) {
    std::erase_if(answer.loads, [](const SimLoad& load) { return load.nodes > 20; });
  }
  answer.runs.resize(answer.loads.size());
  const auto start = WallClock::now();
  const std::int64_t others_start_us = machine_busy_us() - family_cpu_us();
  for (unsigned round = 0; round < settings.pairs; ++round) {
    for (std::size_t i = 0; i < answer.loads.size(); ++i) {
      if (isatty(STDERR_FILENO) == 1) {
        std::fprintf(stderr, "\r%-70s\r",
                     ("sim: round " + std::to_string(round + 1) + ", " + answer.loads[i].label).c_str());
      }
      answer.runs[i].push_back(measure_apart(answer.loads[i], settings));
    }
  }
  if (isatty(STDERR_FILENO) == 1) std::fprintf(stderr, "\r%-70s\r", "");
  const double others = static_cast<double>(machine_busy_us() - family_cpu_us() - others_start_us) / 1e6;
  answer.others_cpus = std::max(0.0, others / seconds_since(start));
  return answer;
}

std::string to_table(const SimAnswer& answer, const Settings& settings) {
  const auto number = [](double value, int decimals) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return std::string{text};
  };
  std::vector<std::vector<std::string>> lines{
      {"load", "min", "med", "max", "unit", "must", "aim", "events/CPU s", "kB/node"}};
  for (std::size_t i = 0; i < answer.loads.size(); ++i) {
    const SimLoad& load = answer.loads[i];
    const bool seeds = load.kind == SimLoad::Kind::seeds;
    std::vector<double> rates;
    std::vector<double> events;
    std::vector<double> bytes;
    for (const SimFigures& run : answer.runs[i]) {
      rates.push_back(run.per_cpu_second() * (seeds ? 3600 : 1));
      events.push_back(run.cpu_seconds > 0 ? run.events / run.cpu_seconds : 0);
      bytes.push_back(run.bytes_per_node);
    }
    const Spread rate = spread_of(rates);
    const int decimals = rate.median < 10 ? 2 : 0;
    const auto target = [&](double value) { return value > 0 ? number(value, 0) : std::string{}; };
    lines.push_back({load.label, number(rate.min, decimals), number(rate.median, decimals), number(rate.max, decimals),
                     seeds ? "seeds/h/core" : "s/CPU s", target(load.target.must), target(load.target.aim),
                     number(spread_of(events).median, 0), seeds ? "" : number(spread_of(bytes).median / 1e3, 0)});
  }
  return std::string{"sim: "} + sim_headline + "\n" + std::to_string(settings.pairs) + " runs of each, " +
         number(settings.measured_ms / 1000.0, 1) + " CPU s (seeds: three times that)\nothers kept " +
         number(answer.others_cpus, 2) + " CPUs busy meanwhile\n" + lay_out(lines);
}

}  // namespace hawser::bench
