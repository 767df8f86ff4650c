// What a node holds of a peer: four states, in the order in which things go wrong.
//
// connecting: nothing known yet, messages wait. up: it answers. suspect: overdue or its connection is lost; no new work
// of low priority, ask the others. unreachable: convicted; sends end at once. The numbers travel in heartbeats: never
// reuse.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace hawser {

enum class PeerState : std::uint8_t { connecting = 0, up = 1, suspect = 2, unreachable = 3 };

std::string_view to_string(PeerState state) noexcept;
std::ostream& operator<<(std::ostream&, PeerState);

}  // namespace hawser
