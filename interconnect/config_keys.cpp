#include <hawser/interconnect/config_keys.hpp>

#include <hawser/base/quantity.hpp>
#include <hawser/interconnect/config_access.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

namespace hawser {
namespace {

using config_access::get;
using config_access::get_of_type;
using config_access::set;
using config_access::set_of_type;

constexpr double ms = 1e3;
constexpr double s = 1e6;
constexpr double min = 60 * s;
constexpr double h = 60 * min;
constexpr double day = 24 * h;
constexpr double kib = 1024;
constexpr double mib = 1024 * kib;
constexpr double gib = 1024 * mib;
constexpr double size_max = 1024 * gib;

class Table {
 public:
  Table() {
    top();
    bounds();
    detector();
    isolation();
    reconnect();
    breaker<&Config::breaker>("breaker.", "of one message type to one peer");
    breaker<&Config::peer_breaker>("peer_breaker.", "of a whole peer");
    intake();
    admin();
    log();
    types();
  }
  std::vector<ConfigKey> rows;

 private:
  struct Words {
    std::string_view sentence;
    std::string_view cost;
    std::string_view choices = {};
    std::string_view default_text = {};
  };
  struct Range {
    double low = 0;
    double high = 0;
  };

  template <auto... Path>
  void add(std::string name, KeyKind kind, Range range, const Words& words) {
    rows.push_back({std::move(name), kind, range.low, range.high, words.choices, words.default_text, words.sentence,
                    words.cost, &get<Path...>, &set<Path...>});
  }
  template <auto Field>
  void add_of_type(std::string_view name, KeyKind kind, Range range, const Words& words) {
    rows.push_back({"types.*." + std::string{name}, kind, range.low, range.high, words.choices, words.default_text,
                    words.sentence, words.cost, &get_of_type<Field>, &set_of_type<Field>});
  }

  void top();
  void bounds();
  void detector();
  void isolation();
  void reconnect();
  template <auto Policy>
  void breaker(std::string_view prefix, std::string_view of_what);
  void intake();
  void admin();
  void log();
  void types();

