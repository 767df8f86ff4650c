// How a cluster decides which side of a cut may go on: the name of a coterie (coterie.hpp).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string_view>

namespace hawser {

enum class Strategy : std::uint8_t {
  none,           // everybody always serves, and nobody is ever told `removed`
  keep_majority,  // more than half of the weight; exactly half counts only with the first voter
  static_quorum,  // at least k voters, 2k > n
  keep_oldest,    // the senior with anybody, or all but the senior; of one or two voters the senior alone decides
  referee,        // every set with the named member
  arbiter,        // one vote, outside the cluster
};
inline constexpr std::size_t strategy_count = 6;

std::string_view to_string(Strategy strategy) noexcept;
std::ostream& operator<<(std::ostream&, Strategy);
// By its name, as in a configuration file.
std::optional<Strategy> strategy_of(std::string_view name) noexcept;

}  // namespace hawser
