#include <hawser/resilience/circuit_breaker.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/wide.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace hawser {
namespace {

constexpr std::array<std::uint32_t, 4> ramp_percents{10, 25, 50, 100};
// More calls in flight than this means that permits leak: the oldest are given up early.
constexpr std::size_t flights_max = std::size_t{1} << 20;
// Probes whose lease ended and whose verdict may still come.
constexpr std::size_t late_probes_max = 16;

BreakerConfig checked(const BreakerConfig& config) {
  HAWSER_ASSERT(config.problems().empty(), "a breaker's configuration has no problems()");
  return config;
}

}  // namespace

CircuitBreaker::CircuitBreaker(const BreakerConfig& config, std::uint64_t seed, Instant now)
    : config_(checked(config)), random_(seed), time_window_(config.window), advanced_to_(now) {
  if (config.window_calls > 0) count_window_.emplace(config.window_calls);
  reason_ = {now, "started", {}, {}};
  last_transition_.at = now;
  if (config.mode == Mode::forced_open) state_ = State::forced_open;
  if (config.mode == Mode::disabled) state_ = State::disabled;
}

std::optional<Permit> CircuitBreaker::try_acquire(Instant now) { return acquire(now, true); }
std::optional<Permit> CircuitBreaker::try_acquire_one_way(Instant now) { return acquire(now, false); }

std::optional<Permit> CircuitBreaker::acquire(Instant now, bool tracked) {
  advance(now);
  switch (state_) {
    case State::disabled:
      return Permit{};
    case State::forced_open:
    case State::open:
      if (mutant(Mutant::breaker_open_admits)) return Permit{generation_, 0, false};
      return refuse();
    case State::half_open:
      if (probes(now) >= config_.probes_max && !mutant(Mutant::half_open_unlimited)) return refuse();
      if (probes_.size() >= config_.probes_max + late_probes_max) probes_.erase(probes_.begin());
      probes_.push_back({next_probe_, later(now, config_.probe_lease)});
      return Permit{generation_, next_probe_++, true};
    case State::ramping:
      ramp_credit_ += ramp_percents[ramp_step(now)];
      if (ramp_credit_ < 100 && !mutant(Mutant::ramp_ignored)) return refuse();
      ramp_credit_ -= 100;
      break;
    case State::closed:
      break;
  }
  return tracked ? begin_flight(now) : Permit{generation_, 0, false};
}

std::optional<Permit> CircuitBreaker::refuse() {
  ++refusals_;
  if (config_.mode == Mode::observe_only) return Permit{};
  return std::nullopt;
}

bool CircuitBreaker::admits(Instant now) const {
  if (config_.mode == Mode::observe_only) return true;
  switch (state(now)) {
    case State::closed:
    case State::disabled:
      return true;
    case State::open:
    case State::forced_open:
      return false;
    case State::half_open:
      return state_ == State::open || probes(now) < config_.probes_max;
    case State::ramping:
      return ramp_credit_ + ramp_percents[ramp_step(now)] >= 100;
  }
  return false;
}

void CircuitBreaker::record(const Permit& permit, Instant now, Verdict verdict, Duration took) {
  advance(now);
  const bool stale = permit.generation != generation_ && !mutant(Mutant::stale_generation_counted);
  if (stale || permit.id == 0) return;
  if (permit.probe) {
    end_probe(permit, now, verdict, took);
  } else {
    end_flight(permit, now, verdict, took);
  }
}

void CircuitBreaker::end_flight(const Permit& permit, Instant now, Verdict verdict, Duration took) {
  if (permit.id < first_flight_) return;
  const std::uint64_t place = permit.id - first_flight_;
  if (place >= flights_.size() || flights_[place].ended) return;
  flights_[place].ended = true;
  const bool hung = place < hung_;
  if (hung) --hanging_;
  pop_ended_flights();
  if (verdict == Verdict::neutral) return;
  const bool failed = verdict == Verdict::failure;
  if (!failed) consecutive_ = 0;
  if (failed && consecutive_ < std::numeric_limits<std::uint32_t>::max()) ++consecutive_;
  count(now, {1, failed ? 1u : 0u, hung || slow(took) ? 1u : 0u});
  judge(now);
}

