// What a measuring process reads off the machine: wall time, its own CPU time, and percentiles of latencies.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace hawser::bench {

using WallClock = std::chrono::steady_clock;

inline double seconds_since(WallClock::time_point start) {
  return std::chrono::duration<double>(WallClock::now() - start).count();
}

// User and system time of all threads of this process so far.
std::int64_t cpu_us();
std::int64_t kernel_us();  // the part of it that was spent in the kernel
double resident_bytes();   // memory of this process that is there now

// CPU time of the whole machine since it started, and of this process with the children that have ended. What the
// machine spent beyond ours went to others, or to the hypervisor.
std::int64_t machine_busy_us();
std::int64_t family_cpu_us();

// Binds this thread, and all that it starts from now on, to one CPU. Throws std::runtime_error when the kernel refuses.
void pin_to_cpu(int cpu);

// Latencies of one run, in nanoseconds. Room is taken ahead, so that recording does not allocate.
class Latencies {
 public:
  Latencies() { nanoseconds_.reserve(1u << 20); }
  void record(std::chrono::nanoseconds took) { nanoseconds_.push_back(static_cast<std::uint32_t>(took.count())); }
  std::size_t size() const noexcept { return nanoseconds_.size(); }
  // The smallest recorded value that at least `permille` thousandths do not exceed; 0 without any.
  double percentile_us(unsigned permille);

 private:
  std::vector<std::uint32_t> nanoseconds_;
};

}  // namespace hawser::bench
