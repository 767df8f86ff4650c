// What a node is told at its start: one struct in C++, one TOML file for tools.
//
// Every field has its unit in its type and a default that works on a LAN. `problems()` says all that is wrong with a
// configuration, `Config::load` throws the same sentences with file, line and column. docs/configuration.md and
// `hawser config show --defaults` are made from the one table in config_keys.cpp.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/base/time.hpp>
#include <hawser/interconnect/endpoint.hpp>
#include <hawser/interconnect/intake_guard.hpp>
#include <hawser/interconnect/isolation/strategy.hpp>
#include <hawser/interconnect/runtime.hpp>
#include <hawser/interconnect/type_policy.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

struct PeerConfig {
  NodeId id;
  Endpoint endpoint;
};

// Bounds of memory, each way. A channel's bound is its exclusive share; it may borrow from its peer's reserve. All of a
// peer's shares together, and its reserve, are bounded by peer_bytes each; everything of the node by node_bytes, one
// half for shares and one to borrow.
struct BoundsConfig {
  std::size_t channel_bytes = 1u << 20;           // 4 KiB ..; default 1 MiB
  std::size_t channel_messages = 16'384;          // 1 .. 1 000 000; of 64 bytes each, they are channel_bytes
  std::size_t peer_bytes = 32u << 20;             // default 32 MiB
  std::size_t node_bytes = 256u << 20;            // default 256 MiB
  std::size_t message_bytes_max = 16u << 20;      // largest message; at most peer_bytes
  std::size_t reply_bytes = 4u << 10;             // kept for the reply of each request, at both ends
  std::size_t lane_window_bytes = 512u << 10;     // handed to the transport and not acknowledged; ordinary lane
  std::size_t lane_window_bulk_bytes = 1u << 20;  // the same for the bulk lane
  std::size_t batch_bytes = 64u << 10;            // a batch is flushed at this size, or when the queue runs empty
  std::size_t chunk_bytes = 64u << 10;            // larger messages are cut into pieces of this size
  std::size_t connections_max = 4096;             // inbound
};