void CircuitBreaker::end_probe(const Permit& permit, Instant now, Verdict verdict, Duration took) {
  const auto found =
      std::find_if(probes_.begin(), probes_.end(), [&](const Probe& probe) { return probe.id == permit.id; });
  if (found == probes_.end()) return;
  probes_.erase(found);
  if (verdict != Verdict::neutral) judge_probe(now, verdict == Verdict::success, slow(took));
}

void CircuitBreaker::record_batch(Instant now, std::uint32_t successes, std::uint32_t failures, std::uint32_t slow,
                                  std::optional<std::uint64_t> generation) {
  advance(now);
  const bool stale = generation.has_value() && *generation != generation_;
  if (stale && !mutant(Mutant::stale_generation_counted)) return;
  if (!generation.has_value() && state_ != State::closed) return;
  const std::uint64_t calls = std::uint64_t{successes} + failures;
  if (calls == 0 && slow == 0) return;
  if (state_ == State::half_open) return judge_probe(now, failures == 0, slow > 0);
  if (state_ != State::closed && state_ != State::ramping) return;
  if (successes > 0) {
    consecutive_ = 0;
  } else if (failures > 0 && consecutive_ < std::numeric_limits<std::uint32_t>::max()) {
    ++consecutive_;
  }
  if (count_window_) {
    // A round larger than the window enters it in proportion.
    const std::uint64_t all = std::max<std::uint64_t>(calls, slow);
    const std::uint64_t kept = std::min<std::uint64_t>(all, config_.window_calls);
    const std::uint64_t failed = (failures * kept + all - 1) / all;
    const std::uint64_t slowed = (slow * kept + all - 1) / all;
    for (std::uint64_t i = 0; i < kept; ++i) count_window_->add(i < failed, i < slowed);
  } else {
    time_window_.add(now, {calls, failures, slow});
  }
  judge(now);
}

void CircuitBreaker::count(Instant now, const WindowCounts& some) {
  if (count_window_) {
    count_window_->add(some.failures > 0, some.slow > 0);
  } else {
    time_window_.add(now, some);
  }
}

void CircuitBreaker::judge(Instant now) {
  if (state_ != State::closed && state_ != State::ramping) return;
  if (config_.consecutive_failures > 0 && consecutive_ >= config_.consecutive_failures) {
    return open(now, "consecutive_failures", std::to_string(consecutive_) + " in a row");
  }
  const WindowCounts& ended = count_window_ ? count_window_->counts() : time_window_.counts(now);
  if (config_.failure_count > 0 && ended.failures >= config_.failure_count) {
    return open(now, "failure_count", std::to_string(ended.failures) + " in the window");
  }
  if (config_.failure_percent > 0 && ended.calls >= config_.calls_min &&
      ended.failures * 100 >= ended.calls * config_.failure_percent) {
    return open(now, "failure_rate", std::to_string(ended.failures) + " of " + std::to_string(ended.calls));
  }
  // Calls that hang count as slow ones from the moment they pass the limit until they end and are counted for good.
  // Of one-way traffic the window may know more slow messages than ended ones.
  const std::uint64_t slow = ended.slow + hanging_;
  const std::uint64_t calls = std::max(ended.calls, ended.slow) + hanging_;
  if (config_.slow_percent > 0 && calls >= config_.calls_min && slow * 100 >= calls * config_.slow_percent) {
    open(now, "slow_rate",
         std::to_string(slow) + " of " + std::to_string(calls) + ", " + std::to_string(hanging_) + " of them hanging");
  }
}

void CircuitBreaker::judge_probe(Instant now, bool good, bool slow) {
  if (!good) return open(now, "probe_failed", {});
  if (slow && config_.slow_percent > 0) return open(now, "probe_slow", {});
  if (++probe_successes_ < config_.successes_to_close) return;
  new_generation();
  enter(config_.ramp_time > Duration::zero() ? State::ramping : State::closed, now, "probes_answered");
}

