// How many calls at once are useful: found out from the delay that concurrency itself causes.
//
// Vegas' idea (Brakmo and Peterson, 1995; Netflix concurrency-limits): limit x (1 - baseline / latency) is the queue we
// build behind the wall. A window of calls whose queue is small and which used the limit raises it by about its square
// root; one with a long queue lowers it by the gradient baseline / latency, by half at most; an overloaded reply lowers
// it too. The baseline is the best latency of late; a service that has grown slower raises it, but only while latency
// does not go with concurrency (a correlation guard, as in failsafe-go): else an overload would teach it that slow is
// normal. Invariants: limit_min <= limit <= limit_max; integers only; a window without enough calls changes nothing.
#pragma once

#include <hawser/base/histogram.hpp>
#include <hawser/base/time.hpp>

#include <array>
#include <cstdint>

namespace hawser {

struct AdaptiveLimitConfig {
  std::uint32_t limit_min = 4;      // the floors behind it, at least; 1 .. limit_initial
  std::uint32_t limit_initial = 8;  // limit_min .. limit_max; low, because too high a start is a queue behind the wall
  std::uint32_t limit_max = 1000;   // .. 1 000 000
  Duration window{200'000};         // above 0, not `forever`
  std::uint64_t samples_min = 10;   // calls below which a window goes on; 1 ..
  std::uint32_t backoff_permille = 900;     // what an overloaded window leaves of the limit; 500 .. 999
  std::uint32_t tolerance_permille = 1500;  // latency up to baseline x this is no queue; 1000 .. 10 000
  std::uint32_t baseline_windows = 20;      // a baseline that was not met for so many windows may rise; 2 ..
  bool observe_only = false;                // limit() stays limit_max; would_be() moves
};

class AdaptiveLimit {
 public:
  // REQUIRES: problems_of(config).empty() (coherence.hpp).
  explicit AdaptiveLimit(const AdaptiveLimitConfig& config, Instant now = Instant{});

  // A call ended. `in_flight`: how many were under way when it began, itself included. `overloaded`: what is behind
  // refused or timed it out; its latency then counts as well. Ignored ends are not reported.
  void sample(Instant now, Duration took, std::uint32_t in_flight, bool overloaded = false);

  std::uint32_t limit() const noexcept { return config_.observe_only ? config_.limit_max : limit_; }
  std::uint32_t would_be() const noexcept { return limit_; }
  Duration baseline() const noexcept { return baseline_; }  // zero while nothing is known
  // Of latency with concurrency over the last 16 windows, in hundredths: -100 .. 100; 0 while nothing is known.
  int correlation() const noexcept;
  std::uint64_t raised() const noexcept { return raised_; }
  std::uint64_t lowered() const noexcept { return lowered_; }
  const AdaptiveLimitConfig& config() const noexcept { return config_; }

 private:
  static constexpr std::size_t history = 16;
  struct Window {
    std::int64_t in_flight = 0;  // mean x 16
    std::int64_t latency = 0;    // us
  };

  void close(Instant now);
  void learn_baseline(Duration latency);

  AdaptiveLimitConfig config_;
  std::uint32_t limit_;
  Duration baseline_{0};
  std::uint32_t unmet_ = 0;  // windows since the baseline was last met
  Instant window_began_;
  Histogram latencies_;
  std::uint64_t in_flight_sum_ = 0;
  std::uint32_t in_flight_max_ = 0;
  std::uint64_t overloaded_ = 0;
  std::array<Window, history> windows_{};
  std::size_t windows_seen_ = 0;
  std::uint64_t raised_ = 0;
  std::uint64_t lowered_ = 0;
};

}  // namespace hawser