struct DetectorConfig {
  Duration heartbeat{200'000};           // 10 ms .. 60 s
  double suspect = 5.0;                  // phi; 1 .. 300
  double unreachable = 8.0;              // phi; above suspect
  Duration acceptable_pause{400'000};    // added to the expected interval before silence counts; 0 .. 60 s
  std::size_t window = 500;              // intervals remembered; 200 .. 1000
  Duration never_heard_hold{3'000'000};  // messages to a peer never heard yet wait this long within their TTL
};

struct ReconnectConfig {
  Duration base{100'000};  // ceiling of the first delay
  std::uint32_t factor_permille = 2000;
  Duration cap{60'000'000};           // after a refusal, a failed handshake or failed authentication
  Duration stable_after{10'000'000};  // a session this old resets the backoff
  Duration connect_timeout{500'000};
  Duration handshake_timeout{3'000'000};  // our own hello must be answered within this
  Duration lane_idle{300'000'000};        // an ordinary or bulk lane without traffic closes after this
};

struct BreakerPolicy {
  std::uint32_t consecutive_failures = 5;
  std::uint32_t failure_percent = 50;
  std::uint32_t calls_min = 20;
  Duration window{10'000'000};
  Duration open_for{1'000'000};
  Duration open_max{30'000'000};
  std::uint32_t successes_to_close = 2;
  Duration slow_limit{2'000'000};  // a verdict or reply later than this is slow
  std::uint32_t slow_percent = 80;
};

// Who may act when the cluster is cut: what belongs to `strategy`. docs/isolation.md. All but stable_after must be
// equal on all nodes.
struct IsolationOptions {
  std::string members;               // ids by seniority, separated by blanks; empty: this node and its peers, by id
  std::string weights;               // keep_majority: `n1=3 n2=2`; members that are not named weigh 1
  std::string voters;                // ids; empty: every member votes
  std::uint32_t quorum = 0;          // static_quorum: how many voters; more than half of them
  std::string referee;               // referee: the member without whom nobody serves
  Duration lease{1'500'000};         // how long a node serves on its quorum's last answers; 4 heartbeats .. 10 min
  Duration stable_after{1'000'000};  // how long the wanted view stands still before it is proposed; 0 .. 10 min
};

// Where health and metrics are served over HTTP: hawser/inspect/admin.hpp does it, and `hawser node`.
struct AdminConfig {
  std::string listen;                // host:port; empty: nowhere. Beyond loopback only with `insecure`
  std::string hosts;                 // names by which clients may ask, separated by blanks; addresses always work
  bool writes = false;               // whether actions are taken there
  std::string token_file;            // of the token that actions need; the token itself is no part of a configuration
  std::size_t connections_max = 32;  // 1 .. 1024
  std::size_t streams_max = 8;       // of those, live streams; 0 .. 256
  Duration request_time{5'000'000};  // to send a request, and again to take its answer; 100 ms .. 10 min
};

// What a node program writes down: hawser/inspect/log.hpp and event_file.hpp do it, and `hawser node`. All of it
// follows SIGHUP there.
enum class LogLevel : std::uint8_t { debug, info, warn, error };
std::string_view to_string(LogLevel level) noexcept;
enum class LogFormat : std::uint8_t { words, key_values, json };
std::string_view to_string(LogFormat format) noexcept;

struct LogConfig {
  LogLevel level = LogLevel::info;  // lines below it are not written
  LogFormat format = LogFormat::words;
  std::uint32_t burst = 10;              // lines of one kind, peer and cause per window; 0: no limit; .. 1 000 000
  Duration window{10'000'000};           // 100 ms .. 1 day
  std::string events_file;               // every event as a line of JSON; empty: nowhere
  std::size_t events_bytes = 16u << 20;  // of one such file before it is rotated; 4 KiB .. 1 TiB
  std::uint32_t events_files = 4;        // kept, the newest among them; 1 .. 100
};

struct Config {
  std::string cluster = "hawser";
  NodeId id;
  Endpoint listen{"127.0.0.1", 0};
  std::vector<PeerConfig> peers;  // without ourselves; order is seniority
  bool insecure = false;          // plain TCP beyond loopback
  std::string state_dir;          // empty: nothing survives a restart
  Duration ttl{10'000'000};       // of messages that name none; 5 ms .. 1 day
  Duration drain{5'000'000};      // how long stop() waits for held messages
  double clock_drift = 0.05;      // bound on the rate error of any one clock; 0 .. 0.2
  Strategy strategy = Strategy::none;

  BoundsConfig bounds;
  DetectorConfig detector;
  IsolationOptions isolation;
  ReconnectConfig reconnect;
  BreakerPolicy breaker;       // of channels
  BreakerPolicy peer_breaker;  // of peers
  IntakeConfig intake;
  AdminConfig admin;
  LogConfig log;
  std::map<std::string, TypeOverrides> types;  // by schema name: [types.Greeting]

  // Reads a TOML file of at most 1 MiB. Throws ConfigError with every problem found, as `file:line:column: sentence`.
  static Config load(const std::string& path);
  static Config parse(std::string_view text, const std::string& name_for_errors);

  // Everything that makes this configuration unusable, one sentence each; empty when it can be used.
  std::vector<std::string> problems() const;
  // What is allowed and probably not meant.
  std::vector<std::string> warnings() const;
  // Of everything that must be equal on all nodes: cluster, bounds.message_bytes_max, strategy, clock_drift; with a
  // strategy also the lease and who votes how. It travels in the hello; a peer with another one is turned away as
  // misconfigured. Stable across compilers and machines.
  std::uint64_t generation_digest() const;
};

class ConfigError : public StartError {
 public:
  explicit ConfigError(std::vector<std::string> problems);
  const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  std::vector<std::string> problems_;
};

}  // namespace hawser