void CircuitBreaker::trip(Instant now, std::string_view cause, std::string detail, bool heals_by_evidence) {
  advance(now);
  if (state_ == State::disabled || state_ == State::forced_open) return;
  const bool fresh = state_ != State::open;
  if (!fresh) {
    reason_.cause = cause;
    reason_.detail = std::move(detail);
  } else {
    open(now, cause, std::move(detail));
  }
  if (!heals_by_evidence) return;
  // The open time plays no part, so this opening is no reason to lengthen the next one.
  if (fresh) --opened_in_row_;
  by_evidence_ = true;
  evidence_ = 0;
  open_until_ = never;
  reason_.next_at.reset();
}

void CircuitBreaker::evidence(Instant now) {
  advance(now);
  if (state_ != State::open || !by_evidence_ || ++evidence_ < config_.evidence_needed) return;
  new_generation();
  enter(State::half_open, now, "answered");
}

BreakerState CircuitBreaker::state(Instant now) const noexcept {
  const bool sticks = mutant(Mutant::breaker_sticks);
  if (state_ == State::open && now >= open_until_ && !by_evidence_ && !sticks) return State::half_open;
  if (state_ == State::ramping && now >= later(reason_.since, config_.ramp_time)) return State::closed;
  return state_;
}

bool CircuitBreaker::tick(Instant now) { return advance(now); }

bool CircuitBreaker::advance(Instant now) {
  const std::uint64_t before = transitions_;
  advanced_to_ = std::max(advanced_to_, now);
  const State due = state(now);
  if (due != state_) {
    if (due == State::half_open) {
      new_generation();
      enter(due, now, "open_elapsed");
    } else {
      enter(due, now, "ramped");
    }
  }
  if (advance_flights(now)) judge(now);
  return transitions_ != before;
}

bool CircuitBreaker::advance_flights(Instant now) {
  bool more_hang = false;
  if (config_.slow_limit != forever) {
    for (; hung_ < flights_.size() && now > later(flights_[hung_].started, config_.slow_limit); ++hung_) {
      if (flights_[hung_].ended || mutant(Mutant::hanging_uncounted)) continue;
      ++hanging_;
      more_hang = true;
    }
  }
  while (!flights_.empty() &&
         (flights_.size() > flights_max || now >= later(flights_.front().started, config_.call_lease))) {
    if (hung_ > 0) {
      --hung_;
      if (!flights_.front().ended) --hanging_;
    }
    flights_.pop_front();
    ++first_flight_;
  }
  pop_ended_flights();
  return more_hang;
}

void CircuitBreaker::pop_ended_flights() noexcept {
  while (!flights_.empty() && flights_.front().ended) {
    flights_.pop_front();
    ++first_flight_;
    if (hung_ > 0) --hung_;
  }
}

Permit CircuitBreaker::begin_flight(Instant now) {
  // In order of start even if the clock ran backwards: the first that hangs is found without a search.
  if (!flights_.empty()) now = std::max(now, flights_.back().started);
  flights_.push_back({now, false});
  return Permit{generation_, first_flight_ + flights_.size() - 1, false};
}

Instant CircuitBreaker::first_lease_end() const noexcept {
  Instant first = never;
  for (const Probe& probe : probes_) {
    if (probe.lease_ends > advanced_to_) first = std::min(first, probe.lease_ends);
  }
  return first;
}

Instant CircuitBreaker::next_wake() const noexcept {
  if (state_ == State::open) return open_until_;
  if (state_ == State::half_open) return first_lease_end();
  Instant wake = never;
  if (state_ == State::ramping) {
    const auto step = static_cast<std::int64_t>(ramp_step(advanced_to_));
    wake = step == 3 ? *reason_.next_at : later(reason_.since, (step + 1) * ramp_quarter());
  }
  if (hung_ < flights_.size() && config_.slow_limit != forever) {
    wake = std::min(wake, later(later(flights_[hung_].started, config_.slow_limit), Duration{1}));
  }
  return wake;
}

Instant CircuitBreaker::retry_at() const noexcept {
  switch (state_) {
    case State::open:
      return open_until_;
    case State::forced_open:
      return never;
    case State::half_open:
      return probes(advanced_to_) < config_.probes_max ? reason_.since : first_lease_end();
    case State::closed:
    case State::ramping:
    case State::disabled:
      return reason_.since;
  }
  return never;
}

