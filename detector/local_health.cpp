#include <hawser/detector/local_health.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/wide.hpp>

#include <algorithm>
#include <string>

namespace hawser {
namespace {

constexpr std::size_t stalls_kept = 64;

}  // namespace

LocalHealth::LocalHealth(const LocalHealthConfig& config, Instant now)
    : config_(config), scored_at_(now), excused_until_(now), convict_from_(now) {
  HAWSER_ASSERT(config.late >= Duration::zero() && config.stall >= config.late, "a stall is later than late");
  HAWSER_ASSERT(config.grace >= Duration::zero() && config.recovery > Duration::zero(),
                "a grace is not negative, a recovery takes time");
  recent_.reserve(stalls_kept);
  reason_.since = now;
  reason_.cause = "healthy";
}

Duration LocalHealth::tick(Instant expected, Instant actual) {
  lag_ = until(expected, actual);
  lag_max_ = std::max(lag_max_, lag_);
  if (lag_ <= config_.late) {
    if (reason_.cause != "healthy" && score(actual) == 0) reason_ = {actual, "healthy", {}, {}};
    return Duration::zero();
  }
  if (lag_ <= config_.stall) {
    bad_sign(actual, 1);
    reason_ = {actual, "late", {}, {}};
    return Duration::zero();
  }
  bad_sign(actual, 2);
  // Several timers that were due during one pause report the same stall: only what is new of it counts.
  Duration fresh = lag_;
  if (!recent_.empty() && expected <= recent_.back().to) {
    Stall& last = recent_.back();
    fresh = until(last.to, actual);
    if (expected < last.from) {
      fresh += last.from - expected;
      last.from = expected;
    }
    last.to = std::max(last.to, actual);
  } else {
    ++stalls_;
    if (recent_.size() == stalls_kept) recent_.pop_front();
    recent_.push_back({expected, actual});
  }
  excused_until_ = std::max(excused_until_, later(actual, config_.grace));
  reason_ = {actual, "stalled", "for " + std::to_string(lag_.count() / 1000) + " ms", excused_until_};
  return fresh;
}

bool LocalHealth::silence(Instant now, std::uint32_t silent, std::uint32_t watched) {
  if (silent < config_.silent_peers_min || watched == 0) return false;
  if (std::uint64_t{silent} * 1000 < std::uint64_t{watched} * config_.silent_permille) return false;
  bad_sign(now, 1);
  // One hold per doubt: a true partition is deferred once, not for ever.
  if (reason_.cause != "peers_silent" || now >= later(convict_from_, config_.recovery)) {
    convict_from_ = std::max(convict_from_, later(now, config_.silence_hold));
  }
  reason_ = {now, "peers_silent", std::to_string(silent) + " of " + std::to_string(watched), convict_from_};
  return true;
}

std::uint32_t LocalHealth::score(Instant now) const noexcept {
  if (now <= scored_at_) return score_;
  const std::int64_t forgiven = (now - scored_at_) / config_.recovery;
  return forgiven >= score_ ? 0 : score_ - static_cast<std::uint32_t>(forgiven);
}

void LocalHealth::bad_sign(Instant now, std::uint32_t points) noexcept {
  score_ = std::min(score(now) + points, config_.score_max);
  scored_at_ = std::max(scored_at_, now);
}

Duration LocalHealth::stretch(Duration timer, Instant now) const noexcept {
  if (timer <= Duration::zero()) return timer;
  return Duration{scale_permille(timer.count(), 1000 * (std::uint64_t{1} + score(now)))};
}

bool LocalHealth::stalled_between(Instant from, Instant to) const noexcept {
  return stalled_for(from, to) > Duration::zero();
}

Duration LocalHealth::stalled_for(Instant from, Instant to) const noexcept {
  Duration total{0};
  for (std::size_t i = 0; i < recent_.size(); ++i) {
    const Instant begin = std::max(from, recent_[i].from);
    const Instant end = std::min(to, recent_[i].to);
    if (begin < end) total += end - begin;
  }
  return total;
}

}  // namespace hawser
