// What follows from what came in: granting, entering, proposing, settling; and what the program is told of it.
#include <hawser/interconnect/isolation/flaw.hpp>
#include <hawser/interconnect/isolation/isolation.hpp>

#include <algorithm>
#include <utility>

namespace hawser {
namespace {

// Of a heartbeat: pulses that something has made urgent are at least so far apart.
constexpr int urgent_beats_per_heartbeat = 16;

std::vector<ViewMember> missing_from(const std::vector<ViewMember>& of, const View& view) {
  std::vector<ViewMember> missing;
  for (const ViewMember& member : of) {
    if (!view.has(member.place, member.incarnation)) missing.push_back(member);
  }
  return missing;
}

}  // namespace

// Time has passed: what it ended is over before anything that came later counts.
void Isolation::before(Instant now) {
  now_ = now;
  voter_.expire(now);
  member_.lapse(config_.coterie, voter_.grant().epoch, now);
}

void Isolation::after(Instant now) {
  // Each step can make the next one possible; epochs only grow, so this ends, and soon.
  while (move_on(now)) {
  }
  check_settled(now);
  if (urgent_) {
    next_beat_ =
        std::min(next_beat_, std::max(now, later(last_beat_, config_.settings.heartbeat / urgent_beats_per_heartbeat)));
  }
  if (now >= next_beat_) {
    beat(now);
    while (move_on(now)) {  // its own support may have been the last one missing
    }
    check_settled(now);
  }
  judge(now);
  set_gate(now);
}

bool Isolation::move_on(Instant now) {
  bool moved = false;
  if (voter_.try_recover(config_.coterie, now)) urgent_ = moved = true;
  if (grant_pledged(now)) moved = true;
  member_.lapse(config_.coterie, voter_.grant().epoch, now);
  if (enter_granted(now)) moved = true;
  refresh_own_row(now);
  if (std::exchange(moved_, false)) proposer_.look(table_, config_.coterie, voter_.grant(), now);
  if (propose(now)) moved = true;
  return moved;
}

bool Isolation::grant_pledged(Instant now) {
  const bool rewrite = voter_.rewrite_due(now);
  if (!rewrite && !voter_.ready(now)) return false;
  if (rewrite || (config_.durable && config_.coterie.voters().has(config_.self))) {
    output_.store = voter_.vote_to_store();
    voter_.storing();
    return false;
  }
  const View old = voter_.grant();
  voter_.commit();
  urgent_ = moved_ = true;
  if (flawed(Flaw::told_at_grant) && voter_.grant().has(config_.self, config_.incarnation)) {
    output_.views.push_back(
        {ViewEvent::entered, voter_.grant(), false, missing_from(old.members, voter_.grant()), {}, {}});
  }
  return true;
}

bool Isolation::enter_granted(Instant now) {
  const View& grant = voter_.grant();
  if (!grant.has(config_.self, config_.incarnation) || !member_.can_enter(config_.coterie, grant, now)) return false;
  const View old = member_.entered();
  last_ = old.epoch;
  const bool continued = member_.enter(grant, now);
  settled_ = false;
  untold_ = untold_ || !continued;
  urgent_ = moved_ = true;
  tell_entered(old, !continued, now);
  return true;
}

void Isolation::tell_entered(const View& old, bool rejoined, Instant now) {
  ViewChange change;
  change.event = ViewEvent::entered;
  change.view = member_.entered();
  change.rejoined = rejoined;
  std::vector<ViewMember> candidates = old.members;
  if (rejoined) {
    candidates.clear();
    for (const Place place : MemberSet::first(config_.coterie.members())) {
      if (!change.view.has(place)) candidates.push_back({place, table_.row(place).incarnation});
      const auto before = old.incarnation_of(place);
      if (before && change.view.has(place)) candidates.push_back({place, *before});
    }
  }
  change.removed = missing_from(candidates, change.view);
  change.joined = missing_from(change.view.members, old);
  change.evidence = evidence(now);
  output_.views.push_back(std::move(change));
}

bool Isolation::propose(Instant now) {
  if (leaving_ || !proposer_.propose(voter_.max_seen(), now)) return false;
  const View proposed = *proposer_.proposal();
#ifdef HAWSER_ISOLATION_FLAWS
  proposed_ = proposed;
  counted_ = {};
#endif
  urgent_ = true;
  if (!consider(proposed, now)) proposer_.refused(proposed.epoch, now);
  return true;
}

// Every other member of the view reports, in this incarnation, that it has left all older ones for good.
void Isolation::check_settled(Instant now) {
  const View& view = member_.entered();
  if (settled_ || !member_.serving(config_.coterie, now)) return;
  const bool all = std::all_of(view.members.begin(), view.members.end(), [&](const ViewMember& member) {
    if (member.place == config_.self) return true;
    const MemberRow& row = table_.row(member.place);
    return row.incarnation == member.incarnation && row.grant >= view.epoch &&
           (!is_view(row.serving) || row.serving >= view.epoch);
  });
  if (!all) return;
  settled_ = true;
  output_.views.push_back({ViewEvent::settled, view, false, {}, {}, evidence(now)});
}

void Isolation::refresh_own_row(Instant now) {
  own_.votes = voter_.votes();
  own_.grant = voter_.grant().epoch;
  own_.serving = member_.serving(config_.coterie, now) ? member_.entered().epoch : Epoch{};
  own_.version = table_.row(config_.self).version;
  if (own_ == table_.row(config_.self)) return;
  ++own_.version;
  table_.merge(own_);
  moved_ = true;
}

// One event per change of stance; the reason beside it may move on while the stance stays.
void Isolation::judge(Instant now) {
  const bool serving = inert() ? !leaving_ : member_.serving(config_.coterie, now);
  const bool ever = inert() || is_view(member_.entered().epoch);
  const Stance old = std::exchange(stance_, serving ? Stance::serving : ever ? Stance::isolated : Stance::joining);
  Reason reason;
  if (serving) {
    const bool entered = std::exchange(explained_, member_.entered().epoch) != member_.entered().epoch;
    if (old == Stance::serving && !entered) return;
    reason = why_serving(entered);
  } else {
    reason = stance_ == Stance::joining ? why_joining(now) : why_isolated();
  }
  reason.since = stance_ == old && reason.cause == reason_.cause ? reason_.since : now;
  reason_ = std::move(reason);
  if (stance_ != old) output_.stances.push_back({old, stance_, reason_, member_.entered().epoch, evidence(now)});
}

Reason Isolation::why_serving(bool entered) const {
  if (inert()) return {{}, stance_cause::no_strategy, "no strategy is configured: every node always serves", {}};
  if (!entered) return {{}, stance_cause::resumed, "its quorum answers again in the same view", {}};
  if (untold_)
    return {{}, stance_cause::joined, "a quorum supports it in a view, after it may have been out of one", {}};
  return {{}, stance_cause::continued, "a quorum supports it in the next view", {}};
}

Reason Isolation::why_joining(Instant now) const {
  if (leaving_) return {{}, stance_cause::leaving, "it stops on purpose", {}};
  if (voter_.remembers()) {
    return {{}, stance_cause::no_view, "no view with this life of it has come to serve", move_due()};
  }
  const std::string forgotten = "its vote is forgotten (" + memory_story_ + "): ";
  if (!voter_.asking(now)) {
    return {{},
            stance_cause::memory_lost,
            forgotten + "it keeps silent until no lease can rest on it",
            voter_.silent_until()};
  }
  const MemberSet silent = MemberSet::first(config_.coterie.members()).without(config_.self) - voter_.heard_from(now);
  return {{},
          stance_cause::asking,
          forgotten + "it waits for a quorum that remembers, or for " + config_.coterie.names(silent),
          {}};
}

Reason Isolation::why_isolated() const {
  if (leaving_) return {{}, stance_cause::leaving, "it stops on purpose", {}};
  if (member_.below() > member_.entered().epoch) {
    return {{}, stance_cause::resigned, "it accepted a view without itself", move_due()};
  }
  if (!member_.holds()) {
    return {{}, stance_cause::superseded, "its lease ended when a newer view had been granted", move_due()};
  }
  return {{}, stance_cause::lease_ended, "no quorum has answered what it sent within the last lease", move_due()};
}

// When this node does something about its views by itself.
std::optional<Instant> Isolation::move_due() const {
  Instant due = proposer_.next_wake();
  if (voter_.pledged()) due = std::min(due, voter_.next_wake());
  return due == never ? std::nullopt : std::optional{due};
}

// Serving is extended and ended at once; it begins anew, after it may have been out, once the program knows.
void Isolation::set_gate(Instant now) {
  if (!member_.serving(config_.coterie, now) || untold_) {
    gate_.close();
  } else {
    gate_.set(flawed(Flaw::cached_flag) ? never : member_.lease_ends(config_.coterie), member_.entered().epoch);
  }
}

Evidence Isolation::evidence(Instant now) const {
  Evidence evidence;
  evidence.at = now;
  evidence.self = config_.self;
  evidence.incarnation = config_.incarnation;
  evidence.leaving = leaving_;
  evidence.table = table_;
  evidence.grant = voter_.grant();
  evidence.entered = member_.entered().epoch;
  evidence.last = last_;
  evidence.given_up = is_view(evidence.entered) && !member_.holds();
  evidence.below = member_.below();
  evidence.lease_ends = member_.lease_ends(config_.coterie);
  evidence.supports = member_.supports();
  return evidence;
}

}  // namespace hawser