  // The file says 2.0 where the struct says 2000 per mille, so that no float decides a delay.
  static std::optional<KeyValue> get_factor(const Config& config, const std::string&) {
    return static_cast<double>(config.reconnect.factor_permille) / 1000.0;
  }
  static bool set_factor(Config& config, const std::string&, const KeyValue& value, std::string& problem) {
    const double permille = std::get<double>(value) * 1000.0;
    if (!(permille >= 0 && permille <= 1e9)) {
      problem = "does not fit";
      return false;
    }
    config.reconnect.factor_permille = static_cast<std::uint32_t>(std::lround(permille));
    return true;
  }
};

void Table::top() {
  add<&Config::cluster>("cluster", KeyKind::text, {},
                        {"Name of the cluster, 1 to 64 of a-z 0-9 . _ -. Nodes of another cluster are turned away.",
                         "None. Must be the same on all nodes."});
  add<&Config::id>("id", KeyKind::node_id, {},
                   {"Name of this node, 1 to 64 of a-z 0-9 . _ -, unique in the cluster.", "None.", {}, "required"});
  add<&Config::listen>("listen", KeyKind::endpoint, {},
                       {"Where this node takes connections, host:port. Port 0 picks a free one.",
                        "One port serves all peers and all lanes."});
  add<&Config::insecure>("insecure", KeyKind::flag, {},
                         {"Allows plain TCP beyond loopback.",
                          "Anybody who can reach the port can read the traffic and speak for a peer."});
  add<&Config::state_dir>("state_dir", KeyKind::text, {},
                          {"Directory for what survives a restart; empty: nothing does.",
                           "One small synchronous write per start and per grant."});
  add<&Config::ttl>("ttl", KeyKind::duration, {5 * ms, day},
                    {"How long a message may live that names no TTL of its own.",
                     "Long keeps memory taken while a peer is away; short ends messages that would have arrived."});
  add<&Config::drain>("drain", KeyKind::duration, {0, h},
                      {"How long stopping waits for messages still held.", "A stop takes up to this long."});
  add<&Config::clock_drift>("clock_drift", KeyKind::number, {0, 0.2},
                            {"Bound on the error in rate of any one clock, as a fraction.",
                             "Larger is safer and makes every lease and session clock wait longer."});
  add<&Config::strategy>("strategy", KeyKind::choice, {},
                         {"Who may go on acting when the cluster is cut.",
                          "With none, both sides of a cut go on; with any other, those who lose stop within one lease.",
                          "none keep_majority static_quorum keep_oldest referee arbiter"});
}

void Table::isolation() {
  using I = IsolationOptions;
  add<&Config::isolation, &I::lease>(
      "isolation.lease", KeyKind::duration, {4 * ms, 10 * min},
      {"How long a node serves on the last answers of a quorum; at least four heartbeats.",
       "Longer bears longer hiccups, and a dead node's place stays empty that much longer."});
  add<&Config::isolation, &I::stable_after>(
      "isolation.stable_after", KeyKind::duration, {0, 10 * min},
      {"How long the cluster must look the same before its view is changed.",
       "Nothing up to lease less detection, since both run side by side; beyond that, failover takes longer."});
  add<&Config::isolation, &I::members>(
      "isolation.members", KeyKind::text, {},
      {"Ids of this node and its peers by seniority, separated by blanks; empty: by id.",
       "None. Must be the same on all nodes."});
  add<&Config::isolation, &I::voters>("isolation.voters", KeyKind::text, {},
                                      {"Ids of the members that vote, at most 32; empty: every member.",
                                       "More voters bear more failures and answer each other more."});
  add<&Config::isolation, &I::weights>(
      "isolation.weights", KeyKind::text, {},
      {"With keep_majority: votes of members, as `n1=3 n2=2`; members that are not named have one.",
       "A heavy member is one that the others cannot do without."});
  add<&Config::isolation, &I::quorum>("isolation.quorum", KeyKind::count, {0, 32},
                                      {"With static_quorum: how many voters it takes, more than half of them.",
                                       "More is no safer, and bears fewer failures."});
  add<&Config::isolation, &I::referee>(
      "isolation.referee", KeyKind::text, {},
      {"With referee: the member without whom nobody serves.", "While it is away, nobody serves."});
}

void Table::bounds() {
  using B = BoundsConfig;
  add<&Config::bounds, &B::channel_bytes>(
      "bounds.channel_bytes", KeyKind::size, {4 * kib, gib},
      {"Exclusive share of one message type to one peer, each way.", "Memory, per channel that is full."});
  add<&Config::bounds, &B::channel_messages>(
      "bounds.channel_messages", KeyKind::count, {1, 1'000'000},
      {"The same in messages.", "About 100 bytes per message held, beside its payload."});
  add<&Config::bounds, &B::peer_bytes>("bounds.peer_bytes", KeyKind::size, {64 * kib, 64 * gib},
                                       {"What the channels of one peer may hold within their shares, and as much again "
                                        "beyond them, each way; no message may be larger.",
                                        "Memory one bad peer can take."});
  add<&Config::bounds, &B::node_bytes>(
      "bounds.node_bytes", KeyKind::size, {64 * kib, size_max},
      {"What all peers together may hold, each way: one half within shares, the other beyond them.",
       "Memory: the worst case is twice this."});
  add<&Config::bounds, &B::message_bytes_max>("bounds.message_bytes_max", KeyKind::size, {kib, gib},
                                              {"The largest message; a larger one ends as too_large.",
                                               "A receiver must be able to hold one. Must be the same on all nodes."});
  add<&Config::bounds, &B::reply_bytes>(
      "bounds.reply_bytes", KeyKind::size, {64, 16 * mib},
      {"Room kept for the reply of each request, where it is asked and where it is answered; a larger reply borrows.",
       "Memory, per request in flight. Larger replies may find no room."});
  add<&Config::bounds, &B::lane_window_bytes>(
      "bounds.lane_window_bytes", KeyKind::size, {16 * kib, gib},
      {"Handed to the network on the ordinary lane and not yet acknowledged.",
       "More lets one flow fill a long fat pipe; an urgent message waits behind at most this much."});
  add<&Config::bounds, &B::lane_window_bulk_bytes>(
      "bounds.lane_window_bulk_bytes", KeyKind::size, {16 * kib, gib},
      {"The same for the bulk lane.", "As lane_window_bytes, for bulk traffic."});
  add<&Config::bounds, &B::batch_bytes>("bounds.batch_bytes", KeyKind::size, {kib, 16 * mib},
                                        {"A batch leaves at this size, or when nothing more is waiting.",
                                         "Larger batches cost less per message and let urgent messages wait longer."});
  add<&Config::bounds, &B::chunk_bytes>(
      "bounds.chunk_bytes", KeyKind::size, {kib, 16 * mib},
      {"Larger messages are cut into pieces of this size.", "Smaller pieces share a lane more fairly and cost more."});
  add<&Config::bounds, &B::connections_max>("bounds.connections_max", KeyKind::count, {3, 65'536},
                                            {"Inbound connections; more are refused and counted.",
                                             "A descriptor and a few kilobytes each; every peer needs up to three."});
}

void Table::detector() {
  using D = DetectorConfig;
  add<&Config::detector, &D::heartbeat>("detector.heartbeat", KeyKind::duration, {10 * ms, min},
                                        {"How often every peer is asked whether it is alive.",
                                         "Shorter detects sooner; two small frames per peer and interval."});
  add<&Config::detector, &D::suspect>(
      "detector.suspect", KeyKind::number, {1, 300},
      {"Phi from which a peer is suspect: a wrong suspicion once in 10^phi heartbeats, if the past is a guide.",
       "Lower suspects sooner and more often in vain."});
  add<&Config::detector, &D::unreachable>(
      "detector.unreachable", KeyKind::number, {1, 300},
      {"Phi from which a peer is unreachable and its unsent messages end; above suspect.",
       "Lower gives up sooner and more often in vain."});
  add<&Config::detector, &D::acceptable_pause>(
      "detector.acceptable_pause", KeyKind::duration, {0, min},
      {"Silence beyond the expected interval that counts for nothing: garbage collection, a busy disk. At least one "
       "heartbeat.",
       "Detection takes this much longer."});
  add<&Config::detector, &D::window>(
      "detector.window", KeyKind::count, {200, 1000},
      {"Intervals remembered per peer.", "8 bytes each; longer adapts more slowly to a changed network."});
  add<&Config::detector, &D::never_heard_hold>(
      "detector.never_heard_hold", KeyKind::duration, {0, min},
      {"Messages to a peer that was never heard wait this long, within their TTL, before it counts as unreachable.",
       "A cluster that starts together needs the time its slowest node takes."});
}

void Table::reconnect() {
  using R = ReconnectConfig;
  add<&Config::reconnect, &R::base>("reconnect.base", KeyKind::duration, {ms, min},
                                    {"Ceiling of the first delay before dialling again; the delay is drawn below it.",
                                     "Shorter comes back sooner and dials a dead peer more often."});
  rows.push_back({"reconnect.factor",
                  KeyKind::number,
                  1,
                  10,
                  {},
                  {},
                  "Growth of that ceiling with every failure, to a thousandth.",
                  "Larger reaches the cap in fewer dials.",
                  &get_factor,
                  &set_factor});
  add<&Config::reconnect, &R::cap>("reconnect.cap", KeyKind::duration, {ms, h},
                                   {"Ceiling after a refusal, a failed handshake or failed authentication. A silent or "
                                    "absent peer is asked at least "
                                    "every max(1s, peers x 50ms), if that is less.",
                                    "Longer heals later, shorter dials more."});
  add<&Config::reconnect, &R::stable_after>("reconnect.stable_after", KeyKind::duration, {0, h},
                                            {"A session this old makes the next delay short again.",
                                             "Shorter lets a peer that accepts and drops be hammered."});
  add<&Config::reconnect, &R::connect_timeout>(
      "reconnect.connect_timeout", KeyKind::duration, {10 * ms, min},
      {"How long one attempt to connect may take.", "Must be above the slowest round trip."});
  add<&Config::reconnect, &R::handshake_timeout>("reconnect.handshake_timeout", KeyKind::duration, {50 * ms, min},
                                                 {"How long a connection may take from being made to being greeted.",
                                                  "A silent stranger holds a descriptor this long."});
  add<&Config::reconnect, &R::lane_idle>(
      "reconnect.lane_idle", KeyKind::duration, {s, day},
      {"An ordinary or bulk lane without traffic closes after this.",
       "Longer keeps a connection and its probes; shorter pays a dial at the next message."});
}

template <auto Policy>
void Table::breaker(std::string_view prefix, std::string_view of_what) {
  // What differs between the two levels is said once, at the first key of each.
  static std::string opening;
  opening = "Failures in a row that open the breaker " + std::string{of_what} + ".";
  using P = BreakerPolicy;
  const std::string p{prefix};
  add<Policy, &P::consecutive_failures>(p + "consecutive_failures", KeyKind::count, {1, 1'000'000},
                                        {opening, "Fewer open sooner, and on bad luck."});
  add<Policy, &P::failure_percent>(
      p + "failure_percent", KeyKind::count, {1, 100},
      {"Share of failed calls in the window that opens it too, in per cent.", "Lower opens sooner."});
  add<Policy, &P::slow_percent>(
      p + "slow_percent", KeyKind::count, {1, 100},
      {"Share of slow calls in the window that opens it too, in per cent.", "Lower opens sooner."});
  add<Policy, &P::calls_min>(
      p + "calls_min", KeyKind::count, {1, 1'000'000},
      {"Calls in the window before the two shares mean anything.", "Fewer react sooner, to less evidence."});
  add<Policy, &P::window>(p + "window", KeyKind::duration, {100 * ms, h},
                          {"Over how long the shares are taken.", "Longer forgets more slowly."});
  add<Policy, &P::slow_limit>(p + "slow_limit", KeyKind::duration, {ms, h},
                              {"A verdict or reply later than this is slow, and is so while still awaited.",
                               "Must be above what healthy calls take."});
  add<Policy, &P::open_for>(p + "open_for", KeyKind::duration, {10 * ms, h},
                            {"How long it stays open at first; twice as long each time the probes fail.",
                             "Shorter probes a sick peer more often."});
  add<Policy, &P::open_max>(p + "open_max", KeyKind::duration, {10 * ms, h},
                            {"The longest it stays open between probes.", "Longer heals later."});
  add<Policy, &P::successes_to_close>(p + "successes_to_close", KeyKind::count, {1, 1000},
                                      {"Probes in a row that must succeed before it closes.", "More close later."});
}

void Table::intake() {
  using I = IntakeConfig;
  add<&Config::intake, &I::guard>(
      "intake.guard", KeyKind::flag, {},
      {"Whether messages that come in are turned away, the least important first, while this node is under pressure.",
       "A little work is given up before all of it is late."});
  add<&Config::intake, &I::observe_only>("intake.observe_only", KeyKind::flag, {},
                                         {"With the guard: only say in the event log what would be turned away.",
                                          "Nothing is protected; a first step with a new setting."});
  add<&Config::intake, &I::lag_max>(
      "intake.lag_max", KeyKind::duration, {20 * ms, min},
      {"A loop that runs this late is under full pressure; a twentieth of it begins to count.",
       "Smaller gives up work on machines that merely stutter."});
  add<&Config::intake, &I::shed>(
      "intake.shed", KeyKind::flag, {},
      {"Whether requests whose handlers are coroutines or run on the pool stand in line for a place, the most "
       "important "
       "first, and are refused early when they would be late.",
       "What cannot be done in time is refused at once; each request costs some 100 ns more."});
  add<&Config::intake, &I::places>(
      "intake.places", KeyKind::count, {4, 1'000'000},
      {"With shed: requests in the house at a time, at most; fewer as soon as more of them only take longer.",
       "More lets a burst in, and everybody takes longer."});
  add<&Config::intake, &I::line>("intake.line", KeyKind::count, {0, 1'000'000},
                                 {"With shed: requests that wait for a place, of all peers and types.",
                                  "Longer refuses later; whoever would wait for half of its time is refused anyway."});
}

void Table::admin() {
  using A = AdminConfig;
  add<&Config::admin, &A::listen>(
      "admin.listen", KeyKind::text, {},
      {"Where health and metrics are served over HTTP, host:port; empty: nowhere. Port 0 picks a free one.",
       "A thread; beyond loopback, anybody who can reach the port can read all of it."});
  add<&Config::admin, &A::hosts>(
      "admin.hosts", KeyKind::text, {},
      {"Names by which clients may ask there, separated by blanks; addresses and localhost always work.",
       "A name that others control lets a web page read the node through a browser."});
  add<&Config::admin, &A::writes>("admin.writes", KeyKind::flag, {},
                                  {"Whether actions are taken there: isolate, reset a breaker, log level, reload.",
                                   "Whoever has the token can take this node out of the cluster."});
  add<&Config::admin, &A::token_file>(
      "admin.token_file", KeyKind::text, {},
      {"The file whose first line is the token that actions need, 16 to 256 characters; readable by its owner alone.",
       "None."});
  add<&Config::admin, &A::connections_max>("admin.connections_max", KeyKind::count, {1, 1024},
                                           {"Connections there at a time; more are closed at once.",
                                            "A descriptor each, and the answer it has not read yet."});
  add<&Config::admin, &A::streams_max>("admin.streams_max", KeyKind::count, {0, 256},
                                       {"Live streams there at a time, one per open page; they are connections too.",
                                        "However many there are, the node looks at itself once a second for them."});
  add<&Config::admin, &A::request_time>("admin.request_time", KeyKind::duration, {100 * ms, 10 * min},
                                        {"How long a request may take to arrive, and its answer to be read.",
                                         "A client that does neither holds a connection this long."});
}

void Table::log() {
  using L = LogConfig;
  add<&Config::log, &L::level>("log.level", KeyKind::choice, {},
                               {"Lines below it are not written.", "debug: two lines for each connection that is lost.",
                                "debug info warn error"});
  add<&Config::log, &L::format>(
      "log.format", KeyKind::choice, {},
      {"How the node program writes them: for people, or for machines.", "None.", "words key_values json"});
  add<&Config::log, &L::burst>("log.burst", KeyKind::count, {0, 1'000'000},
                               {"Lines of one kind, peer and cause per window; what is beyond is counted. 0: no limit.",
                                "Without a limit, a peer that flaps fills the log."});
  add<&Config::log, &L::window>("log.window", KeyKind::duration, {100 * ms, day},
                                {"The window of log.burst.", "As log.burst."});
  add<&Config::log, &L::events_file>(
      "log.events_file", KeyKind::text, {},
      {"A file for every event, whatever the level, as a line of JSON; empty: nowhere.", "A thread, and disk."});
  add<&Config::log, &L::events_bytes>("log.events_bytes", KeyKind::size, {4 * kib, size_max},
                                      {"Size at which that file is rotated.", "Disk: times log.events_files."});
  add<&Config::log, &L::events_files>("log.events_files", KeyKind::count, {1, 100},
                                      {"How many such files are kept, the newest among them.", "As log.events_bytes."});
}

void Table::types() {
  using T = TypeOverrides;
  add_of_type<&T::lane>("lane", KeyKind::choice, {},
                        {"The connection it travels on.", "Bulk keeps large messages out of the way of small ones.",
                         "ordinary bulk", "as in code, else ordinary"});
  add_of_type<&T::priority>("priority", KeyKind::count, {0, priority_max},
                            {"Its place when room is short: 0 goes first, 7 last.", "None.", {}, "as in code, else 4"});
  add_of_type<&T::ttl>("ttl", KeyKind::duration, {5 * ms, day},
                       {"TTL of its messages that name none.", "As ttl.", {}, "as in code, else `ttl`"});
  add_of_type<&T::overflow>("overflow", KeyKind::choice, {},
                            {"What happens when its channel is full.",
                             "All but reject can end messages that were admitted, or make senders wait.",
                             "reject drop_oldest keep_latest wait", "as in code, else reject"});
  add_of_type<&T::hold>("hold", KeyKind::choice, {},
                        {"Whether unsent messages wait for an unreachable peer.",
                         "until_ttl keeps their memory taken until the peer is back or their TTL ends.", "no until_ttl",
                         "as in code, else no"});
  add_of_type<&T::channel_bytes>("channel_bytes", KeyKind::size, {4 * kib, gib},
                                 {"Its exclusive share per peer, each way.",
                                  "Memory, per channel that is full.",
                                  {},
                                  "as in code, else `bounds.channel_bytes`"});
  add_of_type<&T::channel_messages>(
      "channel_messages", KeyKind::count, {1, 1'000'000},
      {"The same in messages.", "As bounds.channel_messages.", {}, "as in code, else `bounds.channel_messages`"});
  add_of_type<&T::reply_bytes>("reply_bytes", KeyKind::size, {64, 16 * mib},
                               {"Room kept for the reply of each request of this type.",
                                "As bounds.reply_bytes.",
                                {},
                                "as in code, else `bounds.reply_bytes`"});
  add_of_type<&T::groups>("groups", KeyKind::count, {1, 256},
                          {"How many equal shares its channel is cut into once messages name groups.",
                           "More groups, each with less room for sure.",
                           {},
                           "as in code, else 16"});
  add_of_type<&T::concurrency>("concurrency", KeyKind::count, {1, 65'536},
                               {"Handlers of it that may run at a time; above 1, order means order of start.",
                                "Whatever that many handlers take.",
                                {},
                                "as in code, else 1"});
  add_of_type<&T::ungated>("ungated", KeyKind::flag, {},
                           {"Whether it flows while this node may not act for the cluster.",
                            "Its messages may come from a node that has been replaced.",
                            {},
                            "as in code, else false"});
  add_of_type<&T::slow_limit>(
      "slow_limit", KeyKind::duration, {ms, h},
      {"When its calls count as slow.", "As breaker.slow_limit.", {}, "as in code, else `breaker.slow_limit`"});
  add_of_type<&T::refused_is_failure>("refused_is_failure", KeyKind::flag, {},
                                      {"Whether a handler that fails counts against the breaker.",
                                       "One bad message kind can close the type for all.",
                                       {},
                                       "as in code, else false"});
}

const Table& table() {
  static const Table built;
  return built;
}

std::string number_text(double number) {
  // Seventeen digits always suffice; most numbers people write need fewer.
  for (int digits = 1; digits < 18; ++digits) {
    std::array<char, 40> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.*g", digits, number);
    const std::string text{buffer.data()};
    const bool scientific = text.find('e') != std::string::npos && std::abs(number) >= 1e-4 && std::abs(number) < 1e15;
    if (!scientific && std::strtod(buffer.data(), nullptr) == number) return text;
  }
  return std::to_string(number);
}

std::string bound_text(const ConfigKey& key, double bound) {
  switch (key.kind) {
    case KeyKind::duration:
      return format_duration(Duration{std::llround(bound)});
    case KeyKind::size:
      return format_size(static_cast<std::uint64_t>(bound));
    default:
      return number_text(bound);
  }
}

bool has_range(const ConfigKey& key) noexcept { return key.low != 0 || key.high != 0; }

}  // namespace

std::string_view ConfigKey::section() const noexcept {
  const std::string_view whole{name};
  const std::size_t dot = whole.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : whole.substr(0, dot);
}

std::string_view ConfigKey::last_word() const noexcept {
  const std::string_view whole{name};
  return whole.substr(whole.rfind('.') + 1);
}

std::span<const ConfigKey> config_keys() { return table().rows; }

const ConfigKey* find_config_key(std::string_view name) {
  for (const ConfigKey& key : config_keys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string_view unit_text(const ConfigKey& key) {
  switch (key.kind) {
    case KeyKind::text:
      return "text";
    case KeyKind::node_id:
      return "node id";
    case KeyKind::endpoint:
      return "host:port";
    case KeyKind::choice:
      return "word";
    case KeyKind::flag:
      return "true or false";
    case KeyKind::count:
      return "whole number";
    case KeyKind::number:
      return "number";
    case KeyKind::duration:
      return "duration";
    case KeyKind::size:
      return "size";
  }
  return "?";
}

std::string range_text(const ConfigKey& key) {
  if (key.kind == KeyKind::choice) {
    std::string words{key.choices};
    for (std::size_t at = 0; (at = words.find(' ', at)) != std::string::npos; at += 3) words.replace(at, 1, " | ");
    return words;
  }
  if (!has_range(key)) return {};
  return bound_text(key, key.low) + " .. " + bound_text(key, key.high);
}

std::string value_text(const ConfigKey& key, const KeyValue& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const double* number = std::get_if<double>(&value)) return number_text(*number);
  if (const std::int64_t* whole = std::get_if<std::int64_t>(&value)) {
    if (key.kind == KeyKind::duration) return '"' + format_duration(Duration{*whole}) + '"';
    if (key.kind == KeyKind::size && *whole >= 0) return '"' + format_size(static_cast<std::uint64_t>(*whole)) + '"';
    return std::to_string(*whole);
  }
  return '"' + std::get<std::string>(value) + '"';
}

std::string default_text(const ConfigKey& key) {
  if (!key.default_text.empty()) return std::string{key.default_text};
  return value_text(key, *key.get(Config{}, {}));
}

std::string range_problem(const ConfigKey& key, std::string_view shown, const KeyValue& value) {
  if (!has_range(key)) return {};
  double number = 0;
  if (const double* fraction = std::get_if<double>(&value)) number = *fraction;
  if (const std::int64_t* whole = std::get_if<std::int64_t>(&value)) number = static_cast<double>(*whole);
  if (number >= key.low && number <= key.high) return {};  // written so that NaN fails
  return std::string{shown} + " is " + value_text(key, value) + ", which is out of range: " + range_text(key);
}

std::string config_reference_markdown() {
  std::string text;
  std::string_view section = "?";
  for (const ConfigKey& key : config_keys()) {
    if (key.section() != section) {
      section = key.section();
      const std::string title = section == "types.*" ? "types.Name" : std::string{section};
      text += section.empty() ? "### Top of the file\n\n" : "\n### `[" + title + "]`\n\n";
      text += "| key | unit | default | range | what it is | what it costs |\n|---|---|---|---|---|---|\n";
    }
    const std::string range = key.kind == KeyKind::choice ? std::string{key.choices} : range_text(key);
    const std::string_view quote = key.default_text.empty() ? "`" : "";
    text += "| `" + std::string{key.last_word()} + "` | " + std::string{unit_text(key)} + " | " + std::string{quote} +
            default_text(key) + std::string{quote} + " | " + range + " | " + std::string{key.sentence} + " | " +
            std::string{key.cost} + " |\n";
  }
  return text;
}

}  // namespace hawser
