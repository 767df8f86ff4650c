#include <hawser/sim/stance_watch.hpp>

#include <algorithm>
#include <sstream>
#include <string_view>

namespace hawser::sim {
namespace {

// How long after the last change everybody who serves must be in one view, beside detection, stability and promise: a
// few ranks may propose in turn, each some heartbeats after the other.
constexpr std::int64_t heartbeats_to_agree = 40;

std::string text_of(const Epoch& epoch) {
  std::ostringstream out;
  out << epoch;
  return out.str();
}

// A lease on the slowest clock there may be, and an event's worth of rounding.
Duration lease_bound(const IsolationSettings& settings) {
  const std::int64_t slowest = 1'000'000 - std::int64_t{settings.drift_ppm};
  return Duration{settings.lease.count() * 1'000'000 / slowest + 10'000};
}

Duration agreement_bound(const IsolationSettings& settings, Duration detection) {
  return 2 * (detection + settings.stable_after + settings.promise()) + settings.heartbeat * heartbeats_to_agree;
}

std::string in_ms(Duration span) { return std::to_string(span.count() / 1000) + " ms"; }

}  // namespace

void StanceWatch::begins(const std::string& host, const Member& member, std::vector<NodeId> ids, Coterie coterie,
                         const IsolationSettings& settings) {
  runs_.insert_or_assign(host, Run{member, std::move(ids), std::move(coterie), settings, {}, {}, {}});
}

void StanceWatch::ends(const std::string& host) { runs_.erase(host); }

void StanceWatch::told(const std::string& host, const ViewChange& change) {
  const auto found = runs_.find(host);
  if (found == runs_.end()) return;
  Run& run = found->second;
  if (change.event == ViewEvent::settled) {
    Epoch& known = settled_[run.member];
    known = std::max(known, change.view.epoch);
    settled_highest_ = std::max(settled_highest_, change.view.epoch);
    return;
  }
  std::set<Member> members;
  for (const ViewMember& member : change.view.members) members.emplace(run.ids[member.place], member.incarnation);
  const auto [known, fresh] = views_.try_emplace(change.view.epoch, members);
  if (!fresh && known->second != members) {
    add({host}, "epoch " + text_of(change.view.epoch) + " is two different views");
  }
  if (!members.contains(run.member)) add({host}, host + " entered epoch " + text_of(change.view.epoch) + " without it");
  if (change.view.epoch <= run.entered) {
    add({host}, host + " entered epoch " + text_of(change.view.epoch) + " after " + text_of(run.entered));
  }
  run.entered = change.view.epoch;
  if (change.rejoined) rejoined(run, change.view.epoch);
  for (const ViewMember& member : change.removed) {
    if (member.incarnation == Incarnation::unknown) continue;
    const Member gone{run.ids[member.place], member.incarnation};
    // A view that was entered late: it has rejoined in a later one already.
    const Run* const removed = run_of(gone);
    if (removed != nullptr && removed->joined > change.view.epoch) continue;
    Epoch& without = condemned_[gone][run.member];
    without = std::max(without, change.view.epoch);
  }
}

const StanceWatch::Run* StanceWatch::run_of(const Member& member) const {
  const auto found =
      std::find_if(runs_.begin(), runs_.end(), [&](const auto& each) { return each.second.member == member; });
  return found == runs_.end() ? nullptr : &found->second;
}

void StanceWatch::rejoined(Run& run, const Epoch& epoch) {
  run.joined = epoch;
  if (const auto own = condemned_.find(run.member); own != condemned_.end()) {
    forget_the_dead(own->second, epoch);
    std::erase_if(own->second, [&](const auto& each) { return each.second <= epoch; });
    if (own->second.empty()) condemned_.erase(own);
  }
  forget_the_dead(settled_, epoch);
  settled_highest_ = Epoch{};
  for (const auto& [teller, settled] : settled_) settled_highest_ = std::max(settled_highest_, settled);
}

// Who is told that it rejoined has heard of everything before that epoch; and of what only the dead were told, since
// where memory was lost with them counting begins anew, above what the living had seen when they were asked.
void StanceWatch::forget_the_dead(Told& told, const Epoch& entered) const {
  std::erase_if(told, [&](const auto& each) { return each.second > entered && run_of(each.first) == nullptr; });
}

void StanceWatch::told(const std::string& host, const StanceChange& change, bool calm) {
  if (!calm || change.from == Stance::joining || change.reason.cause == stance_cause::leaving) return;
  add({host}, host + " went from " + std::string{to_string(change.from)} + " to " + std::string{to_string(change.to)} +
                  " (" + std::string{change.reason.cause} + "), and nothing had happened for long");
}

void StanceWatch::may_serve(const std::string& host, const Permission& permission) {
  if (const auto found = runs_.find(host); found != runs_.end()) found->second.permission = permission;
}

void StanceWatch::serves(const std::string& host) {
  const auto found = runs_.find(host);
  if (found == runs_.end()) return;
  const Run& run = found->second;
  const Permission& permission = run.permission;
  if (!permission) return;
  if (const auto removed = condemned_.find(run.member); removed != condemned_.end()) {
    add({host}, host + " serves in epoch " + text_of(permission.epoch) + ", and somebody was told in epoch " +
                    text_of(removed->second.begin()->second) + " that it is removed");
  }
  if (permission.epoch < settled_highest_) {
    add({host},
        host + " serves in epoch " + text_of(permission.epoch) + ", and " + text_of(settled_highest_) + " has settled");
  }
  check_pairs(host, run);
}

// Whoever serves in a lower epoch is in the view of everybody who serves in a higher one.
void StanceWatch::check_pairs(const std::string& host, const Run& run) {
  for (const auto& [other_host, other] : runs_) {
    if (!other.permission || other_host == host || other.permission.epoch == run.permission.epoch) continue;
    const Run& lower = run.permission.epoch < other.permission.epoch ? run : other;
    const Run& higher = &lower == &run ? other : run;
    const auto view = views_.find(higher.permission.epoch);
    if (view == views_.end() || view->second.contains(lower.member)) continue;
    add({host, other_host}, lower.member.first.text() + " serves in epoch " + text_of(lower.permission.epoch) +
                                " and is not in the view " + text_of(higher.permission.epoch) + ", in which " +
                                higher.member.first.text() + " serves");
  }
}

void StanceWatch::reaches(const std::string& host, const std::function<Duration(const NodeId&)>& silent_for) {
  const auto found = runs_.find(host);
  if (found == runs_.end() || !found->second.permission) return;
  const Run& run = found->second;
  const Duration bound = lease_bound(run.settings);
  MemberSet may_answer;
  for (std::size_t place = 0; place < run.ids.size(); ++place) {
    const bool own = run.ids[place] == run.member.first;
    if (own || silent_for(run.ids[place]) <= bound) may_answer.add(static_cast<Place>(place));
  }
  if (const auto arbiter = run.coterie.arbiter(); arbiter && silent_for(run.coterie.id(*arbiter)) <= bound) {
    may_answer.add(*arbiter);
  }
  if (run.coterie.quorum(may_answer)) return;
  add({host}, host + " serves, and for " + in_ms(bound) + " no quorum can have answered it, only " +
                  run.coterie.names(may_answer));
}

WorldTime StanceWatch::reached_until(const std::string& host,
                                     const std::function<WorldTime(const NodeId&)>& silent_since) const {
  const auto found = runs_.find(host);
  if (found == runs_.end()) return world_never;
  const Run& run = found->second;
  const Duration bound = lease_bound(run.settings);
  std::vector<std::pair<WorldTime, Place>> ends;  // of those who have fallen silent
  MemberSet may_answer;
  for (std::size_t place = 0; place < run.ids.size(); ++place) {
    const bool own = run.ids[place] == run.member.first;
    const WorldTime since = own ? world_never : silent_since(run.ids[place]);
    may_answer.add(static_cast<Place>(place));
    if (since != world_never) ends.emplace_back(later(since, bound), static_cast<Place>(place));
  }
  std::sort(ends.begin(), ends.end());
  for (std::size_t i = 0; i < ends.size(); ++i) {
    may_answer.remove(ends[i].second);
    const bool last_of_them = i + 1 == ends.size() || ends[i + 1].first != ends[i].first;
    if (last_of_them && !run.coterie.quorum(may_answer)) return ends[i].first;
  }
  return world_never;
}

Duration StanceWatch::quiet_after(const std::string& host, Duration detection) const {
  const auto found = runs_.find(host);
  return found == runs_.end() ? forever : agreement_bound(found->second.settings, detection);
}

void StanceWatch::quiet(Duration span, Duration detection,
                        const std::function<Duration(const std::string&, const NodeId&)>& silent) {
  const Run* first = nullptr;
  for (const auto& [host, run] : runs_) {
    if (!run.permission) continue;
    const Duration bound = agreement_bound(run.settings, detection);
    if (span <= bound) return;
    if (first == nullptr) first = &run;
    if (run.permission.epoch != first->permission.epoch) {
      add({host, first->member.first.text()},
          host + " serves in epoch " + text_of(run.permission.epoch) + " and " + first->member.first.text() + " in " +
              text_of(first->permission.epoch) + ", " + in_ms(span) + " after the last change");
      return;
    }
    for (const auto& [other_host, other] : runs_) {
      if (!other.permission || other_host == host || silent(host, other.member.first) <= bound) continue;
      add({host, other_host}, host + " and " + other_host + " serve in one view and cannot reach each other");
      return;
    }
  }
}

void StanceWatch::add(std::vector<std::string> nodes, std::string text) {
  findings_.add(Invariant::isolation, std::move(nodes), std::move(text));
}

}  // namespace hawser::sim
