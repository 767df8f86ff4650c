#include "stopwatch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace hawser::bench {

namespace {

std::int64_t used_us(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

}  // namespace

std::int64_t cpu_us() { return used_us(RUSAGE_SELF); }

std::int64_t kernel_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_stime.tv_sec * 1'000'000 + usage.ru_stime.tv_usec;
}

double resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::int64_t family_cpu_us() { return used_us(RUSAGE_SELF) + used_us(RUSAGE_CHILDREN); }

std::int64_t machine_busy_us() {
  // The first line of /proc/stat: user nice system idle iowait irq softirq steal, in clock ticks.
  std::ifstream file{"/proc/stat"};
  std::string name;
  file >> name;
  std::int64_t ticks = 0;
  for (int column = 0; column < 8; ++column) {
    std::int64_t value = 0;
    file >> value;
    const bool idle = column == 3 || column == 4;
    if (!idle) ticks += value;
  }
  return ticks * 1'000'000 / sysconf(_SC_CLK_TCK);
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
