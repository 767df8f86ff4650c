#include "replay_detector.hpp"

#include "replay_rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

namespace hawser::tools {
namespace {

constexpr double day_us = 86'400e6;
constexpr std::array<DetectorKind, detector_kinds> kinds{DetectorKind::hawser, DetectorKind::fixed, DetectorKind::akka,
                                                         DetectorKind::cassandra};

std::string column(DetectorKind kind, const char* what) { return std::string{to_string(kind)} + "_" + what; }

// One setting over the whole trace, with a row before each reply and at each instant asked for.
class Rows {
 public:
  Rows(const NamedSettings& named, const std::vector<Instant>& arrivals, const std::vector<Instant>& at,
       ReplayRows& rows)
      : named_(named), arrivals_(arrivals), at_(at), rows_(rows), last_(arrivals.front()) {
    for (const DetectorKind kind : kinds) trials_.push_back(make_trial(kind, named.settings, last_));
  }
  void write() {
    std::size_t next = 0;
    const auto asked_before = [&](Instant now) {
      for (; next < at_.size() && at_[next] < now; ++next) {
        if (at_[next] >= last_) row("at", at_[next]);
      }
    };
    for (std::size_t i = 1; i < arrivals_.size(); ++i) {
      asked_before(arrivals_[i]);
      row("reply", arrivals_[i]);
      for (const auto& trial : trials_) trial->heartbeat(arrivals_[i]);
      last_ = arrivals_[i];
    }
    asked_before(never);
  }

 private:
  void row(std::string_view event, Instant now) {
    ReplayRow row;
    row.add("time", to_us(now)).text("settings", named_.name).word("event", event).add("silence", until(last_, now));
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      const Duration detection = trials_[i]->silence();
      row.real(column(kinds[i], "phi"), trials_[i]->phi(now));
      row.add(column(kinds[i], "detection"), detection);
      row.add(column(kinds[i], "convicts"), until(last_, now) >= detection ? 1 : 0);
    }
    rows_.write(row);
  }

  const NamedSettings& named_;
  const std::vector<Instant>& arrivals_;
  const std::vector<Instant>& at_;
  ReplayRows& rows_;
  Instant last_;
  std::vector<std::unique_ptr<DetectorTrial>> trials_;
};

// Timeouts between a heartbeat and everything that was seen are tried by what was seen; phi by quarters.
std::vector<double> thresholds_to_try(DetectorKind kind, const std::vector<Instant>& arrivals) {
  std::vector<double> tried;
  if (kind == DetectorKind::fixed) {
    for (std::size_t i = 1; i < arrivals.size(); ++i) {
      tried.push_back(static_cast<double>((arrivals[i] - arrivals[i - 1]).count() + 1) / 1e6);
    }
    std::sort(tried.begin(), tried.end());
    tried.erase(std::unique(tried.begin(), tried.end()), tried.end());
  } else {
    for (int quarter = 4; quarter <= 80; ++quarter) tried.push_back(quarter / 4.0);
  }
  return tried;
}

ReplayRow table_row(const NamedSettings& named, DetectorKind kind, const DetectorVerdict& verdict) {
  ReplayRow row;
  row.text("settings", named.name)
      .word("detector", to_string(kind))
      .real("threshold", threshold_of(kind, named.settings))
      .add("mistakes", verdict.mistakes)
      .real("mistakes_per_day", verdict.mistakes_per_day())
      .add("wrong", verdict.wrong)
      .add("detection_min", verdict.detection_min)
      .add("detection_median", verdict.detection_median)
      .add("detection_p99", verdict.detection_p99)
      .add("detection_max", verdict.detection_max);
  return row;
}

void recommend_in(ReplayRow& row, const NamedSettings& named, DetectorKind kind, const std::vector<Instant>& arrivals,
                  double wanted) {
  const auto threshold = recommend(kind, named.settings, arrivals, wanted);
  DetectorSettings chosen = named.settings;
  if (threshold) set_threshold(kind, chosen, *threshold);
  row.real("recommended", threshold ? *threshold : std::nan(""));
  const Duration median = threshold ? judge(kind, chosen, arrivals).detection_median : Duration{0};
  row.add_optional("recommended_detection", threshold.has_value(), median.count());
}

}  // namespace

double DetectorVerdict::mistakes_per_day() const noexcept {
  if (watched <= Duration::zero()) return 0;
  return static_cast<double>(mistakes) * day_us / static_cast<double>(watched.count());
}

DetectorVerdict judge(DetectorKind kind, const DetectorSettings& settings, const std::vector<Instant>& arrivals) {
  DetectorVerdict verdict;
  const auto trial = make_trial(kind, settings, arrivals.front());
  std::vector<Duration> detections;
  const std::size_t learning = arrivals.size() > 2 * detector_warm_up ? detector_warm_up : 0;
  for (std::size_t i = 1; i <= arrivals.size(); ++i) {
    const Duration silence = trial->silence();
    if (i > learning) detections.push_back(silence);
    if (i == arrivals.size()) break;
    const Duration gap = arrivals[i] - arrivals[i - 1];
    if (gap >= silence) {
      ++verdict.mistakes;
      verdict.wrong += gap - silence;
    }
    trial->heartbeat(arrivals[i]);
  }
  verdict.watched = arrivals.back() - arrivals.front();
  std::sort(detections.begin(), detections.end());
  verdict.detection_min = detections.front();
  verdict.detection_median = detections[(detections.size() - 1) / 2];
  verdict.detection_p99 = detections[(detections.size() - 1) * 99 / 100];
  verdict.detection_max = detections.back();
  return verdict;
}

std::optional<double> recommend(DetectorKind kind, const DetectorSettings& settings,
                                const std::vector<Instant>& arrivals, double mistakes_per_day) {
  const std::vector<double> tried = thresholds_to_try(kind, arrivals);
  const auto enough = [&](double threshold) {
    DetectorSettings chosen = settings;
    set_threshold(kind, chosen, threshold);
    return judge(kind, chosen, arrivals).mistakes_per_day() <= mistakes_per_day;
  };
  if (kind == DetectorKind::fixed) {  // a longer timeout never makes more mistakes
    const auto found = std::partition_point(tried.begin(), tried.end(), [&](double t) { return !enough(t); });
    return found == tried.end() ? std::nullopt : std::optional{*found};
  }
  const auto found = std::find_if(tried.begin(), tried.end(), enough);
  return found == tried.end() ? std::nullopt : std::optional{*found};
}

void replay_detector(const DetectorReplay& replay, const HeartbeatTrace& trace, std::ostream& out,
                     std::string& problem) {
  if (trace.lines.size() < 2) {
    problem = "a trace needs at least two replies, and has " + std::to_string(trace.lines.size());
    return;
  }
  ReplayRows rows{out, replay.json, replay.summary};
  std::vector<ReplayRow> table;
  for (const NamedSettings& named : replay.settings) {
    const std::vector<Instant> arrivals = trace.arrivals(named.settings.phi.interval);
    if (!replay.summary) Rows{named, arrivals, replay.at, rows}.write();
    for (const DetectorKind kind : kinds) {
      ReplayRow row = table_row(named, kind, judge(kind, named.settings, arrivals));
      if (replay.mistakes_per_day) recommend_in(row, named, kind, arrivals, *replay.mistakes_per_day);
      table.push_back(std::move(row));
    }
  }
  rows.table(table);
}

}  // namespace hawser::tools
