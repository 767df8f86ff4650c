// May this node act for the cluster now? Joining: it never has in this life. Serving: it holds a lease of a quorum.
// Isolated: it held one and does not now. The numbers travel in heartbeats: never reuse.
//
// The causes are the vocabulary of the Reason beside a stance.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace hawser {

enum class Stance : std::uint8_t { joining = 0, serving = 1, isolated = 2 };
std::string_view to_string(Stance stance) noexcept;
std::ostream& operator<<(std::ostream&, Stance);

namespace stance_cause {
// joining
inline constexpr std::string_view starting = "starting";        // nothing decided yet
inline constexpr std::string_view memory_lost = "memory_lost";  // its vote is forgotten: silent until next_at
inline constexpr std::string_view asking = "asking";            // and asking, until a quorum or everybody has answered
inline constexpr std::string_view no_view = "no_view";          // no view with it has been granted yet
// serving
inline constexpr std::string_view no_strategy = "no_strategy";  // nobody is ever removed
inline constexpr std::string_view joined = "joined";            // it entered a view, and may have been out before
inline constexpr std::string_view continued = "continued";      // it entered the next view without having been out
inline constexpr std::string_view resumed = "resumed";          // its quorum answers again in the same view
// isolated
inline constexpr std::string_view lease_ended = "lease_ended";  // no quorum answered within the lease
inline constexpr std::string_view superseded = "superseded";    // and a newer view was granted meanwhile
inline constexpr std::string_view resigned = "resigned";        // it accepted a view without itself
inline constexpr std::string_view leaving = "leaving";          // it stops on purpose
}  // namespace stance_cause

}  // namespace hawser
