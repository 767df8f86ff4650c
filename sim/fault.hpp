// Fault: one entry of a timeline: a verb, when, for how long, and its parameters. A plain value.
//
// fault_verbs() is the one table of them: reader, writer, generator, player and documentation are made from it, so that
// a new verb of World is one more row (and a field here, where it has a parameter that nobody had before).
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/sim/rule.hpp>
#include <hawser/sim/spread.hpp>
#include <hawser/sim/world.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::sim {

// Names of nodes.
using Names = std::vector<std::string>;

struct Fault {
  std::string verb;  // one of fault_verbs()
  Duration at{0};
  Duration lasts{0};  // then it is undone; 0: until something else undoes it

  Names on;                   // the nodes it happens to
  Names from;                 // links: from these
  Names to;                   // to these
  bool both = true;           // the other direction too
  std::vector<Names> groups;  // sides of a partition
  Cut cut = Cut::blackhole;
  Spread delay;
  std::uint32_t loss = 0;  // chances, in millionths
  std::uint32_t enter = 0;
  std::uint32_t leave = always;
  std::uint32_t duplicate = 0;
  std::uint32_t replay = 0;
  std::uint32_t corrupt = 0;
  std::uint32_t truncate = 0;
  Duration extra_delay{0};
  std::uint64_t rate = 0;             // bytes per second
  std::uint64_t buffer = 1u << 20;    // bytes
  std::uint64_t frame_bytes_max = 0;  // bytes
  LaneClass lane = LaneClass::ordinary;
  Notice notice = Notice::both;
  Duration down{0};
  Duration up{0};
  ProcessEnd how = ProcessEnd::silent;
  bool keep_disk = true;
  Duration cost{0};
  std::int64_t ppm = 0;
  Duration by{0};
  Duration late{0};
  std::uint64_t limit = 0;
  std::string instead;
  std::string type;                              // one of stream_types()
  FaultPoint point = FaultPoint::flush_delayed;  // fault_point
  std::uint32_t chance = 0;                      // that it fires, in millionths
  std::uint64_t held = 0;                        // bytes
  std::uint64_t port = 0;
  std::uint64_t version_min = 1;
  std::uint64_t version_max = 1;

  friend bool operator==(const Fault&, const Fault&) = default;
};

struct Scenario;

// What the functions of a verb work with.
struct FaultStage {
  World& world;
  const Scenario& scenario;
};

struct FaultVerb {
  std::string_view name;
  std::string_view keys;      // those it must have, separated by blanks: keys of the table in scenario_keys.cpp
  std::string_view optional;  // those it may have, beside `at`
  std::string_view sentence;  // what it does
  void (*begin)(const FaultStage& stage, const Fault& fault) = nullptr;
  void (*end)(const FaultStage& stage, const Fault& fault) = nullptr;  // null: nothing to undo, and no key `for`
  bool of_processes = false;                                           // the stable core is spared
};

std::span<const FaultVerb> fault_verbs();
// Null when there is none of that name.
const FaultVerb* find_fault_verb(std::string_view name);

}  // namespace hawser::sim
