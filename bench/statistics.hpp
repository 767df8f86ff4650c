// Minimum, median and maximum of a handful of values.
#pragma once

#include <algorithm>
#include <vector>

namespace hawser::bench {

struct Spread {
  double min = 0;
  double median = 0;
  double max = 0;
};

// Zeroes without values. The median of an even number is the mean of the two in the middle.
inline Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {values.front(), median, values.back()};
}

}  // namespace hawser::bench
