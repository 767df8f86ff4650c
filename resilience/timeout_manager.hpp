// How long to wait for an answer, per operation: clamp(percentile x factor + margin) over a sliding window of what
// answers really took.
//
// Karn's rule: a call that was retried is no sample, nobody knows which attempt was answered. A call that timed out is
// a sample of "longer than that": each one in a row doubles the timeout, until an answer comes (RFC 6298, 5.5), so a
// jump of the service time is followed within one window instead of being cut off for ever by the timeout it exceeds.
// Invariants: the answer lies in [timeout_min, timeout_max]; integers only; memory is bounded by operations_max times
// slices times a histogram (at most 30 kB, 5 kB for answers under a second). Pure; not thread safe.
#pragma once

#include <hawser/base/histogram.hpp>
#include <hawser/base/time.hpp>

#include <cstdint>
#include <map>
#include <vector>

namespace hawser {

struct TimeoutConfig {
  std::uint32_t percentile_ppm = 990'000;  // 1 .. 1 000 000
  std::uint32_t hedge_ppm = 950'000;       // for hedge_after
  std::uint32_t factor_permille = 1500;    // on the percentile; >= 1000
  Duration margin{10'000};                 // on top; 0 ..
  Duration timeout_min{100'000};           // above 0; less than a busy machine stalls makes failures of its own
  Duration timeout_max{10'000'000};        // >= timeout_min
  Duration initial{1'000'000};             // until samples_min answers are known; clamped to the two above
  std::uint64_t samples_min = 20;
  Duration window{60'000'000};        // above 0
  std::uint32_t slices = 6;           // the window forgets in steps of window / slices; 1 ..
  std::size_t operations_max = 1024;  // beyond them, the one unused for longest is forgotten
  bool observe_only = false;          // timeout() stays at `initial`; suggested() is what it would be
};

// Of what is in the window now; zeros while nothing is known.
struct LatencyPercentiles {
  std::uint64_t samples = 0;
  Duration p50{0};
  Duration p95{0};
  Duration p99{0};

  friend bool operator==(const LatencyPercentiles&, const LatencyPercentiles&) = default;
};

class TimeoutManager {
 public:
  // REQUIRES: the ranges above.
  explicit TimeoutManager(const TimeoutConfig& config);

  // An answer to a first attempt (retried = false is a sample) or to a call that was retried (only ends a row of
  // timeouts).
  void answered(std::uint64_t operation, Instant now, Duration took, bool retried = false);
  // The attempt ran into the timeout it had been given.
  void timed_out(std::uint64_t operation, Instant now, Duration waited);

  // For the next attempt.
  Duration timeout(std::uint64_t operation, Instant now);
  // The same, in observe_only too.
  Duration suggested(std::uint64_t operation, Instant now);
  // Merges the window: for people, not for every call.
  LatencyPercentiles percentiles(std::uint64_t operation, Instant now);
  // When a second, hedging attempt would be worth it; `forever` while too little is known.
  Duration hedge_after(std::uint64_t operation, Instant now);

  std::uint64_t samples(std::uint64_t operation, Instant now);
  std::size_t operations() const noexcept { return operations_.size(); }

 private:
  struct Operation {
    std::vector<Histogram> slices;
    std::int64_t slice = 0;  // the number of the one now filled
    Instant used{};
    std::uint32_t timeouts_in_row = 0;
    // What the merged window says; computed anew when a slice ends or samples have grown by an eighth.
    std::uint64_t known = 0;
    std::uint64_t known_at = 0;  // samples at the last computation
    Duration percentile{0};
    Duration hedge{0};
    bool stale = true;
  };

  Operation& operation(std::uint64_t id, Instant now);
  void merge(const Operation& op);
  void refresh(Operation& op);
  Duration clamped(Duration timeout) const noexcept;

  TimeoutConfig config_;
  std::int64_t slice_us_;
  std::map<std::uint64_t, Operation> operations_;
  Histogram merged_;  // kept for its memory, so that a known operation's next timeout allocates nothing
};

}  // namespace hawser
