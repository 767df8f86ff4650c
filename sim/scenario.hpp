// Scenario: a run of a cluster as a plain value: nodes, links, traffic, a timeline of faults, and what is expected.
//
// scenario_file.hpp reads and writes it as TOML, generate.hpp makes one from a seed, play.hpp plays it. Nothing in it
// is about the simulator: times are since the start of the run, and the same file is meant to drive real processes.
// Every field that has a key in the file has its unit, range and default in scenario_keys.cpp and docs/simulation.md.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/config_settings.hpp>
#include <hawser/sim/fault.hpp>
#include <hawser/sim/spread.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

// What becomes of everything from the nodes of `from` to those of `to`; no nodes named means all. A pair that several
// links name has the last one, whole.
struct Link {
  Names from;
  Names to;
  bool both = true;                          // the other direction too
  Spread delay = Spread::uniform(200, 400);  // us, one way
  std::uint32_t loss = 0;                    // of segments, in millionths
  std::uint64_t rate = 0;                    // bytes per second; 0 is without limit
  std::uint64_t buffer = 1u << 20;           // bytes that one connection holds each way

  friend bool operator==(const Link&, const Link&) = default;
};

enum class Arrival : std::uint8_t {
  constant,  // one every `every`
  poisson,   // the same on average
  burst,     // `burst` at once every `every`
};

// Whom an arrival goes to.
enum class Share : std::uint8_t { each, turn, random };

// Messages of one type from every node of `from` to those of `to`; no nodes named means all, never to oneself unless
// `to` says so.
struct Stream {
  std::string type = "Note";  // one of stream_types()
  Names from;
  Names to;
  Share share = Share::each;
  bool request = false;  // waits for an answer until `ttl`
  Arrival arrival = Arrival::constant;
  Duration every{100'000};
  std::uint64_t burst = 10;
  Spread size = Spread::constant(64);  // bytes beside the envelope
  Duration ttl{2'000'000};
  Duration work{0};           // how long the handler takes, in time of the receiver
  std::uint32_t failing = 0;  // chance that the handler fails, in millionths
  Duration start{0};
  Duration stop{0};  // 0: the end of the scenario

  friend bool operator==(const Stream&, const Stream&) = default;
};

enum class ExpectKind : std::uint8_t {
  peer,      // what `nodes` hold of `peers`: `state`
  stance,    // of `nodes`: `stance`
  alive,     // whether `nodes` run
  outcome,   // how many messages from `nodes` to `peers` ended as `outcome`: min .. max
  event,     // how many entries of kind `event` (and `cause`) the event logs of `nodes` got: min .. max
  handled,   // how many messages from `nodes` the handlers of `peers` saw: min .. max
  recovery,  // after the end: everybody up, breakers closed, within `within`
  rest,      // after that, traffic has ended: nothing held within `within`
};

// Of a state: when it must hold.
enum class ExpectHow : std::uint8_t {
  throughout,  // from `from` to `to`; with `at`, at that time
  eventually,  // at some time in between
  never,
};

struct Expectation {
  ExpectKind kind = ExpectKind::peer;
  ExpectHow how = ExpectHow::throughout;
  Duration from{0};
  Duration to{0};      // 0: the end of the scenario
  Names nodes;         // none named: all
  Names peers;         // none named: all others
  std::string state;   // connecting, up, suspect, unreachable
  std::string stance;  // joining, serving, isolated
  bool alive = true;
  std::string type;     // of messages; empty: all
  std::string outcome;  // a word of OutcomeKind
  std::string event;    // a word of Event::kind
  std::string cause;    // empty: any
  std::uint64_t min = 0;
  std::uint64_t max = unlimited;
  Duration within{15'000'000};

  static constexpr std::uint64_t unlimited = ~std::uint64_t{0} >> 1;
  friend bool operator==(const Expectation&, const Expectation&) = default;
};

// What one node has for itself.
struct NodeSettings {
  ConfigSettings config;  // on top of the scenario's

  friend bool operator==(const NodeSettings&, const NodeSettings&) = default;
};

struct Scenario {
  std::string name;
  std::string about;
  std::uint64_t seed = 1;
  Duration length{30'000'000};
  Names nodes;   // ids, in the order of seniority
  Names stable;  // the core that faults of processes must spare
  ConfigSettings config;
  std::map<std::string, NodeSettings> node;
  std::vector<Link> links;
  std::vector<Stream> streams;
  std::vector<Fault> faults;  // by time
  std::vector<Expectation> expectations;

  friend bool operator==(const Scenario&, const Scenario&) = default;
};

std::string_view to_string(Arrival arrival) noexcept;
std::string_view to_string(Share share) noexcept;
std::string_view to_string(ExpectKind kind) noexcept;
std::string_view to_string(ExpectHow how) noexcept;

// The message types that streams may name.
const std::vector<std::string_view>& stream_types();

// The configuration of one node of the scenario, without peers.
Config config_of(const Scenario& scenario, const std::string& node);
// The link from one node to the other, and what the network is told of it.
Link link_of(const Scenario& scenario, const std::string& from, const std::string& to);
Rule rule_of(const Link& link);

}  // namespace hawser::sim
