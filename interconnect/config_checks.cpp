#include <hawser/interconnect/config_checks.hpp>

#include <hawser/base/quantity.hpp>
#include <hawser/interconnect/config_isolation.hpp>
#include <hawser/interconnect/config_keys.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace hawser {
namespace {

constexpr std::size_t peers_max = 4096;
constexpr std::size_t types_max = 4096;
constexpr std::size_t type_name_size_max = 128;
constexpr std::size_t lanes_per_peer = 3;

class Checks {
 public:
  explicit Checks(const Config& config) : config_(config) {}

  std::vector<ConfigProblem> problems() {
    identity();
    peers();
    ranges();
    bounds();
    detector();
    isolation();
    reconnect();
    breaker("breaker", config_.breaker);
    breaker("peer_breaker", config_.peer_breaker);
    admin();
    types();
    return std::move(found_);
  }

  std::vector<ConfigProblem> warnings() {
    doubtful_addresses();
    doubtful_times();
    doubtful_isolation();
    return std::move(found_);
  }

 private:
  void say(std::string key, std::string sentence) { found_.push_back({std::move(key), std::move(sentence)}); }

  // `key` must be at most `other`; both are named with their values.
  void at_most(std::string_view key, std::string_view other, std::string_view why) {
    const ConfigKey& upper = *find_config_key(other);
    at_most(key, *upper.get(config_, {}), std::string{other}, why);
  }
  void at_most(std::string_view key, const KeyValue& limit, const std::string& limit_name, std::string_view why) {
    const ConfigKey& lower = *find_config_key(key);
    const KeyValue value = *lower.get(config_, {});
    if (value <= limit) return;
    say(lower.name, lower.name + " is " + value_text(lower, value) + ", above " + limit_name + " (" +
                        value_text(lower, limit) + "): " + std::string{why});
  }

  void identity() {
    if (!NodeId::valid(config_.cluster)) {
      say("cluster",
          "cluster is '" + config_.cluster.substr(0, NodeId::size_max) + "', and must be 1 to 64 of a-z 0-9 . _ -");
    }
    if (config_.id.empty()) say("id", "id is missing: every node needs a name of its own, for example id = \"n1\"");
    if (config_.listen.host.empty()) say("listen", "listen has no host: write for example listen = \"127.0.0.1:7001\"");
    if (config_.log.events_file.find('\0') != std::string::npos) {
      say("log.events_file", "log.events_file has a zero byte in it");
    }
    if (config_.state_dir.find('\0') != std::string::npos) say("state_dir", "state_dir has a zero byte in it");
    open_address("listen", "listen", config_.listen);
  }

  void open_address(const std::string& key, const std::string& shown, const Endpoint& endpoint) {
    if (config_.insecure || endpoint.host.empty() || endpoint.loopback()) return;
    say(key, shown + " is " + endpoint.text() +
                 ", beyond loopback, where plain TCP can be read and forged by others: " +
                 "use 127.0.0.1, or allow it with insecure = true");
  }

  void peers() {
    if (config_.peers.size() > peers_max) {
      say("peers", "peers names " + std::to_string(config_.peers.size()) + " nodes, and at most 4096 are allowed");
      return;
    }
    std::map<NodeId, int> ids;
    std::map<Endpoint, NodeId> endpoints;
    for (const PeerConfig& peer : config_.peers) {
      const std::string key = "peers." + peer.id.text();
      if (peer.id.empty()) {
        say("peers", "a peer has no id");
        continue;
      }
      if (peer.id == config_.id) say(key, key + " is this node itself: peers names the others");
      if (++ids[peer.id] == 2) say(key, key + " is there twice");
      if (peer.endpoint.host.empty() || peer.endpoint.port == 0) {
        say(key, key + " is " + peer.endpoint.text() + ", which nobody can dial: host and port are needed");
        continue;
      }
      if (peer.endpoint.host == "0.0.0.0" || peer.endpoint.host == "::") {
        say(key,
            key + " is " + peer.endpoint.text() + ", which is every address and none: name one that can be dialled");
        continue;
      }
      if (peer.endpoint == config_.listen) say(key, key + " has the address this node listens on");
      const auto [other, fresh] = endpoints.try_emplace(peer.endpoint, peer.id);
      if (!fresh && other->second != peer.id) {
        say(key, key + " has the same address as peers." + other->second.text() + ": " + peer.endpoint.text());
      }
      open_address(key, key, peer.endpoint);
    }
    if (config_.bounds.connections_max < lanes_per_peer * config_.peers.size()) {
      say("bounds.connections_max", "bounds.connections_max is " + std::to_string(config_.bounds.connections_max) +
                                        ", too few for " + std::to_string(config_.peers.size()) +
                                        " peers with three lanes each");
    }
  }

