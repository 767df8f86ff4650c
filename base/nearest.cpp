#include <hawser/base/nearest.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace hawser {
namespace {

constexpr std::size_t name_size_max = 64;  // longer ones are compared with nothing: the cost is quadratic

using Row = std::array<std::size_t, name_size_max + 1>;

// Optimal string alignment distance (Damerau-Levenshtein without overlapping swaps), three rows at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  Row before{};
  Row above{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t best_distance = name_size_max;
  if (wrong.size() > name_size_max) return best;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > name_size_max) continue;
    const std::size_t edits = distance(wrong, candidate);
    if (edits < best_distance) {
      best = candidate;
      best_distance = edits;
    }
  }
  return best_distance <= std::max<std::size_t>(1, best.size() / 3) ? best : std::string_view{};
}

}  // namespace hawser
