// What the kit promises of each disaster, and what of it a run did not keep.
#pragma once

#include "disaster_stage.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hawser::tools {

// One disaster with one seed, both ways.
struct DisasterRow {
  const DisasterPlot* plot;
  DisasterSide naive;
  DisasterSide guarded;
};

struct BrokenPromise {
  std::string_view promise;  // one of the names below
  std::string sentence;      // what was seen instead
};
namespace promises {
inline constexpr std::string_view before = "answered before the fault";
inline constexpr std::string_view during = "answered while it lasts";
inline constexpr std::string_view refusals = "refused at once";
inline constexpr std::string_view healing = "healed by itself";
inline constexpr std::string_view timeout = "timeout near p95 + margin";
inline constexpr std::string_view comparison = "better than the naive node";
}  // namespace promises

// Of one side, whichever: what is promised of the guarded one and this one did not keep. In the order above, but for
// the comparison.
std::vector<BrokenPromise> broken_promises(const DisasterPlot& plot, const DisasterSide& side);
// Of the guarded side, and that it is better than the other.
std::vector<BrokenPromise> broken_promises(const DisasterRow& row);

// Until when a side must have healed: its open time and 5 s, after the fault's end.
Duration heal_bound(const DisasterSide& side) noexcept;
// How long refusals took (p99): of those that are counted, while it lasted and after it, or of the crowd, whichever
// took longer; nothing when nobody was refused.
std::optional<Duration> refused_in(const DisasterSide& side);
// By how many thousandths of p95 + margin a timeout was off.
std::int64_t timeout_error_permille(const DisasterTimeout& timeout) noexcept;

}  // namespace hawser::tools
