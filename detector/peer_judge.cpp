#include <hawser/detector/peer_judge.hpp>

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace hawser {
namespace {

bool is_silence(std::string_view cause) noexcept {
  return cause == peer_cause::silent || cause == peer_cause::cut_outbound || cause == peer_cause::cut_inbound;
}

// Somebody is there and says no, or nobody listens: more is known than by silence.
bool is_refusal(std::string_view cause) noexcept {
  return cause == peer_cause::connect_refused || cause == peer_cause::handshake_failed ||
         cause == peer_cause::authentication_failed || cause == peer_cause::refused_by_peer;
}

}  // namespace

PeerJudge::PeerJudge(const JudgeConfig& config, Instant now)
    : config_(config),
      suspect_(config.suspect),
      unreachable_(config.unreachable),
      detector_(config.phi, now),
      hold_until_(later(now, config.never_heard_hold)) {
  HAWSER_ASSERT(config.suspect < config.unreachable, "a peer is suspected before it is convicted");
  HAWSER_ASSERT(config.replies_to_recover >= 1, "a peer recovers by at least one reply");
  reason_ = {now, peer_cause::starting, {}, hold_until_};
  entered_at_ = now;
}

bool PeerJudge::session_open(Instant now) {
  connected_ = true;
  last_failure_ = {};
  last_failure_detail_.clear();
  heard_ = std::max(heard_, now);
  // Whatever silence lies between the old connection and this one was an outage, not an interval.
  detector_.outage_over(now);
  suspected_by_silence_ = false;
  if (state_ == PeerState::connecting) return enter(PeerState::up, now, peer_cause::session_open);
  refresh_next_at();
  return false;
}

bool PeerJudge::connection_lost(Instant now, std::string_view cause, std::string detail) {
  connected_ = false;
  replies_ = 0;
  last_failure_ = cause;
  last_failure_detail_ = detail;
  if (cause == peer_cause::peer_stopped) return convict(now, cause, std::move(detail));
  if (state_ == PeerState::up) return enter(PeerState::suspect, now, cause, std::move(detail));
  // One that has said goodbye refuses connections and lets dials time out: that is no news.
  const bool gone = state_ == PeerState::unreachable && reason_.cause == peer_cause::peer_stopped;
  if (gone && cause != peer_cause::refused_by_peer && cause != peer_cause::authentication_failed) {
    reason_.detail = std::string{cause} + (detail.empty() ? "" : ": " + detail);
    return false;
  }
  // The state stays as old as it is, but people want to read the latest failure.
  if (is_silence(reason_.cause) && !is_refusal(cause)) {
    reason_.detail = std::string{cause} + (detail.empty() ? "" : ": " + detail);
  } else {
    reason_.cause = cause;
    reason_.detail = std::move(detail);
  }
  return false;
}

bool PeerJudge::convict(Instant now, std::string_view cause, std::string detail) {
  // Stragglers of the old connection must not raise it again.
  connected_ = false;
  return leave_for_unreachable(now, cause, std::move(detail));
}

bool PeerJudge::reply(Instant now) {
  heard_ = std::max(heard_, now);
  if (state_ == PeerState::up || state_ == PeerState::suspect) ++replies_heard_;
  switch (state_) {
    case PeerState::connecting:
      // Before the handshake there is nobody we know who could answer.
      return false;
    case PeerState::up:
      count(now);
      return false;
    case PeerState::suspect:
      count(now);
      if (!connected_) {  // it arrived by the old connection; the new one has yet to stand
        refresh_next_at();
        return false;
      }
      if (std::exchange(suspected_by_silence_, false)) {
        ++mistakes_;
        mistaken_ += until(entered_at_, now);
      }
      return enter(PeerState::up, now, peer_cause::recovered);
    case PeerState::unreachable:
      return recover_by_reply(now);
  }
  return false;
}

// A silence that was long enough to convict was an outage, whether or not anybody was allowed to say so: it would tell
// the window how long a peer may be gone, not how long it takes to answer.
void PeerJudge::count(Instant now) {
  const bool beyond_pause = now >= later(detector_.last_heard(), config_.phi.acceptable_pause);
  if (beyond_pause && now >= detector_.suspect_at(unreachable_)) {
    detector_.outage_over(now);
  } else {
    detector_.heartbeat(now);
  }
}

bool PeerJudge::recover_by_reply(Instant now) {
  // Consecutive ones count: a silence that would raise suspicion starts the count again.
  if (replies_ > 0 && now >= detector_.suspect_at(suspect_)) replies_ = 0;
  // Late replies flushed in one burst are one sign of life, not many.
  const bool spaced = replies_ == 0 || now >= later(counted_at_, config_.phi.interval / 2);
  if (replies_ == 0) {
    detector_.outage_over(now);
  } else {
    detector_.heartbeat(now);
  }
  if (!connected_ || !spaced) return false;
  counted_at_ = now;
  if (++replies_ < replies_needed(now)) return false;
  return enter(PeerState::up, now, peer_cause::recovered);
}

bool PeerJudge::unheard(Instant now) {
  unheard_ = std::max(unheard_, now);
  return evident_cut(now) == peer_cause::cut_outbound && rename_silence(peer_cause::cut_outbound);
}

bool PeerJudge::vouched(Instant now) {
  vouched_ = std::max(vouched_, now);
  // Whoever is coming back is heard by some before others.
  const bool heard = later(heard_, detector_.mean() + config_.phi.acceptable_pause) > now;
  return !heard && silent_of_late(now) && rename_silence(peer_cause::cut_inbound);
}

bool PeerJudge::seen_alive(Instant then, Instant now) {
  if (then >= later(heard_, spoken()) && alive_known_at_ <= heard_) alive_known_at_ = now;
  return evident_cut(now) == peer_cause::cut_inbound && rename_silence(peer_cause::cut_inbound);
}

bool PeerJudge::silent_of_late(Instant now) const noexcept {
  const bool doubted = state_ == PeerState::suspect || state_ == PeerState::unreachable;
  return doubted && is_silence(reason_.cause) && now >= later(reason_.since, config_.phi.interval / 2);
}

bool PeerJudge::silent_since(Instant since) const noexcept {
  const bool doubted = state_ == PeerState::suspect || state_ == PeerState::unreachable;
  return doubted && is_silence(reason_.cause) && reason_.since >= since;
}

// Only of what nothing more was known of.
bool PeerJudge::rename_silence(std::string_view cause) noexcept {
  const bool doubted = state_ == PeerState::suspect || state_ == PeerState::unreachable;
  if (!doubted || reason_.cause != peer_cause::silent) return false;
  reason_.cause = cause;
  return true;
}

bool PeerJudge::peer_restarted(Instant now) {
  detector_ = PhiAccrualDetector{config_.phi, now};
  connected_ = false;
  suspected_by_silence_ = false;
  last_failure_ = {};
  last_failure_detail_.clear();
  hold_until_ = later(now, config_.never_heard_hold);
  if (state_ == PeerState::up || state_ == PeerState::suspect) {
    flaps_remembered_ = recent_flaps(now) + 1;
    flapped_at_ = now;
    ++flaps_;
  }
  return enter(PeerState::connecting, now, peer_cause::peer_restarted);
}

void PeerJudge::excuse(Duration stall) {
  if (stall <= Duration::zero()) return;
  detector_.excuse(stall);
  heard_ = later(heard_, stall);
  hold_until_ = later(hold_until_, stall);
  refresh_next_at();
}

bool PeerJudge::tick(Instant now, bool may_accuse, bool may_convict) {
  if (may_accuse) act_on_time(now, may_convict);
  return std::exchange(changed_, false);
}

void PeerJudge::act_on_time(Instant now, bool may_convict) {
  const auto convict_for = [&](std::string_view otherwise) {
    if (last_failure_.empty()) {
      leave_for_unreachable(now, otherwise);
    } else {
      leave_for_unreachable(now, last_failure_, last_failure_detail_);
    }
  };
  switch (state_) {
    case PeerState::connecting:
      if (may_convict && now >= hold_until_) convict_for(peer_cause::never_heard);
      return;
    case PeerState::up:
    case PeerState::suspect:
      if (may_convict && now >= detector_.suspect_at(unreachable_)) {
        if (state_ == PeerState::up) ++suspicions_;
        detected_ = until(detector_.last_heard(), now);
        convict_for(name_silence(now));
      } else if (state_ == PeerState::up && now >= detector_.suspect_at(suspect_)) {
        suspect(now, name_silence(now));
      } else if (doubts(now)) {
        looked_at_ = now;
        if (const std::string_view cut = evident_cut(now); !cut.empty()) suspect(now, cut);
      }
      return;
    case PeerState::unreachable:
      return;
  }
}

void PeerJudge::suspect(Instant now, std::string_view cause) {
  ++suspicions_;
  enter(PeerState::suspect, now, cause);
  suspected_by_silence_ = true;
}

// What may be lost under way is excused, and what its standing still would need is not: see the head of peer_judge.hpp.
Instant PeerJudge::doubt_at() const {
  const Instant suspected = detector_.suspect_at(suspect_);
  return suspected == never ? never : suspected - config_.phi.acceptable_pause / 2;
}

Instant PeerJudge::next_doubt() const {
  if (state_ != PeerState::up) return never;
  const Instant due = doubt_at();
  return looked_at_ < due ? due : later(looked_at_, config_.phi.interval / 8);
}

// By when a peer that lives has spoken again, with the luck that its window promises.
Duration PeerJudge::spoken() const { return detector_.silence_until(suspect_) - config_.phi.acceptable_pause; }

std::string_view PeerJudge::evident_cut(Instant now) const {
  const Duration due = spoken();
  if (unheard_ > detector_.last_heard() && later(unheard_, due) >= now) return peer_cause::cut_outbound;
  const bool overdue = later(heard_, due + config_.phi.acceptable_pause / 2) <= now;
  const Duration grace = std::max(config_.phi.interval / 8, detector_.deviation());
  if (overdue && alive_known_at_ > heard_ && later(alive_known_at_, grace) <= now) return peer_cause::cut_inbound;
  return {};
}

Instant PeerJudge::next_wake() const {
  switch (state_) {
    case PeerState::connecting:
      return hold_until_;
    case PeerState::up:
      return detector_.suspect_at(suspect_);
    case PeerState::suspect:
      return detector_.suspect_at(unreachable_);
    case PeerState::unreachable:
      return never;
  }
  return never;
}

std::string_view PeerJudge::name_silence(Instant now) const {
  if (const std::string_view cut = evident_cut(now); !cut.empty()) return cut;
  // Signs of life count as recent within the silence that an answering peer is allowed anyway.
  const Duration recent = detector_.mean() + config_.phi.acceptable_pause;
  if (later(vouched_, recent) >= now && vouched_ > detector_.last_heard()) return peer_cause::cut_inbound;
  return peer_cause::silent;
}

std::uint32_t PeerJudge::recent_flaps(Instant now) const noexcept {
  if (flaps_remembered_ == 0 || config_.flap_memory <= Duration::zero()) return 0;
  const std::int64_t forgotten = now <= flapped_at_ ? 0 : (now - flapped_at_) / config_.flap_memory;
  return forgotten >= flaps_remembered_ ? 0 : flaps_remembered_ - static_cast<std::uint32_t>(forgotten);
}

std::uint32_t PeerJudge::replies_needed(Instant now) const noexcept {
  const std::uint32_t recent = recent_flaps(now);
  return config_.replies_to_recover + std::min(recent > 1 ? recent - 1 : 0, config_.flap_replies_max);
}

bool PeerJudge::leave_for_unreachable(Instant now, std::string_view cause, std::string detail) {
  if (state_ == PeerState::unreachable) {
    reason_.cause = cause;
    reason_.detail = std::move(detail);
    return false;
  }
  if (state_ != PeerState::connecting) {
    flaps_remembered_ = recent_flaps(now) + 1;
    flapped_at_ = now;
    ++flaps_;
  }
  return enter(PeerState::unreachable, now, cause, std::move(detail));
}

bool PeerJudge::enter(PeerState state, Instant now, std::string_view cause, std::string detail) {
  const bool changed = state_ != state;
  if (state_ == PeerState::up || state_ == PeerState::suspect) watched_ += until(entered_at_, now);
  entered_at_ = now;
  changed_ = changed_ || changed;
  state_ = state;
  replies_ = 0;
  if (state != PeerState::suspect) suspected_by_silence_ = false;
  reason_ = {now, cause, std::move(detail), {}};
  refresh_next_at();
  return changed;
}

DetectorRecord PeerJudge::record(Instant now) const {
  DetectorRecord record;
  record.suspicions = suspicions_;
  record.mistakes = mistakes_;
  record.promised = static_cast<double>(replies_heard_) * std::pow(10.0, -config_.suspect);
  record.mistaken = mistaken_;
  record.watched = watched_;
  if (state_ == PeerState::up || state_ == PeerState::suspect) {
    record.watched += until(entered_at_, now);
    record.detection = until(detector_.last_heard(), detector_.suspect_at(unreachable_));
  }
  record.detected = detected_;
  record.mean = detector_.mean();
  record.deviation = detector_.deviation();
  record.longest = detector_.longest();
  return record;
}

void PeerJudge::refresh_next_at() {
  if (state_ == PeerState::connecting || state_ == PeerState::suspect) {
    reason_.next_at = next_wake();
  } else {
    reason_.next_at.reset();
  }
}

bool PeerJudge::set_degraded(bool degraded, Instant now, std::string_view cause, std::string detail) {
  if (degraded == degraded_) return false;
  degraded_ = degraded;
  degraded_reason_ = {now, cause, std::move(detail), {}};
  return true;
}

}  // namespace hawser
