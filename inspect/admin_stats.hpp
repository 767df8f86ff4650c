// What clients of the admin endpoints did to them; monotone but for `open` and `streams`.
#pragma once

#include <cstdint>

namespace hawser {

struct HttpServerStats {
  std::uint64_t accepted = 0;
  std::uint64_t turned_away = 0;  // beyond connections_max
  std::uint64_t open = 0;
  std::uint64_t answers = 0;
  std::uint64_t timeouts = 0;         // requests that did not come, or answers that were not taken, in time
  std::uint64_t failures = 0;         // exceptions, which cost their connection
  std::uint64_t streams = 0;          // live streams that are open
  std::uint64_t streams_dropped = 0;  // streams that did not read
  std::uint64_t streams_refused = 0;  // beyond streams_max
  std::uint64_t actions = 0;          // carried out
  std::uint64_t actions_refused = 0;  // for want of permission
};

}  // namespace hawser
