#include "detector_trial.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace hawser::tools {
namespace {

Duration up(double us) { return Duration{static_cast<std::int64_t>(std::ceil(std::clamp(us, 0.0, 9e18)))}; }
double us_of(Duration d) { return static_cast<double>(d.count()); }

class Ours final : public DetectorTrial {
 public:
  Ours(const DetectorSettings& settings, Instant first)
      : detector_(settings.phi, first), threshold_(settings.threshold) {}
  void heartbeat(Instant now) override {
    // As a peer that was convicted comes back: the gap is no interval.
    if (now >= detector_.suspect_at(threshold_)) return detector_.outage_over(now);
    detector_.heartbeat(now);
  }
  double phi(Instant now) const override { return detector_.phi(now); }
  Duration silence() const override { return detector_.silence_until(threshold_); }

 private:
  PhiAccrualDetector detector_;
  PhiThreshold threshold_;
};

class Fixed final : public DetectorTrial {
 public:
  Fixed(const DetectorSettings& settings, Instant first) : timeout_(settings.timeout), last_(first) {}
  void heartbeat(Instant now) override { last_ = now; }
  double phi(Instant now) const override { return us_of(until(last_, now)) / us_of(timeout_); }
  Duration silence() const override { return timeout_; }

 private:
  Duration timeout_;
  Instant last_;
};

// Mean and deviation of the last intervals, in whole microseconds so that nothing drifts.
class Intervals {
 public:
  explicit Intervals(std::uint64_t most) : most_(most) {}
  void add(Duration interval) {
    if (held_.size() == most_) {
      sum_ -= held_.front();
      squares_ -= held_.front() * held_.front();
      held_.pop_front();
    }
    held_.push_back(us_of(interval));
    sum_ += held_.back();
    squares_ += held_.back() * held_.back();
  }
  double mean() const { return sum_ / static_cast<double>(held_.size()); }
  double deviation() const {
    const double m = mean();
    return std::sqrt(std::max(squares_ / static_cast<double>(held_.size()) - m * m, 0.0));
  }

 private:
  std::uint64_t most_;
  std::deque<double> held_;
  double sum_ = 0;
  double squares_ = 0;
};

// Bootstrapped with the estimate -+ a quarter; an interval that ended a conviction is left out of the history.
class Akka final : public DetectorTrial {
 public:
  Akka(const DetectorSettings& s, Instant first) : settings_(s), history_(s.akka_window), last_(first) {
    history_.add(s.phi.interval - s.phi.interval / 4);
    history_.add(s.phi.interval + s.phi.interval / 4);
    double below = -10;
    double above = 1'000;
    for (int i = 0; i < 200; ++i) {
      const double middle = (below + above) / 2;
      (logistic_phi(middle) >= s.akka_threshold ? above : below) = middle;
    }
    deviations_ = above;
  }
  void heartbeat(Instant now) override {
    if (now - last_ < silence()) history_.add(now - last_);
    last_ = now;
  }
  double phi(Instant now) const override { return logistic_phi((us_of(until(last_, now)) - center()) / deviation()); }
  Duration silence() const override { return up(center() + deviations_ * deviation()); }

 private:
  double center() const { return history_.mean() + us_of(settings_.akka_pause); }
  double deviation() const { return std::max(history_.deviation(), us_of(settings_.akka_deviation)); }

  DetectorSettings settings_;
  Intervals history_;
  Instant last_;
  double deviations_ = 0;
};

// The exponential tail: phi grows with silence over the mean. Intervals above twice the configured one are left out of
// the history, which begins with one of that length.
class Cassandra final : public DetectorTrial {
 public:
  Cassandra(const DetectorSettings& s, Instant first)
      : longest_(s.phi.interval * 2), threshold_(s.cassandra_threshold), history_(s.cassandra_window), last_(first) {
    history_.add(longest_);
  }
  void heartbeat(Instant now) override {
    if (now - last_ <= longest_) history_.add(now - last_);
    last_ = now;
  }
  double phi(Instant now) const override { return us_of(until(last_, now)) / history_.mean() / std::log(10.0); }
  // Above the threshold, not at it.
  Duration silence() const override {
    return Duration{static_cast<std::int64_t>(std::min(threshold_ * history_.mean() * std::log(10.0), 9e18))} +
           Duration{1};
  }

 private:
  Duration longest_;
  double threshold_;
  Intervals history_;
  Instant last_;
};

}  // namespace

double logistic_phi(double y) {
  const double e = std::exp(-y * (1.5976 + 0.070566 * y * y));
  return y > 0 ? -std::log10(e / (1.0 + e)) : -std::log10(1.0 - 1.0 / (1.0 + e));
}

std::string_view to_string(DetectorKind kind) noexcept {
  switch (kind) {
    case DetectorKind::hawser:
      return "hawser";
    case DetectorKind::fixed:
      return "fixed";
    case DetectorKind::akka:
      return "akka";
    case DetectorKind::cassandra:
      return "cassandra";
  }
  return "?";
}

std::unique_ptr<DetectorTrial> make_trial(DetectorKind kind, const DetectorSettings& settings, Instant first) {
  switch (kind) {
    case DetectorKind::hawser:
      return std::make_unique<Ours>(settings, first);
    case DetectorKind::fixed:
      return std::make_unique<Fixed>(settings, first);
    case DetectorKind::akka:
      return std::make_unique<Akka>(settings, first);
    case DetectorKind::cassandra:
      break;
  }
  return std::make_unique<Cassandra>(settings, first);
}

double threshold_of(DetectorKind kind, const DetectorSettings& settings) {
  switch (kind) {
    case DetectorKind::hawser:
      return settings.threshold;
    case DetectorKind::fixed:
      return us_of(settings.timeout) / 1e6;
    case DetectorKind::akka:
      return settings.akka_threshold;
    case DetectorKind::cassandra:
      break;
  }
  return settings.cassandra_threshold;
}

void set_threshold(DetectorKind kind, DetectorSettings& settings, double threshold) {
  if (kind == DetectorKind::hawser) settings.threshold = threshold;
  if (kind == DetectorKind::fixed) settings.timeout = up(threshold * 1e6);
  if (kind == DetectorKind::akka) settings.akka_threshold = threshold;
  if (kind == DetectorKind::cassandra) settings.cassandra_threshold = threshold;
}

}  // namespace hawser::tools
