#include "inspect_cost.hpp"

#include <hawser/inspect/json.hpp>
#include <hawser/inspect/matrix.hpp>
#include <hawser/inspect/metrics.hpp>
#include "pair.hpp"
#include "report.hpp"
#include "statistics.hpp"
#include "stopwatch.hpp"

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace hawser::bench {
namespace {

constexpr std::size_t crowd_peers = 200;
constexpr std::size_t crowd_types = 20;
constexpr std::uint32_t paced_rate = 200'000;  // a tenth of what passes at full speed
constexpr std::uint32_t cpu_runs_longer =
    5;  // a look is a matter of a millisecond once a second: there must be several

// A client of one node: a stream that it reads, and a scrape every second, until it is told to go.
class Onlooker {
 public:
  explicit Onlooker(std::uint16_t port) : port_(port), thread_([this] { look(); }) {}
  ~Onlooker() {
    over_ = true;
    thread_.join();
  }
  Onlooker(const Onlooker&) = delete;
  Onlooker& operator=(const Onlooker&) = delete;

  std::size_t scrapes() const { return scrapes_; }
  std::size_t snapshots() const { return snapshots_; }

 private:
  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port_);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0) return fd;
    ::close(fd);
    return -1;
  }
  static void ask(int fd, const std::string& path) {
    const std::string text = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

  void look() {
    int stream = -1;
    for (auto next = WallClock::now(); !over_;) {
      if (stream < 0 && (stream = connect()) >= 0) ask(stream, "/api/v1/stream");
      if (stream >= 0) read_some(stream);
      if (stream < 0) ::poll(nullptr, 0, 10);
      if (WallClock::now() < next) continue;
      next = WallClock::now() + std::chrono::seconds{1};
      scrape();
    }
    if (stream >= 0) ::close(stream);
  }
  void read_some(int& stream) {
    pollfd ready{stream, POLLIN, 0};
    if (::poll(&ready, 1, 10) <= 0) return;
    const ssize_t got = ::recv(stream, room_.data(), room_.size(), 0);
    if (got <= 0) {
      ::close(std::exchange(stream, -1));
      return;
    }
    const std::string_view text{room_.data(), static_cast<std::size_t>(got)};
    for (std::size_t at = 0; (at = text.find("event: snapshot", at)) != std::string_view::npos; ++at) ++snapshots_;
  }
  void scrape() {
    const int fd = connect();
    if (fd < 0) return;
    ask(fd, "/metrics");
    std::size_t bytes = 0;
    for (ssize_t got = 0; (got = ::recv(fd, room_.data(), room_.size(), 0)) > 0;)
      bytes += static_cast<std::size_t>(got);
    if (bytes > 0) ++scrapes_;
    ::close(fd);
  }

  std::uint16_t port_;
  std::atomic<bool> over_{false};
  std::atomic<std::size_t> scrapes_{0};
  std::atomic<std::size_t> snapshots_{0};
  std::array<char, 65536> room_{};
  std::thread thread_;
};

// One run of two processes. The HTTP side runs in all of them: what differs is that somebody looks.
Figures run_watched(Load load, const Settings& settings, bool looked_at, InspectAnswer& answer) {
  load.side = Side::typed;
  load.bytes = 64;
  load.warm_up_ms = settings.warm_up_ms;
  load.backoff_us = settings.backoff_us;
  const std::vector<std::uint16_t> ports = free_ports(2);
  load.sender_admin = ports[0];
  load.receiver_admin = ports[1];
  std::vector<std::unique_ptr<Onlooker>> onlookers;
  if (looked_at) {
    onlookers.push_back(std::make_unique<Onlooker>(load.sender_admin));
    onlookers.push_back(std::make_unique<Onlooker>(load.receiver_admin));
  }
  const Figures figures = run_pair(load, {});
  for (const auto& onlooker : onlookers) {
    answer.scrapes += onlooker->scrapes();
    answer.snapshots += onlooker->snapshots();
  }
  return figures;
}

