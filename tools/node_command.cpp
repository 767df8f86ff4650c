#include "node_command.hpp"

#include "exit_code.hpp"
#include <hawser/base/quantity.hpp>
#include <hawser/inspect/admin.hpp>
#include <hawser/inspect/json.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/interconnect/zmq/zmq_runtime.hpp>
#include "line_writer.hpp"
#include "node_log.hpp"
#include "node_reload.hpp"
#include "service.hpp"
#include "text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <unistd.h>
#include <utility>

namespace hawser::tools {
namespace {

constexpr Duration snapshots_min{10'000};

struct Wanted {
  Config config;
  Traffic traffic;
  Duration snapshots{0};
};

// False for what is no level.
bool read_level(std::string_view word, LogLevel& out) {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    if (word != to_string(level)) continue;
    out = level;
    return true;
  }
  return false;
}

// What the options say of the log goes over what the file says, each time it is read.
void apply_log_options(const NodeOptions& options, LogConfig& log) {
  for (const LogFormat format : {LogFormat::words, LogFormat::key_values, LogFormat::json}) {
    if (options.log == to_string(format)) log.format = format;
  }
  read_level(options.log_level, log.level);
}

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
  if (!options.log.empty() && options.log != "words" && options.log != "key_values" && options.log != "json") {
    return "--log: '" + printable(options.log) + "' is not one of words key_values json";
  }
  if (LogLevel level{}; !options.log_level.empty() && !read_level(options.log_level, level)) {
    return "--log-level: '" + printable(options.log_level) + "' is not one of debug info warn error";
  }
  wanted.config = Config::load(options.config);
  apply_log_options(options, wanted.config.log);
  // Room for the message's own frame around the content.
  if (wanted.traffic.blobs > 0 && *size + 1024 > wanted.config.bounds.message_bytes_max) {
    return "--blob-size: a blob of " + format_size(*size) + " is larger than bounds.message_bytes_max (" +
           format_size(wanted.config.bounds.message_bytes_max) + ")";
  }
  return std::nullopt;
}

// The snapshots of --snapshots: the whole node as a line of JSON per interval.
class Snapshots {
 public:
  Snapshots(Node& node, Duration interval) : node_(node), writer_(STDOUT_FILENO) {
    node_.every(interval, [this] { return tell(); });
  }

  // A snapshot carries the events since the one before it, not the whole log again.
  bool tell() {
    NodeSnapshot snapshot = node_.snapshot();
    std::erase_if(snapshot.events, [this](const Event& event) { return event.number <= told_; });
    if (!snapshot.events.empty()) told_ = snapshot.events.back().number;
    writer_.write(to_json(snapshot));
    return heard();
  }
  bool heard() const { return !writer_.broken(); }

 private:
  Node& node_;
  LineWriter writer_;
  std::uint64_t told_ = 0;
};

std::string books_of(const LedgerRow& ledger) {
  std::string books = "stopped; " + std::to_string(ledger.submitted.messages) + " messages submitted";
  for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
    const std::uint64_t count = ledger.outcomes[kind].messages;
    if (count == 0) continue;
    books += ", " + std::to_string(count) + " " + std::string{to_string(static_cast<OutcomeKind>(kind))};
  }
  books += ", " + std::to_string(ledger.held.messages) + " held";
  return books + (ledger.balanced() ? ": balanced" : ": NOT BALANCED");
}

void greet(const Node& node, const HttpServer* admin, NodeLog& log) {
  log.words(node.id().text() + " listens on " + node.endpoint().text() + "; Ctrl-C stops it");
  if (admin != nullptr) {
    log.words("its live page, /readyz, /metrics and /api/v1/status are at http://" + admin->endpoint().text());
  }
  for (const std::string& warning : node.config().warnings()) {
    log.words("warning: " + printable(warning));
  }
}

