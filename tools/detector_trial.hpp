// Failure detectors to be held against the same trace: ours, a fixed timeout, and two others by their formulas.
//
// All take replies and say at which silence they would convict. The two formulas are written from their descriptions
// and checked against numbers computed by hand; docs/replay.md names where they are described and in what these differ.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/detector/phi_accrual.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace hawser::tools {

// The settings of one column of the comparison; a file of `key = value` sets them.
struct DetectorSettings {
  PhiConfig phi;
  double threshold = 8.0;             // of ours; 0.1 .. 300
  Duration timeout{800'000};          // of the fixed one
  double akka_threshold = 8.0;        // 0.1 .. 300
  Duration akka_pause{3'000'000};     // acceptable-heartbeat-pause
  Duration akka_deviation{100'000};   // min-std-deviation; above 0
  std::uint64_t akka_window = 1'000;  // max-sample-size; 2 ..
  double cassandra_threshold = 8.0;   // phi_convict_threshold; 0.1 .. 300
  std::uint64_t cassandra_window = 1'000;
};

class DetectorTrial {
 public:
  virtual ~DetectorTrial() = default;
  virtual void heartbeat(Instant now) = 0;
  // Infinite or not a number where the formula gives that. A fixed timeout has none: the silence over the timeout.
  virtual double phi(Instant now) const = 0;
  // The silence after the last reply at which it convicts.
  virtual Duration silence() const = 0;
};

enum class DetectorKind : std::uint8_t { hawser, fixed, akka, cassandra };
inline constexpr std::size_t detector_kinds = 4;
std::string_view to_string(DetectorKind kind) noexcept;

// `first` is the first reply of the trace; it has been taken.
std::unique_ptr<DetectorTrial> make_trial(DetectorKind kind, const DetectorSettings& settings, Instant first);

// The threshold that `kind` is tuned by, in phi; of the fixed one in seconds.
double threshold_of(DetectorKind kind, const DetectorSettings& settings);
void set_threshold(DetectorKind kind, DetectorSettings& settings, double threshold);

// -log10 of the tail by the logistic fit y (1.5976 + 0.070566 y^2).
double logistic_phi(double deviations);

}  // namespace hawser::tools
