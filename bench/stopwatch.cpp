#include "stopwatch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <sched.h>
#include <sys/resource.h>

namespace hawser::bench {

std::int64_t cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

void pin_to_cpu(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) {
    throw std::runtime_error("cannot run on CPU " + std::to_string(cpu) + ": " + std::strerror(errno));
  }
}

double Latencies::percentile_us(unsigned permille) {
  if (nanoseconds_.empty()) return 0;
  const std::size_t rank = std::max<std::size_t>(1, (nanoseconds_.size() * permille + 999) / 1000) - 1;
  const auto nth = nanoseconds_.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(nanoseconds_.begin(), nth, nanoseconds_.end());
  return static_cast<double>(*nth) / 1000.0;
}

}  // namespace hawser::bench
