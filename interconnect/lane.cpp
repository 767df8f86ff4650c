#include <hawser/interconnect/lane.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>

#include <algorithm>
#include <utility>

namespace hawser {
namespace {

BackoffConfig backoff_config(const ReconnectConfig& config, Duration cap) {
  BackoffConfig result;
  result.base = config.base;
  result.factor_permille = config.factor_permille;
  result.cap = cap;
  result.jitter = Jitter::full;
  return result;
}

}  // namespace

Lane::Lane(LaneClass lane, const ReconnectConfig& config, std::size_t window_bytes, Duration absent_cap, Instant now)
    : lane_(lane),
      config_(config),
      window_(window_bytes),
      absent_cap_(std::min(absent_cap, config.cap)),
      backoff_(backoff_config(config, absent_cap_)) {
  reason_.since = now;
  reason_.cause = "unused";
}

void Lane::enter(LaneState state, Instant now, std::string_view cause, std::string detail, Instant next_at) {
  state_ = state;
  reason_ = Reason{now, cause, std::move(detail), std::nullopt};
  if (next_at != never) reason_.next_at = next_at;
}

void Lane::want(Instant now) {
  if (state_ != LaneState::idle) return;
  next_dial_ = now;
  enter(LaneState::waiting, now, "wanted", {}, now);
}

void Lane::hurry(Instant now) {
  if (state_ != LaneState::waiting || next_dial_ <= now) return;
  next_dial_ = now;
  reason_.next_at = now;
}

void Lane::dialled(LinkId link, Instant now) {
  HAWSER_ASSERT(state_ == LaneState::waiting, "a lane dials after waiting");
  link_ = link;
  attempt_began_ = now;
  next_dial_ = never;
  ++dials_;
  enter(LaneState::dialling, now, "dialling", {}, never);
}

void Lane::greeted(std::uint64_t nonce, Instant now) {
  HAWSER_ASSERT(state_ == LaneState::dialling, "a lane greets once it is connected");
  nonce_ = nonce;
  greeting_until_ = later(now, config_.handshake_timeout);
  enter(LaneState::greeting, now, "hello_sent", {}, greeting_until_);
}

void Lane::opened(Instant now) {
  open_since_ = now;
  last_traffic_ = now;
  last_handed_over_ = now;
  acknowledged_at_ = now;
  silent_ = false;
  greeting_until_ = never;
  enter(LaneState::open, now, "welcomed", {}, never);
}

void Lane::failed(Instant now, Severity severity, std::string_view cause, std::string detail, Random& random) {
  if (state_ == LaneState::open && now - open_since_ >= config_.stable_after) backoff_.reset();
  link_ = LinkId::none;
  nonce_ = 0;
  flight_.clear();
  flight_bytes_ = 0;
  blocked_ = false;
  greeting_until_ = never;
  open_since_ = never;
  backoff_.set_cap(severity == Severity::refused ? config_.cap : absent_cap_);
  next_dial_ = std::max(now, later(attempt_began_, backoff_.next(random)));
  if (mutant(Mutant::redial_at_once)) next_dial_ = now;
  enter(LaneState::waiting, now, cause, std::move(detail), next_dial_);
}

void Lane::rest(Instant now, std::string_view cause) {
  link_ = LinkId::none;
  nonce_ = 0;
  flight_.clear();
  flight_bytes_ = 0;
  blocked_ = false;
  next_dial_ = never;
  greeting_until_ = never;
  open_since_ = never;
  silent_ = false;
  enter(LaneState::idle, now, cause, {}, never);
}

void Lane::handed_over(std::uint64_t batch, std::size_t bytes, Instant now) {
  flight_.push_back({batch, bytes, now});
  flight_bytes_ += bytes;
  last_handed_over_ = now;
}

void Lane::acknowledged(std::uint64_t batch, Instant now) {
  if (open_since_ != never && now - open_since_ >= config_.stable_after) backoff_.reset();
  if (flight_.empty() || flight_.front().batch > batch) return;
  acknowledged_at_ = now;
  if (std::exchange(silent_, false)) enter(state_, now, "recovered", {}, never);
  while (!flight_.empty() && flight_.front().batch <= batch) {
    flight_bytes_ -= flight_.front().bytes;
    flight_.pop_front();
  }
}

void Lane::fell_silent(Instant now, std::string_view cause, std::string detail) {
  silent_ = true;
  enter(state_, now, cause, std::move(detail), never);
}

Instant Lane::next_wake() const noexcept {
  switch (state_) {
    case LaneState::waiting:
      return next_dial_;
    case LaneState::greeting:
      return greeting_until_;
    default:
      return never;
  }
}

LaneSnapshot Lane::snapshot() const {
  LaneSnapshot result;
  result.lane = lane_;
  result.state = state_;
  result.reason = reason_;
  result.dials = dials_;
  result.next_delay_max = backoff_.ceiling();
  result.unacknowledged_bytes = flight_bytes_;
  return result;
}

}  // namespace hawser