void CircuitBreaker::set_mode(Mode mode, Instant now) {
  advance(now);
  if (mode == config_.mode) return;
  config_.mode = mode;
  if (mode == Mode::forced_open || mode == Mode::disabled) {
    new_generation();
    enter(mode == Mode::disabled ? State::disabled : State::forced_open, now, "mode_changed");
  } else if (state_ == State::forced_open || state_ == State::disabled) {
    new_generation();
    opened_in_row_ = 0;
    enter(State::closed, now, "mode_changed");
  }
}

bool CircuitBreaker::reset(Instant now) {
  advance(now);
  if (state_ != State::open && state_ != State::half_open && state_ != State::ramping) return false;
  new_generation();
  opened_in_row_ = 0;
  by_evidence_ = false;
  evidence_ = 0;
  open_until_ = never;
  enter(State::closed, now, "reset", "by an operator");
  return true;
}

std::size_t CircuitBreaker::ramp_step(Instant now) const noexcept {
  if (now <= reason_.since) return 0;
  return static_cast<std::size_t>(std::min<std::int64_t>((now - reason_.since) / ramp_quarter(), 3));
}

Duration CircuitBreaker::ramp_quarter() const noexcept { return std::max(config_.ramp_time / 4, Duration{1}); }

std::uint32_t CircuitBreaker::admitted_percent(Instant now) const noexcept {
  if (config_.mode == Mode::observe_only) return 100;
  switch (state(now)) {
    case State::closed:
    case State::disabled:
      return 100;
    case State::ramping:
      return ramp_percents[ramp_step(now)];
    case State::open:
    case State::half_open:
    case State::forced_open:
      return 0;
  }
  return 0;
}

std::size_t CircuitBreaker::probes(Instant now) const noexcept {
  if (state_ != State::half_open) return 0;
  return static_cast<std::size_t>(std::count_if(probes_.begin(), probes_.end(), [now](const Probe& probe) {
    return now < probe.lease_ends || mutant(Mutant::probe_lease_forever);
  }));
}

Duration CircuitBreaker::next_open_time() {
  std::int64_t ceiling = config_.open_for.count();
  const std::int64_t most = config_.open_max.count();
  const std::uint32_t doublings = mutant(Mutant::open_time_fixed) ? 0 : opened_in_row_;
  for (std::uint32_t i = 0; i < doublings && ceiling < most; ++i) {
    const std::int64_t grown = scale_permille(ceiling, config_.open_factor_permille);
    if (grown == ceiling) break;
    ceiling = grown;
  }
  ceiling = std::min(ceiling, most);
  const std::int64_t jitter = mutant(Mutant::breaker_jitter_dropped) ? 0 : config_.open_jitter_permille;
  const std::int64_t floor = ceiling - scale_permille(ceiling, static_cast<std::uint64_t>(jitter));
  return Duration{std::max<std::int64_t>(random_.between(floor, ceiling), 1)};
}

void CircuitBreaker::open(Instant now, std::string_view cause, std::string detail) {
  if (state_ == State::closed && now >= later(reason_.since, config_.stable_after)) opened_in_row_ = 0;
  open_until_ = later(now, next_open_time());
  if (opened_in_row_ < std::numeric_limits<std::uint32_t>::max()) ++opened_in_row_;
  ++opened_;
  by_evidence_ = false;
  evidence_ = 0;
  new_generation();
  enter(State::open, now, cause, std::move(detail));
}

void CircuitBreaker::new_generation() noexcept {
  ++generation_;
  forget_results();
}

void CircuitBreaker::forget_results() noexcept {
  time_window_.clear();
  if (count_window_) count_window_->clear();
  consecutive_ = 0;
  first_flight_ += flights_.size();
  flights_.clear();
  hung_ = 0;
  hanging_ = 0;
  probes_.clear();
  probe_successes_ = 0;
}

void CircuitBreaker::enter(State to, Instant now, std::string_view cause, std::string detail) {
  last_transition_ = {now, state_, to, cause};
  ++transitions_;
  state_ = to;
  reason_ = {now, cause, std::move(detail), {}};
  if (to == State::open) reason_.next_at = open_until_;
  if (to == State::ramping) {
    reason_.next_at = later(now, config_.ramp_time);
    ramp_credit_ = 100 - ramp_percents[0];  // the first call of a ramp passes
  }
}

}  // namespace hawser