  void ranges() {
    for (const ConfigKey& key : config_keys()) {
      if (!key.of_types()) {
        range(key, key.name, {});
        continue;
      }
      for (const auto& [type, overrides] : config_.types) {
        range(key, "types." + type + "." + std::string{key.last_word()}, type);
      }
    }
  }

  void range(const ConfigKey& key, const std::string& shown, const std::string& type) {
    const std::optional<KeyValue> value = key.get(config_, type);
    if (!value) return;
    std::string sentence = range_problem(key, shown, *value);
    if (!sentence.empty()) say(shown, std::move(sentence));
  }

  void bounds() {
    at_most("bounds.channel_bytes", "bounds.peer_bytes", "a channel's share is part of its peer's");
    at_most("bounds.peer_bytes", "bounds.node_bytes", "a peer's reserve is part of the node's");
    at_most("bounds.message_bytes_max", "bounds.peer_bytes", "the largest message could never be held");
    const BoundsConfig& b = config_.bounds;
    if (b.message_bytes_max > b.node_bytes / 2) {
      const ConfigKey& largest = *find_config_key("bounds.message_bytes_max");
      say(largest.name,
          "bounds.message_bytes_max is " + value_text(largest, static_cast<std::int64_t>(b.message_bytes_max)) +
              ", above half of bounds.node_bytes (" + value_text(largest, static_cast<std::int64_t>(b.node_bytes)) +
              "): only half of the node's bound is there to borrow from");
    }
    at_most("bounds.chunk_bytes", "bounds.lane_window_bytes", "a chunk could never leave");
    at_most("bounds.chunk_bytes", "bounds.lane_window_bulk_bytes", "a chunk could never leave");
    at_most("bounds.batch_bytes", "bounds.lane_window_bytes", "a full batch could never leave");
    at_most("bounds.batch_bytes", "bounds.lane_window_bulk_bytes", "a full batch could never leave");
  }

  void detector() {
    const DetectorConfig& d = config_.detector;
    if (d.suspect >= d.unreachable) {
      const ConfigKey& suspect = *find_config_key("detector.suspect");
      say(suspect.name, "detector.suspect is " + value_text(suspect, d.suspect) +
                            ", and must be below detector.unreachable (" + value_text(suspect, d.unreachable) + ")");
    }
    at_most("detector.heartbeat", "detector.acceptable_pause",
            "one heartbeat a little late would already count as silence");
  }

  void isolation() {
    for (std::string& sentence : isolation_problems(config_)) {
      // The first word of a sentence about one key is that key.
      const std::string first = sentence.substr(0, sentence.find_first_of(": "));
      say(find_config_key(first) != nullptr ? first : "strategy", std::move(sentence));
    }
  }

  void reconnect() { at_most("reconnect.base", "reconnect.cap", "the first delay cannot exceed the longest"); }

  void breaker(const std::string& section, const BreakerPolicy& policy) {
    at_most(section + ".open_for", section + ".open_max", "the first wait cannot exceed the longest");
    if (policy.open_for > policy.open_max) return;
    at_most(section + ".slow_limit", section + ".window",
            "a slow call would leave the window before it is known as slow");
  }

  void admin() {
    const std::string& text = config_.admin.listen;
    if (text.empty()) return;
    std::string problem;
    const std::optional<Endpoint> listen = Endpoint::parse(text, problem);
    if (!listen) {
      say("admin.listen", "admin.listen: " + problem);
      return;
    }
    open_address("admin.listen", "admin.listen", *listen);
    if (config_.admin.writes && config_.admin.token_file.empty()) {
      say("admin.writes",
          "admin.writes is true without admin.token_file: anybody who reaches the port could take this node "
          "out of the cluster; name a file whose first line is a token of at least 16 characters");
    }
    if (config_.admin.streams_max >= config_.admin.connections_max) {
      say("admin.streams_max", "admin.streams_max (" + std::to_string(config_.admin.streams_max) +
                                   ") is not below admin.connections_max (" +
                                   std::to_string(config_.admin.connections_max) +
                                   "): open pages would leave no connection for health checks");
    }
    if (*listen == config_.listen && listen->port != 0) {
      say("admin.listen", "admin.listen is " + listen->text() + ", where the node itself listens: choose another port");
    }
  }

