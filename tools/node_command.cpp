#include "node_command.hpp"

#include "exit_code.hpp"
#include <hawser/base/quantity.hpp>
#include <hawser/inspect/admin.hpp>
#include <hawser/inspect/json.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/interconnect/zmq/zmq_runtime.hpp>
#include "line_writer.hpp"
#include "service.hpp"
#include "text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <unistd.h>

namespace hawser::tools {
namespace {

constexpr Duration snapshots_min{10'000};

struct Wanted {
  Config config;
  Traffic traffic;
  Duration snapshots{0};
};

// The first thing that is wrong, or nothing.
std::optional<std::string> understand(const NodeOptions& options, Wanted& wanted) {
  std::string problem;
  for (const std::string& stream : options.traffic) {
    if (auto wrong = read_traffic(stream, wanted.traffic)) return "--traffic: " + printable(*wrong);
  }
  if (!options.snapshots.empty()) {
    const auto interval = parse_duration(options.snapshots, problem);
    if (!interval) return "--snapshots: " + printable(problem);
    if (*interval < snapshots_min) return "--snapshots: less than 10ms is more than anybody can read";
    wanted.snapshots = *interval;
  }
  if (!options.ttl.empty()) {
    const auto ttl = parse_duration(options.ttl, problem);
    if (!ttl) return "--ttl: " + printable(problem);
    wanted.traffic.ttl = *ttl;
  }
  const auto size = parse_size(options.blob_size, problem);
  if (!size) return "--blob-size: " + printable(problem);
  wanted.traffic.blob_bytes = *size;
  wanted.config = Config::load(options.config);
  // Room for the message's own frame around the content.
  if (wanted.traffic.blobs > 0 && *size + 1024 > wanted.config.bounds.message_bytes_max) {
    return "--blob-size: a blob of " + format_size(*size) + " is larger than bounds.message_bytes_max (" +
           format_size(wanted.config.bounds.message_bytes_max) + ")";
  }
  return std::nullopt;
}

// What the node has to say, as JSON or in words.
class Voice {
 public:
  Voice(Node& node, const HttpServer* admin, Duration interval)
      : node_(node), admin_(admin), writer_(STDOUT_FILENO), json_(interval > Duration::zero()) {
    if (json_) {
      node_.every(interval, [this] { return tell(); });
    } else {
      node_.on_event([this](const Event& event) { say(event); });
    }
  }

  void begin() {
    if (json_) {
      tell();
      return;
    }
    writer_.write(node_.id().text() + " listens on " + node_.endpoint().text() + "; Ctrl-C stops it");
    if (admin_ != nullptr) {
      writer_.write("health, metrics and what it sees are at http://" + admin_->endpoint().text() +
                    "/readyz, /metrics and /api/v1/status");
    }
    for (const std::string& warning : node_.config().warnings()) writer_.write("warning: " + printable(warning));
  }

  void end() {
    if (json_) {
      tell();
      return;
    }
    const LedgerRow ledger = node_.snapshot().ledger;
    std::string books = "stopped; " + std::to_string(ledger.submitted.messages) + " messages submitted";
    for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
      const std::uint64_t count = ledger.outcomes[kind].messages;
      if (count == 0) continue;
      books += ", " + std::to_string(count) + " " + std::string{to_string(static_cast<OutcomeKind>(kind))};
    }
    books += ", " + std::to_string(ledger.held.messages) + " held";
    writer_.write(books + (ledger.balanced() ? ": balanced" : ": NOT BALANCED"));
  }

  bool heard() const { return !writer_.broken(); }

 private:
  // A snapshot carries the events since the one before it, not the whole log again.
  bool tell() {
    NodeSnapshot snapshot = node_.snapshot();
    std::erase_if(snapshot.events, [this](const Event& event) { return event.number <= told_; });
    if (!snapshot.events.empty()) told_ = snapshot.events.back().number;
    writer_.write(to_json(snapshot));
    return heard();
  }

  void say(const Event& event) {
    const double seconds = static_cast<double>((event.at - began_).count()) / 1e6;
    std::array<char, 32> time{};
    std::snprintf(time.data(), time.size(), "%9.3f s  ", seconds);
    writer_.write(time.data() + pad(event.kind, 10) + " " + pad(event.peer.text(), 8) + " " + printable(event.text));
  }

  Node& node_;
  const HttpServer* admin_;
  LineWriter writer_;
  bool json_;
  std::uint64_t told_ = 0;
  Instant began_ = node_.now();
};

int run(const Wanted& wanted) {
  // A reader that goes away is noticed by the write; it must not kill the node before it has said goodbye to its peers.
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context io{1};
  ZmqRuntime runtime{io};
  Node node{runtime, wanted.config};
  offer_service(node);
  const std::unique_ptr<HttpServer> admin = serve_admin(node);
  Voice voice{node, admin.get(), wanted.snapshots};
  voice.begin();
  drive_traffic(node, wanted.traffic);

  int code = exit_fine;
  boost::asio::signal_set signals{io, SIGINT, SIGTERM};
  const auto stop = [&] { node.stop(std::nullopt, [&io] { io.stop(); }); };
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    stop();
    signals.async_wait([&](const boost::system::error_code& again, int) {
      if (again) return;
      code = exit_unhealthy;
      io.stop();
    });
  });
  node.every(Duration{500'000}, [&] {
    if (voice.heard()) return true;
    stop();  // whoever read our snapshots is gone
    return false;
  });
  io.run();
  voice.end();
  return code;
}

}  // namespace

int run_node(const NodeOptions& options) {
  Wanted wanted;
  try {
    if (const auto problem = understand(options, wanted)) {
      std::fprintf(stderr, "hawser: %s\n", problem->c_str());
      return exit_usage;
    }
    return run(wanted);
  } catch (const ConfigError& error) {
    for (const std::string& problem : error.problems()) std::fprintf(stderr, "%s\n", problem.c_str());
    return exit_usage;
  } catch (const StartError& error) {
    std::fprintf(stderr, "hawser: %s\n", error.what());
    return exit_unhealthy;
  }
}

}  // namespace hawser::tools