double throughput(const Settings& settings, bool looked_at, InspectAnswer& answer) {
  Load load{.work = Work::one_way, .measured_ms = settings.measured_ms};
  return run_watched(load, settings, looked_at, answer).per_second();
}

// CPU seconds per second, of both processes together.
double spent(const Settings& settings, std::uint32_t rate, bool looked_at, InspectAnswer& answer) {
  Load load{.work = Work::paced, .rate = rate, .measured_ms = settings.measured_ms * cpu_runs_longer};
  const Figures figures = run_watched(load, settings, looked_at, answer);
  return figures.seconds > 0 ? figures.cpu_seconds / figures.seconds : 0;
}

NodeSnapshot crowd() {
  NodeSnapshot node;
  node.id = NodeId{"n0"};
  node.cluster = "crowd";
  node.strategy = "keep_majority";
  node.taken_at = instant_from_us(3'600'000'000);
  std::vector<Hears> heard;
  for (std::size_t i = 0; i <= crowd_peers; ++i) {
    heard.push_back({NodeId{"n" + std::to_string(i)}, Incarnation{i + 1}, PeerState::up});
  }
  const auto hears = std::make_shared<const std::vector<Hears>>(std::move(heard));
  for (std::size_t i = 1; i <= crowd_peers; ++i) {
    PeerSnapshot peer;
    peer.health.id = NodeId{"n" + std::to_string(i)};
    peer.health.state = i % 10 == 0 ? PeerState::unreachable : PeerState::up;
    peer.health.reason = {instant_from_us(1'000'000), "silent", "no answer", {}};
    peer.heard_at = node.taken_at;
    peer.hears = hears;
    peer.lanes.resize(3);
    for (std::size_t type = 0; type < crowd_types; ++type) {
      ChannelSnapshot channel;
      channel.type = TypeId{type + 1};
      channel.name = "Type" + std::to_string(type);
      for (std::size_t n = 0; n < 10; ++n) channel.ledger.submit(100);
      channel.ledger.end({OutcomeKind::delivered, Cause::none, {}}, 100);
      channel.ledger.end({OutcomeKind::unreachable, Cause::silent, {}}, 100);
      peer.ledger += channel.ledger;
      peer.channels.push_back(std::move(channel));
      InboundSnapshot inbound;
      inbound.type = TypeId{type + 1};
      inbound.name = "Type" + std::to_string(type);
      inbound.verdicts[0] = 10;
      peer.inbound.push_back(std::move(inbound));
    }
    node.ledger += peer.ledger;
    node.peers.push_back(std::move(peer));
  }
  return node;
}

template <typename Write>
void measure(TextCost& cost, const Settings& settings, Write write) {
  const std::int64_t begin = cpu_us();
  std::size_t times = 0;
  do {
    cost.bytes = write().size();
    ++times;
  } while (cpu_us() - begin < std::int64_t{settings.measured_ms} * 1000 / 4);
  cost.ms.push_back(static_cast<double>(cpu_us() - begin) / 1e3 / static_cast<double>(times));
}

std::vector<double> differences(const std::vector<double>& alone, const std::vector<double>& looked_at) {
  std::vector<double> all;
  for (std::size_t i = 0; i < alone.size(); ++i) all.push_back(looked_at[i] - alone[i]);
  return all;
}

}  // namespace

Spread LookCost::cpu_per_node() const {
  Spread spread = spread_of(differences(alone, looked_at));
  for (double* const each : {&spread.min, &spread.median, &spread.max}) *each /= 2;
  return spread;
}

double InspectAnswer::share_of_traffic() const {
  const double traffic = spread_of(paced.alone).median - spread_of(at_rest.alone).median;
  return traffic > 0 ? spread_of(differences(at_rest.alone, at_rest.looked_at)).median / traffic : 0;
}

