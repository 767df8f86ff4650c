#include "peer_crowd.hpp"

#include <hawser/hawser.hpp>
#include "pair.hpp"
#include "report.hpp"
#include "statistics.hpp"
#include "stopwatch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace hawser::bench {
namespace {

constexpr std::uint32_t peers_whole = 1000;
constexpr std::uint32_t peers_smoke = 40;
constexpr std::uint32_t processes = 4;
constexpr std::uint32_t smoke_ms = 100;  // below that nothing is measured
constexpr std::chrono::seconds patience{60};
// Every detector's window, every buffer and every path has had its turn by then.
constexpr std::chrono::milliseconds settling{3'000};

Config config_of(const std::string& id) {
  Config config;
  config.cluster = "crowd";
  config.id = NodeId{id};
  // One beat per second, and the times that hang on it as the defaults hang on theirs.
  config.detector.heartbeat = std::chrono::seconds{1};
  config.detector.acceptable_pause = std::chrono::seconds{2};
  config.isolation.lease = std::chrono::milliseconds{7'500};
  return config;
}

std::string peer_name(std::uint32_t number) { return "p" + std::to_string(number); }

// What one process says to another, as it lies in memory: both are the same program. False at the end.
template <typename T>
bool say(int to, const T* values, std::size_t count) {
  const auto* bytes = reinterpret_cast<const char*>(values);
  for (std::size_t left = count * sizeof(T); left > 0;) {
    const ssize_t wrote = ::write(to, bytes, left);
    if (wrote <= 0) return false;
    bytes += wrote;
    left -= static_cast<std::size_t>(wrote);
  }
  return true;
}

template <typename T>
bool hear(int from, T* values, std::size_t count) {
  auto* bytes = reinterpret_cast<char*>(values);
  for (std::size_t left = count * sizeof(T); left > 0;) {
    const ssize_t got = ::read(from, bytes, left);
    if (got <= 0) return false;
    bytes += got;
    left -= static_cast<std::size_t>(got);
  }
  return true;
}

// A process with a pipe each way, killed when it is not waited for.
class Branch {
 public:
  explicit Branch(const std::function<void(int in, int out)>& what) {
    int there[2];
    int back[2];
    if (::pipe(there) != 0 || ::pipe(back) != 0) throw std::runtime_error("cannot make a pipe");
    std::fflush(nullptr);
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("cannot start a process");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      ::close(there[1]);
      ::close(back[0]);
      try {
        what(there[0], back[1]);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "\nhawser_bench: %s\n", error.what());
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::close(there[0]);
    ::close(back[1]);
    in_ = there[1];
    out_ = back[0];
  }
  Branch(const Branch&) = delete;
  Branch& operator=(const Branch&) = delete;
  ~Branch() {
    ::close(in_);
    ::close(out_);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  int in() const noexcept { return in_; }    // what it reads
  int out() const noexcept { return out_; }  // what it writes

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
};

// `count` peers from `first` on. Says their ports; at a word how much memory they take; and ends with its input.
void be_crowd(std::uint32_t first, std::uint32_t count, const Endpoint& centre, int in, int out) {
  boost::asio::io_context io;
  ZmqRuntime runtime{io};
  const double before = resident_bytes();
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::uint16_t> ports;
  for (std::uint32_t i = 0; i < count; ++i) {
    Config config = config_of(peer_name(first + i));
    config.peers = {{NodeId{"centre"}, centre}};
    nodes.push_back(std::make_unique<Node>(runtime, config));
    ports.push_back(nodes.back()->endpoint().port);
  }
  if (!say(out, ports.data(), ports.size())) return;
  boost::asio::posix::stream_descriptor words{io, in};
  std::array<char, 1> word{};
  std::function<void()> listen = [&] {
    boost::asio::async_read(words, boost::asio::buffer(word), [&](const boost::system::error_code& error, std::size_t) {
      if (error) return io.stop();
      const double bytes = resident_bytes() - before;
      say(out, &bytes, 1);
      listen();
    });
  };
  listen();
  io.run();
  ::_exit(0);  // what is measured has been measured: nobody waits for a thousand goodbyes
}

std::uint64_t suspicions_of(const Node& node) {
  std::uint64_t all = 0;
  for (const PeerSnapshot& peer : node.snapshot().peers) all += peer.detector.suspicions;
  return all;
}

// The node that is measured. Its loop runs in this thread, as in many programs.
void be_centre(const Endpoint& at, const std::vector<std::uint16_t>& ports, std::chrono::milliseconds measured,
               int out) {
  boost::asio::io_context io;
  ZmqRuntime runtime{io};
  Config config = config_of("centre");
  config.listen = at;
  for (std::uint32_t i = 0; i < ports.size(); ++i) {
    config.peers.push_back({NodeId{peer_name(i)}, Endpoint{"127.0.0.1", ports[i]}});
  }
  PeersFigures figures;
  const double before = resident_bytes();
  const std::int64_t cpu_before = cpu_us();
  const auto start = WallClock::now();
  Node node{runtime, config};
  bool all_up = false;
  node.ready(patience, [&](bool up) {
    all_up = up;
    io.stop();
  });
  io.run();
  if (!all_up) throw std::runtime_error("not all of " + std::to_string(ports.size()) + " peers came up");
  figures.connect_seconds = seconds_since(start);
  figures.connect_cpu_seconds = static_cast<double>(cpu_us() - cpu_before) / 1e6;
  const auto run_for = [&io](std::chrono::milliseconds span) {
    io.restart();
    io.run_for(span);
  };
  run_for(settling);
  const std::uint64_t suspicions = suspicions_of(node);
  const std::int64_t cpu = cpu_us();
  const std::int64_t kernel = kernel_us();
  const auto rest = WallClock::now();
  run_for(measured);
  const double seconds = seconds_since(rest);
  figures.idle_cpu_percent = static_cast<double>(cpu_us() - cpu) / 1e4 / seconds;
  figures.idle_kernel_percent = static_cast<double>(kernel_us() - kernel) / 1e4 / seconds;
  figures.pair_bytes = (resident_bytes() - before) / static_cast<double>(ports.size());
  figures.suspicions = static_cast<double>(suspicions_of(node) - suspicions);
  say(out, &figures, 1);
  ::_exit(0);
}

PeersFigures run_once(std::uint32_t peers, std::chrono::milliseconds measured) {
  // An address of its own: among so many a peer would get its port now and then.
  const Endpoint centre{"127.0.0.2", free_ports(1).front()};
  std::vector<std::unique_ptr<Branch>> crowd;
  std::vector<std::uint16_t> ports(peers);
  const std::uint32_t share = (peers + processes - 1) / processes;
  for (std::uint32_t first = 0; first < peers; first += share) {
    const std::uint32_t count = std::min(share, peers - first);
    crowd.push_back(std::make_unique<Branch>([=](int in, int out) { be_crowd(first, count, centre, in, out); }));
    if (!hear(crowd.back()->out(), ports.data() + first, count))
      throw std::runtime_error("a crowd of peers did not start");
  }
  PeersFigures figures;
  const Branch middle{[&](int, int out) { be_centre(centre, ports, measured, out); }};
  if (!hear(middle.out(), &figures, 1)) throw std::runtime_error("the node with many peers did not end well");
  double bytes = 0;
  for (const auto& each : crowd) {
    double told = 0;
    const char word = '?';
    if (!say(each->in(), &word, 1) || !hear(each->out(), &told, 1))
      throw std::runtime_error("a crowd of peers is gone");
    bytes += told;
  }
  figures.peer_node_bytes = bytes / peers;
  return figures;
}

}  // namespace

PeersAnswer ask_peers(const Settings& settings) {
  PeersAnswer answer;
  const bool smoke = settings.measured_ms < smoke_ms;
  answer.peers = smoke ? peers_smoke : peers_whole;
  // Beats come once a second: less than some of them is chance.
  const std::chrono::milliseconds measured{std::max<std::uint32_t>(settings.measured_ms * 10, smoke ? 500 : 5'000)};
  const auto start = WallClock::now();
  const std::int64_t others_start_us = machine_busy_us() - family_cpu_us();
  for (unsigned round = 0; round < settings.pairs; ++round) answer.runs.push_back(run_once(answer.peers, measured));
  const double others = static_cast<double>(machine_busy_us() - family_cpu_us() - others_start_us) / 1e6;
  answer.others_cpus = std::max(0.0, others / seconds_since(start));
  return answer;
}

std::string to_table(const PeersAnswer& answer, const Settings&) {
  std::vector<std::vector<std::string>> lines{
      {"one node, " + std::to_string(answer.peers) + " peers", "min", "med", "max", "unit", "must", "aim"}};
  const auto line = [&](const char* label, double PeersFigures::*figure, double scale, int decimals, const char* unit,
                        const char* must, const char* aim) {
    std::vector<double> values;
    for (const PeersFigures& run : answer.runs) values.push_back(run.*figure / scale);
    const Spread spread = spread_of(values);
    lines.push_back({label, number(spread.min, decimals), number(spread.median, decimals), number(spread.max, decimals),
                     unit, must, aim});
  };
  line("until all are up", &PeersFigures::connect_seconds, 1, 2, "s", "2", "0.7");
  line("its CPU time until then", &PeersFigures::connect_cpu_seconds, 1, 2, "CPU s", "", "");
  line("CPU at rest, a beat per second", &PeersFigures::idle_cpu_percent, 1, 1, "% of a CPU", "6", "3");
  line("of that in the kernel", &PeersFigures::idle_kernel_percent, 1, 1, "% of a CPU", "", "");
  line("memory per idle pair", &PeersFigures::pair_bytes, 1e3, 0, "kB", "160", "140");
  line("memory per node of one peer", &PeersFigures::peer_node_bytes, 1e3, 0, "kB", "", "");
  line("suspicions while at rest", &PeersFigures::suspicions, 1, 0, "", "0", "0");
  return std::string{"peers: "} + peers_headline + "\n" + std::to_string(answer.runs.size()) +
         " runs; every peer is a node of its own, in " + std::to_string(processes) + " other processes\nothers kept " +
         number(answer.others_cpus, 2) + " CPUs busy meanwhile\n" + lay_out(lines);
}

}  // namespace hawser::bench
