#include "disaster_score.hpp"

namespace hawser::tools {
namespace {

constexpr std::int64_t tenth_us = 100'000;

}  // namespace

DisasterScore::DisasterScore(Duration before, Duration during, Duration after, Duration patience)
    : before_(before),
      during_(during),
      after_(after),
      patience_(patience),
      tenths_(static_cast<std::size_t>((before + during + after).count() / tenth_us) + 1) {}

DisasterPhase& DisasterScore::phase_of(Instant began) { return phases_[began < begins() ? 0 : began < ends() ? 1 : 2]; }

void DisasterScore::called(Instant began) {
  ++phase_of(began).calls;
  ++tenths_[static_cast<std::size_t>(to_us(began) / tenth_us)].calls;
}

void DisasterScore::ended(Instant began, Instant now, DisasterEnd how, PipelineCause cause) {
  DisasterPhase& phase = phase_of(began);
  const bool answer = how == DisasterEnd::good || how == DisasterEnd::helped;
  if (answer) phase.answered.record(now - began);
  const bool too_late = now - began > patience_;
  if (too_late) how = DisasterEnd::failed;
  switch (how) {
    case DisasterEnd::good:
      ++phase.good;
      ++tenths_[static_cast<std::size_t>(to_us(began) / tenth_us)].good;
      break;
    case DisasterEnd::helped:
      ++phase.helped;
      break;
    case DisasterEnd::refused:
      ++phase.refused;
      phase.refusals.record(now - began);
      break;
    case DisasterEnd::failed:
      ++phase.failed;
      break;
  }
  if (how != DisasterEnd::good) ++phase.reasons[answer && too_late ? "too_late" : std::string{to_string(cause)}];
}

bool DisasterScore::good_from(std::size_t tenth, std::size_t length) const {
  Tenth all;
  for (std::size_t i = tenth; i < tenth + length; ++i) {
    all.calls += tenths_[i].calls;
    all.good += tenths_[i].good;
  }
  return all.good * 100 >= all.calls * 95;
}

std::optional<Duration> DisasterScore::healed() const {
  const auto from = static_cast<std::size_t>(to_us(ends()) / tenth_us);
  // The last two seconds are left out: their calls may be under way.
  for (std::size_t i = from; i + 50 < tenths_.size(); ++i) {
    if (good_from(i, 10) && good_from(i, 30)) return Duration{static_cast<std::int64_t>(i - from) * tenth_us};
  }
  return std::nullopt;
}

bool is_refusal(PipelineCause cause) noexcept {
  switch (cause) {
    case PipelineCause::answered:
    case PipelineCause::late:
    case PipelineCause::timed_out:
    case PipelineCause::deadline:
    case PipelineCause::failed:
    case PipelineCause::ignored:
    case PipelineCause::retries_spent:
    case PipelineCause::retry_budget:
      return false;
    default:
      return true;
  }
}

}  // namespace hawser::tools