// Reads the file again and does what can be done. Says the same to the log and to who asked.
AdminResult reload(Node& node, NodeLog& log, Config& current, const NodeOptions& options) {
  try {
    Config wanted = Config::load(options.config);
    apply_log_options(options, wanted.log);
    const Reload change = compare(current, wanted);
    apply(change, wanted, node);
    log.set(wanted.log);
    log.say(change.restart.empty() ? LogLevel::info : LogLevel::warn, "reload", change.sentence());
    keep(change, wanted, current);
    return {true, change.sentence()};
  } catch (const ConfigError& error) {
    AdminResult result{false, "nothing was reloaded: all stays as it is"};
    for (const std::string& problem : error.problems()) {
      log.say(LogLevel::error, "reload", problem);
      result.text += "; " + problem;
    }
    log.say(LogLevel::error, "reload", "nothing was reloaded: all stays as it is");
    return result;
  }
}

// From now on, until the next reload.
AdminResult set_level(NodeLog& log, Config& current, std::string_view word) {
  if (!read_level(word, current.log.level)) {
    return {false, "'" + printable(std::string{word}) + "' is not one of debug info warn error"};
  }
  log.set(current.log);
  return {true, "the log tells " + std::string{word} + " and above"};
}

// What is asked of the process from outside.
class Signals {
 public:
  using Heard = std::function<void()>;
  Signals(boost::asio::io_context& io, std::initializer_list<int> numbers, Heard heard)
      : set_(io), heard_(std::move(heard)) {
    for (const int number : numbers) set_.add(number);
    wait();
  }

 private:
  void wait() {
    set_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      wait();
      heard_();
    });
  }

  boost::asio::signal_set set_;
  Heard heard_;
};

int run(const Wanted& wanted, const NodeOptions& options) {
  // A reader that goes away is noticed by the write; it must not kill the node before it has said goodbye to its peers.
  std::signal(SIGPIPE, SIG_IGN);
  boost::asio::io_context io{1};
  ZmqRuntime runtime{io};
  Node node{runtime, wanted.config};
  offer_service(node);
  const bool in_snapshots = wanted.snapshots > Duration::zero();
  Config current = wanted.config;
  std::optional<NodeLog> began;  // not before everything could be had; orders come only once the loop runs
  std::unique_ptr<HttpServer> admin;
  const auto shown = [&](AdminResult result) {
    if (admin != nullptr) show_config(*admin, current);
    return result;
  };
  const auto read_again = [&] { return shown(reload(node, *began, current, options)); };
  admin =
      serve_admin(node, {[&](std::string_view level) { return shown(set_level(*began, current, level)); }, read_again});
  NodeLog& log = began.emplace(node, wanted.config.log, in_snapshots);
  std::optional<Snapshots> snapshots;
  if (in_snapshots) snapshots.emplace(node, wanted.snapshots).tell();
  greet(node, admin.get(), log);
  drive_traffic(node, wanted.traffic);

  int code = exit_fine;
  bool stopping = false;
  const auto stop = [&] {
    if (!std::exchange(stopping, true)) node.stop(std::nullopt, [&io] { io.stop(); });
  };
  Signals end{io, {SIGINT, SIGTERM}, [&] {
                if (stopping) {
                  code = exit_unhealthy;
                  io.stop();
                }
                stop();
              }};
  Signals dump{io, {SIGUSR1}, [&log] { log.dump(); }};
  Signals hang_up{io, {SIGHUP}, [&] { read_again(); }};
  node.every(Duration{500'000}, [&] {
    if (log.heard() && (!snapshots || snapshots->heard())) return true;
    stop();  // whoever read us is gone
    return false;
  });
  node.every(Duration{10'000'000}, [&log] {
    log.flush();
    return true;
  });
  io.run();
  if (snapshots) snapshots->tell();
  log.flush();
  log.words(books_of(node.snapshot().ledger));
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
    return run(wanted, options);
  } catch (const ConfigError& error) {
    for (const std::string& problem : error.problems()) std::fprintf(stderr, "%s\n", problem.c_str());
    return exit_usage;
  } catch (const StartError& error) {
    std::fprintf(stderr, "hawser: %s\n", error.what());
    return exit_unhealthy;
  }
}

}  // namespace hawser::tools