InspectAnswer ask_inspect(const Settings& settings) {
  InspectAnswer answer;
  answer.at_rest = {"nodes at rest", {}, {}};
  answer.paced = {"64 B one way, " + std::to_string(paced_rate) + " a second", {}, {}};
  for (unsigned pair = 0; pair < settings.pairs; ++pair) {
    for (const bool look : {pair % 2 == 1, pair % 2 == 0}) {  // who begins alternates: what the machine does hits both
      (look ? answer.at_rest.looked_at : answer.at_rest.alone).push_back(spent(settings, 0, look, answer));
      (look ? answer.paced.looked_at : answer.paced.alone).push_back(spent(settings, paced_rate, look, answer));
      (look ? answer.looked_at : answer.alone).push_back(throughput(settings, look, answer));
    }
  }
  if (settings.measured_ms >= 1000 && (answer.scrapes == 0 || answer.snapshots == 0)) {
    throw std::runtime_error("nobody could look at the nodes: that measured nothing");
  }
  const NodeSnapshot node = crowd();
  answer.texts = {
      {"/metrics", {}, 0}, {"a stream's snapshot", {}, 0}, {"/api/v1/matrix", {}, 0}, {"/api/v1/channels", {}, 0}};
  for (unsigned pair = 0; pair < settings.pairs; ++pair) {
    measure(answer.texts[0], settings, [&] { return to_metrics(node); });
    measure(answer.texts[1], settings, [&] { return stream_json(node, 100); });
    measure(answer.texts[2], settings, [&] { return matrix_json(node, matrix_of(node)); });
    measure(answer.texts[3], settings, [&] { return channels_json(node); });
  }
  return answer;
}

std::string to_table(const InspectAnswer& answer, const Settings& settings) {
  std::vector<std::vector<std::string>> costs{
      {"CPU of both nodes, % of one", "alone", "looked at", "costs a node: min", "med", "max"}};
  for (const LookCost* const cost : {&answer.at_rest, &answer.paced}) {
    const Spread a_node = cost->cpu_per_node();
    costs.push_back({cost->label, number(100 * spread_of(cost->alone).median, 2),
                     number(100 * spread_of(cost->looked_at).median, 2), number(100 * a_node.min, 2),
                     number(100 * a_node.median, 2), number(100 * a_node.max, 2)});
  }
  std::vector<double> ratios;
  for (std::size_t i = 0; i < answer.alone.size(); ++i) {
    ratios.push_back(answer.alone[i] > 0 ? 100 * (answer.looked_at[i] / answer.alone[i] - 1) : 0);
  }
  const Spread alone = spread_of(answer.alone);
  const Spread looked_at = spread_of(answer.looked_at);
  const Spread change = spread_of(ratios);
  std::vector<std::vector<std::string>> lines{{"64 B one way, messages/s", "min", "med", "max"}};
  lines.push_back({"nobody looks", number(alone.min, 0), number(alone.median, 0), number(alone.max, 0)});
  lines.push_back(
      {"scraped, a stream open", number(looked_at.min, 0), number(looked_at.median, 0), number(looked_at.max, 0)});
  lines.push_back({"change in a pair, %", number(change.min, 1), number(change.median, 1), number(change.max, 1)});
  std::vector<std::vector<std::string>> texts{{"text of 200 peers x 20 types", "min", "med", "max", "unit", "kB"}};
  for (const TextCost& cost : answer.texts) {
    const Spread ms = spread_of(cost.ms);
    texts.push_back({cost.label, number(ms.min, 1), number(ms.median, 1), number(ms.max, 1), "CPU ms",
                     number(static_cast<double>(cost.bytes) / 1e3, 0)});
  }
  return std::string{"inspect: "} + inspect_headline + "\n" + std::to_string(settings.pairs) + " pairs; " +
         std::to_string(answer.scrapes) + " scrapes and " + std::to_string(answer.snapshots) +
         " snapshots were read meanwhile\n" + lay_out(costs) +
         "what it costs at rest, of what the paced traffic takes: " + number(100 * answer.share_of_traffic(), 1) +
         " %\n\n" + lay_out(lines) + "\n" + lay_out(texts);
}

}  // namespace hawser::bench
