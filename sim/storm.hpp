// A storm: hardships of all kinds in a timeline that is a function of its seed, and their end.
//
// Each hardship has a start and a stop; several may overlap, and the last stop is followed by a general relief, after
// which every link is clean and every host runs. Nodes named as stable are never crashed or paused. The timeline is a
// value, which can be printed, shortened and played again. A stop that heals a link heals it from all that was cut
// there.
#pragma once

#include <hawser/sim/world.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace hawser::sim {

enum class Hardship : std::uint8_t {
  partition,   // nodes | others; black hole
  jam,         // the same; everything comes at its end
  cut_reset,   // the same; connections are reset first
  one_way,     // node -> other
  reset,       // node, other; at the start only
  crash,       // node; restarted at the stop, with its disk
  crash_lost,  // the same, without its disk
  pause,       // node
  delay,       // node <-> other, 20 .. 60 ms each way
  loss,        // node <-> other, 2 %
  flap,        // node, other; down and up until the stop
};
inline constexpr std::size_t hardship_count = 11;
std::string_view to_string(Hardship what) noexcept;

struct StormEvent {
  Hardship what = Hardship::partition;
  WorldTime start = world_begin;
  WorldTime stop = world_begin;
  Group nodes;  // one side
  Group others;

  friend bool operator==(const StormEvent&, const StormEvent&) = default;
};
std::ostream& operator<<(std::ostream& out, const StormEvent& event);

struct StormOptions {
  std::uint64_t seed = 1;
  Duration calm_first{1'500'000};  // so that the nodes have met
  Duration length{6'000'000};      // from the first start possible to the last stop possible
  std::uint32_t events = 5;
  Duration shortest{200'000};
  Duration longest{3'000'000};
  Group stable;  // never crashed or paused
};

struct Storm {
  std::vector<StormEvent> events;  // by start
  WorldTime over = world_begin;    // the general relief
};

// REQUIRES: at least two nodes, one of them not stable, and shortest <= longest <= length.
Storm make_storm(const Group& nodes, const StormOptions& options);
// Plans all of it in the world, whose hosts must be those the storm was made for.
void play(World& world, const Storm& storm);

}  // namespace hawser::sim