  void types() {
    if (config_.types.size() > types_max) say("types", "types names more than 4096 message types");
    const KeyValue peer_bytes = *find_config_key("bounds.peer_bytes")->get(config_, {});
    for (const auto& [type, overrides] : config_.types) {
      const std::string key = "types." + type.substr(0, type_name_size_max);
      if (!type_name(type)) {
        say(key, key + " is no name of a message type: letters, digits, '_' and '.', beginning with a letter");
      }
      if (overrides.lane == LaneClass::control) {
        say(key + ".lane", key + ".lane is control, which carries the library's own traffic: use ordinary or bulk");
      }
      const ConfigKey& share = *find_config_key("types.*.channel_bytes");
      const std::optional<KeyValue> bytes = share.get(config_, type);
      if (bytes && *bytes > peer_bytes) {
        say(key + ".channel_bytes", key + ".channel_bytes is " + value_text(share, *bytes) +
                                        ", above bounds.peer_bytes (" + value_text(share, peer_bytes) +
                                        "): a channel's share is part of its peer's");
      }
    }
  }

  static bool type_name(const std::string& name) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    if (name.empty() || name.size() > type_name_size_max || !letter(name.front())) return false;
    return std::all_of(name.begin(), name.end(),
                       [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.'; });
  }

  void doubtful_addresses() {
    if (config_.peers.empty()) say("peers", "peers is empty: this node will talk to nobody but itself");
    if (!config_.peers.empty() && config_.listen.port == 0) {
      say("listen", "listen has port 0: the port will change with every start, and no peer can be told it in a file");
    }
    const bool beyond =
        !config_.listen.loopback() || std::any_of(config_.peers.begin(), config_.peers.end(),
                                                  [](const PeerConfig& peer) { return !peer.endpoint.loopback(); });
    if (config_.insecure && beyond) {
      say("insecure", "insecure = true: anybody who can reach the port can read the traffic and speak for a peer");
    }
    if (config_.strategy == Strategy::none && config_.peers.size() > 1) {
      say("strategy", "strategy is none: when the cluster is cut, every side goes on acting");
    }
  }

  void doubtful_times() {
    const DetectorConfig& d = config_.detector;
    // With the deviation at its floor and a margin for the threshold; the exact figure is in `hawser config check`.
    const Duration detection = d.heartbeat + d.acceptable_pause + d.heartbeat / 2;
    if (config_.ttl < detection) {
      say("ttl", "ttl is " + format_duration(config_.ttl) + ", below the time it takes to notice a dead peer (about " +
                     format_duration(detection) + "): messages to it end as expired or unknown, never as unreachable");
    }
    if (config_.breaker.slow_limit >= config_.ttl) {
      say("breaker.slow_limit", "breaker.slow_limit is " + format_duration(config_.breaker.slow_limit) +
                                    ", not below ttl (" + format_duration(config_.ttl) +
                                    "): a call ends before it can be called slow");
    }
    if (config_.reconnect.stable_after < config_.detector.heartbeat) {
      say("reconnect.stable_after",
          "reconnect.stable_after is " + format_duration(config_.reconnect.stable_after) +
              ", below one heartbeat: a peer that accepts and drops is dialled without pause");
    }
    if (config_.drain > config_.ttl) {
      say("drain", "drain is " + format_duration(config_.drain) + ", above ttl (" + format_duration(config_.ttl) +
                       "): nothing is held that long unless it names a TTL of its own");
    }
  }

  void doubtful_isolation() {
    for (std::string& sentence : isolation_warnings(config_)) say("strategy", std::move(sentence));
  }

  const Config& config_;
  std::vector<ConfigProblem> found_;
};

}  // namespace

std::vector<ConfigProblem> find_problems(const Config& config) { return Checks{config}.problems(); }
std::vector<ConfigProblem> find_warnings(const Config& config) { return Checks{config}.warnings(); }

}  // namespace hawser
