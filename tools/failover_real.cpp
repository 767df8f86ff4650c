#include "failover_real.hpp"

#include <algorithm>
#include <csignal>
#include <time.h>
#include <utility>

namespace hawser::tools {
namespace {

using sim::FailoverFault;
using sim::FailoverRun;

constexpr Duration patience{60'000'000};
constexpr Duration calm{3'000'000};  // detectors have learned how regular the heartbeats are
constexpr Duration glance{20'000};
constexpr std::uint16_t port_of_all = 7000;

std::int64_t now_us() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

}  // namespace

RealFailover::RealFailover(const Config& config, std::size_t nodes, std::uint64_t seed)
    : network_(nodes), nodes_({"--snapshots", "100ms"}), random_(seed) {
  for (std::size_t place = 0; place < nodes; ++place) names_.push_back("n" + std::to_string(place + 1));
  for (std::size_t self = 0; self < nodes; ++self) {
    Config own = config;
    own.cluster = "failover";
    own.id = names_[self];
    own.listen = {network_.address(self), port_of_all};
    own.insecure = true;
    own.state_dir = nodes_.state_dir(names_[self]);
    for (std::size_t other = 0; other < nodes; ++other) {
      if (other != self) own.peers.push_back({names_[other], {network_.address(other), port_of_all}});
    }
    nodes_.add(own, [this, self] { return network_.enter(self); });
  }
  for (const std::string& name : names_) nodes_.start(name);
}

FailoverRun RealFailover::fail_over(FailoverFault fault) {
  if (!until(patience, [this] { return whole(); })) return failed("they never served in one view");
  const Duration pause = calm + random_.between(Duration::zero(), Duration{1'000'000});
  until(pause, [] { return false; });
  if (broken() || !whole()) return failed("they did not go on serving in one view, though nothing was broken");
  isolated_us_.reset();
  told_us_.clear();
  const std::int64_t struck = now_us();
  struck_us_ = struck;
  strike(fault);
  const bool stops = fault != FailoverFault::crash;
  const bool over = until(patience, [&] { return taken_over() && (!stops || isolated_us_); });
  struck_us_ = 0;
  FailoverRun run;
  if (over) {
    if (stops) run.isolated = Duration{*isolated_us_ - struck};
    for (const auto& [winner, at] : told_us_) run.removed = std::max(run.removed, Duration{at - struck});
  } else {
    run = failed(stops && !isolated_us_ ? "the loser served on" : "nobody took over");
  }
  mend(fault);
  return run;
}

void RealFailover::observe(NodeSight sight) {
  for (const EventSight& event : sight.events) {
    if (struck_us_ == 0 || event.at_us < struck_us_) continue;
    if (sight.id == names_.back()) {
      const bool stopped = event.kind == "stance" && event.text.find("-> isolated") != std::string::npos;
      if (stopped && !isolated_us_) isolated_us_ = event.at_us;
    } else if (event.removed(names_.back())) {
      told_us_.try_emplace(sight.id, event.at_us);
    }
  }
  last_[sight.id] = std::move(sight);
}

template <class Reached>
bool RealFailover::until(Duration most, const Reached& reached) {
  const std::int64_t end = now_us() + most.count();
  while (!broken() && !reached()) {
    if (now_us() > end) return false;
    nodes_.wait(glance, {[this](NodeSight sight) { observe(std::move(sight)); }, {}});
  }
  return !broken();
}

bool RealFailover::whole() const {
  return std::all_of(names_.begin(), names_.end(), [this](const std::string& name) {
    const auto found = last_.find(name);
    return found != last_.end() && found->second.may_serve && found->second.settled && found->second.view == names_;
  });
}

bool RealFailover::taken_over() const { return told_us_.size() + 1 == names_.size(); }

void RealFailover::strike(FailoverFault fault) {
  const std::size_t loser = names_.size() - 1;
  std::vector<std::size_t> others;
  for (std::size_t place = 0; place < loser; ++place) others.push_back(place);
  switch (fault) {
    case FailoverFault::crash:
      nodes_.kill(names_[loser]);
      last_.erase(names_[loser]);
      break;
    case FailoverFault::cut:
      network_.cut(between({loser}, others));
      break;
    case FailoverFault::link:
      network_.cut(between({loser}, {loser - 1}));
      break;
  }
}

void RealFailover::mend(FailoverFault fault) {
  if (fault == FailoverFault::crash) {
    nodes_.start(names_.back());
  } else {
    network_.heal();
  }
}

FailoverRun RealFailover::failed(const std::string& otherwise) const {
  FailoverRun run;
  run.problem = broken() ? nodes_.trouble() : otherwise;
  return run;
}

}  // namespace hawser::tools
