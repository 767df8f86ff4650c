// `hawser replay detector`: failure detectors on recorded heartbeats, side by side.
//
// For each setting and detector: phi over time, the mistakes it would have made, and how long it would have taken had
// the peer crashed right after each reply. docs/replay.md describes trace, settings and columns.
#pragma once

#include "detector_trial.hpp"
#include "heartbeat_trace.hpp"

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace hawser::tools {

struct ReplayDetectorOptions {
  std::vector<std::string> configs;  // files; empty: the defaults
  std::vector<std::string> at;       // instants, for example 12s
  std::string mistakes_per_day;      // recommend thresholds for that; empty: do not
  bool json = false;
  bool summary = false;
};

struct DetectorVerdict {
  std::uint64_t mistakes = 0;  // replies that came after the conviction
  Duration wrong{0};           // from those convictions to those replies
  Duration watched{0};         // from the first reply to the last
  // Had it crashed right after each reply; the first ten are left out, as every detector still learns.
  Duration detection_min{0};
  Duration detection_median{0};
  Duration detection_p99{0};
  Duration detection_max{0};
  double mistakes_per_day() const noexcept;
};

inline constexpr std::size_t detector_warm_up = 10;

// REQUIRES: at least two arrivals, by time.
DetectorVerdict judge(DetectorKind kind, const DetectorSettings& settings, const std::vector<Instant>& arrivals);

// The lowest threshold of those tried that makes at most so many mistakes; nothing when none does.
std::optional<double> recommend(DetectorKind kind, const DetectorSettings& settings,
                                const std::vector<Instant>& arrivals, double mistakes_per_day);

struct NamedSettings {
  std::string name;  // of the file, or `default`
  DetectorSettings settings;
};

// Every sentence about what is wrong with the text of a settings file.
std::vector<std::string> read_detector_settings(const std::string& text, DetectorSettings& settings);
std::string detector_keys();

struct DetectorReplay {
  std::vector<NamedSettings> settings;
  std::vector<Instant> at;  // in order
  std::optional<double> mistakes_per_day;
  bool json = false;
  bool summary = false;
};

void replay_detector(const DetectorReplay& replay, const HeartbeatTrace& trace, std::ostream& out,
                     std::string& problem);

// From standard input to standard output. Exit codes of exit_code.hpp.
int replay_detector(const ReplayDetectorOptions& options);

}  // namespace hawser::tools
