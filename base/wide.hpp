// 128-bit integers for products and sums of 64-bit ones. A compiler extension, named here once.
#pragma once

#include <cstdint>

namespace hawser {

__extension__ typedef unsigned __int128 Uint128;

// floor(a x b / divisor), or the largest value where that does not fit. REQUIRES: divisor > 0.
constexpr std::uint64_t multiply_divide(std::uint64_t a, std::uint64_t b, std::uint64_t divisor) noexcept {
  const Uint128 result = Uint128{a} * b / divisor;
  return result > ~std::uint64_t{0} ? ~std::uint64_t{0} : static_cast<std::uint64_t>(result);
}

// The same for durations and thousandths: saturates at the largest Duration. REQUIRES: value >= 0.
constexpr std::int64_t scale_permille(std::int64_t value, std::uint64_t permille) noexcept {
  constexpr auto largest = static_cast<std::uint64_t>(INT64_MAX);
  const std::uint64_t result = multiply_divide(static_cast<std::uint64_t>(value), permille, 1000);
  return static_cast<std::int64_t>(result < largest ? result : largest);
}

}  // namespace hawser
