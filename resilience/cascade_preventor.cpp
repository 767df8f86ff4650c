#include <hawser/resilience/cascade_preventor.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/wide.hpp>
#include <hawser/resilience/coherence.hpp>

#include <algorithm>
#include <array>
#include <ostream>
#include <string>

namespace hawser {
namespace {

constexpr std::uint32_t full = 1000;
constexpr std::uint8_t priority_highest = 7;

std::uint32_t pressed(const PressureMarks& marks, std::int64_t value) noexcept {
  if (value <= marks.low) return 0;
  if (value >= marks.high) return full;
  // Through unsigned, where no difference of two 64-bit numbers overflows.
  const auto above = static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(marks.low);
  const auto span = static_cast<std::uint64_t>(marks.high) - static_cast<std::uint64_t>(marks.low);
  return static_cast<std::uint32_t>(multiply_divide(above, full, span));
}

}  // namespace

std::string_view to_string(CascadeLevel level) noexcept {
  constexpr std::array<std::string_view, 4> names{"normal", "throttle", "limit", "fail_fast"};
  const auto index = static_cast<std::size_t>(level);
  return index < names.size() ? names[index] : "unknown";
}

std::ostream& operator<<(std::ostream& out, CascadeLevel level) { return out << to_string(level); }

std::string_view to_string(CascadeAnswer answer) noexcept {
  constexpr std::array<std::string_view, 4> names{"pass", "optional_refused", "throttled", "priority_refused"};
  const auto index = static_cast<std::size_t>(answer);
  return index < names.size() ? names[index] : "unknown";
}

CascadePreventor::CascadePreventor(const CascadeConfig& config, Instant now) : config_(config), updated_(now) {
  HAWSER_ASSERT(problems_of(config).empty(), "a cascade preventor's configuration is coherent");
  reason_ = {now, "started", {}, {}};
}

std::uint32_t CascadePreventor::mark_of(CascadeLevel level) const noexcept {
  switch (level) {
    case CascadeLevel::normal:
      return 0;
    case CascadeLevel::throttle:
      return config_.throttle_at;
    case CascadeLevel::limit:
      return config_.limit_at;
    case CascadeLevel::fail_fast:
      return config_.fail_fast_at;
  }
  return 0;
}

void CascadePreventor::enter(CascadeLevel level, std::string_view cause, Instant now) {
  reason_ = {now, cause, "pressure " + std::to_string(pressure_) + " of 1000", {}};
  level_ = level;
  calm_since_ = never;
  ++transitions_;
}

// By how much pressure may have fallen since it last did.
std::uint64_t CascadePreventor::fall(Instant now) noexcept {
  if (config_.fall_time == Duration::zero()) return full;
  if (now <= updated_) return 0;
  const auto passed = static_cast<std::uint64_t>(to_us(now) - to_us(updated_));
  const std::uint64_t most = multiply_divide(passed, full, static_cast<std::uint64_t>(config_.fall_time.count()));
  // Time too short to matter is kept for the next update, so that frequent ones fall as fast as rare ones.
  if (most > 0) updated_ = now;
  return most;
}

void CascadePreventor::update(const PressureSignals& signals, Instant now) {
  struct Press {
    std::uint32_t value;
    std::string_view cause;
  };
  const std::array<Press, 4> presses{
      {{pressed(config_.queue_permille, signals.queue_permille), "queue"},
       {pressed(config_.loop_lag_us, signals.loop_lag_us), "loop_lag"},
       {pressed(config_.memory_permille, signals.memory_permille), "memory"},
       {pressed(config_.downstream_permille, signals.downstream_permille), "downstream"}}};
  const auto less = [](const Press& a, const Press& b) { return a.value < b.value; };
  const Press worst = *std::max_element(presses.begin(), presses.end(), less);
  const std::uint64_t most = fall(now);
  const auto fallen = [most](std::uint32_t from, std::uint32_t to) {
    return most >= from ? to : std::max(to, from - static_cast<std::uint32_t>(most));
  };
  pressure_ = fallen(pressure_, worst.value);
  // The queue is the first of them.
  const std::uint32_t strain = std::max_element(presses.begin() + 1, presses.end(), less)->value;
  strain_ = fallen(strain_, mutant(Mutant::concurrency_by_queue) ? worst.value : strain);

  auto due = CascadeLevel::normal;
  for (const auto level : {CascadeLevel::throttle, CascadeLevel::limit, CascadeLevel::fail_fast}) {
    if (pressure_ >= mark_of(level)) due = level;
  }
  if (due > level_) return enter(due, worst.cause, now);
  if (level_ == CascadeLevel::normal) return;
  const std::uint32_t hysteresis = mutant(Mutant::hysteresis_off) ? 0 : config_.hysteresis;
  if (pressure_ + hysteresis >= mark_of(level_)) {
    calm_since_ = never;
    return;
  }
  if (calm_since_ == never) calm_since_ = now;
  if (now >= later(calm_since_, config_.hold)) {
    enter(static_cast<CascadeLevel>(static_cast<std::uint8_t>(level_) - 1), "recovered", now);
  }
}

std::uint32_t CascadePreventor::intake_permille() const noexcept { return config_.observe_only ? full : share(); }

std::uint32_t CascadePreventor::share() const noexcept {
  if (level_ == CascadeLevel::normal) return full;
  if (level_ == CascadeLevel::fail_fast) return 0;
  if (pressure_ <= config_.throttle_at) return full;
  return full - (pressure_ - config_.throttle_at) * full / (full + 1 - config_.throttle_at);
}

std::uint32_t CascadePreventor::concurrency_permille() const noexcept {
  if (level_ < CascadeLevel::limit || config_.observe_only) return full;
  const std::uint32_t room = full - config_.concurrency_min_permille;
  return full - room * std::min(strain_, full) / full;
}

std::uint8_t CascadePreventor::priority_min() const noexcept {
  if (config_.observe_only || level_ < CascadeLevel::limit) return 0;
  return level_ == CascadeLevel::limit ? 4 : priority_highest;
}

bool CascadePreventor::optional_allowed() const noexcept {
  return config_.observe_only || level_ == CascadeLevel::normal;
}

CascadeAnswer CascadePreventor::admit(std::uint8_t priority, bool optional) {
  const auto enforced = [this](CascadeAnswer answer) {
    ++refusals_;
    return config_.observe_only ? CascadeAnswer::pass : answer;
  };
  if (level_ == CascadeLevel::normal) return CascadeAnswer::pass;
  if (optional) return enforced(CascadeAnswer::optional_refused);
  if (priority >= priority_highest) return CascadeAnswer::pass;
  if (level_ == CascadeLevel::fail_fast || (level_ == CascadeLevel::limit && priority < 4)) {
    return enforced(CascadeAnswer::priority_refused);
  }
  credit_ += share();
  if (credit_ < full) return enforced(CascadeAnswer::throttled);
  credit_ = std::min(credit_ - full, full);
  return CascadeAnswer::pass;
}

}  // namespace hawser
