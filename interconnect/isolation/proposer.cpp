#include <hawser/interconnect/isolation/proposer.hpp>

#include <hawser/interconnect/isolation/derive.hpp>
#include <hawser/interconnect/isolation/flaw.hpp>

#include <algorithm>

namespace hawser {
namespace {

constexpr std::uint32_t doublings_max = 4;

}  // namespace

Proposer::Proposer(const IsolationSettings& settings, Place self, Incarnation incarnation, std::size_t places,
                   Random random)
    : settings_(settings), self_(self), incarnation_(incarnation), random_(random), bad_since_(places, never) {}

void Proposer::look(const MemberTable& table, const Coterie& coterie, const View& grant, Instant now) {
  wish_ = derive(table, coterie);
  std::vector<ViewMember> wanted;
  for (const Place place : wish_) wanted.push_back({place, table.row(place).incarnation});
  if (wanted != wanted_ || wanted_since_ == never) {
    wanted_ = std::move(wanted);
    wanted_since_ = now;
  }
  if (grant.epoch != granted_) refusals_ = 0;
  granted_ = grant.epoch;
  if (proposal_ && (proposal_->members != wanted_ || proposal_->epoch <= grant.epoch)) proposal_.reset();
  look_for_the_bad(table, grant, now);
  look_for_failure(table, coterie, grant, now);
  if (wanted_.empty()) {
    due_ = never;
  } else if (differs(grant)) {
    due_ = leaving_ ? wanted_since_ : later(wanted_since_, settings_.stable_after);
    for (const Instant since : bad_since_) {
      if (since != never) due_ = std::min(due_, later(since, settings_.stable_after));
    }
  } else if (failing_since_ != never) {
    due_ = later(failing_since_, settings_.repair_after() * (1u << std::min(repairs_, doublings_max)));
  } else {
    due_ = never;
  }
}

void Proposer::look_for_the_bad(const MemberTable& table, const View& grant, Instant now) {
  leaving_ = false;
  std::vector<Instant> since(bad_since_.size(), never);
  for (const ViewMember& member : grant.members) {
    if (std::find(wanted_.begin(), wanted_.end(), member) != wanted_.end()) continue;
    since[member.place] = std::min(bad_since_[member.place], now);
    const MemberRow& row = table.row(member.place);
    leaving_ = leaving_ || (row.leaving && row.incarnation == member.incarnation);
  }
  bad_since_ = std::move(since);
}

// A member that could follow and does not serve in the view that all want. Who has lost its memory cannot yet.
void Proposer::look_for_failure(const MemberTable& table, const Coterie& coterie, const View& grant, Instant now) {
  const bool failing = grant.any() && !differs(grant) && !flawed(Flaw::no_relay_no_repair) &&
                       std::any_of(grant.members.begin(), grant.members.end(), [&](const ViewMember& member) {
                         const MemberRow& row = table.row(member.place);
                         const bool waits = coterie.voters().has(member.place) && !row.votes;
                         return !waits && row.serving != grant.epoch;
                       });
  if (!failing) {
    failing_since_ = never;
    repairs_ = 0;
  } else if (failing_since_ == never || failing_ != grant.epoch) {
    failing_since_ = now;
    failing_ = grant.epoch;
  }
}

bool Proposer::propose(const Epoch& max_seen, Instant now) {
  if (proposal_ || !wish_.has(self_) || now < next_wake()) return false;
  View view;
  view.epoch = {max_seen.counter + 1, self_, incarnation_};
  if (flawed(Flaw::epoch_reused)) view.epoch = {granted_.counter + 1, 0, Incarnation{1}};
  view.members = wanted_;
  if (failing_since_ != never) ++repairs_;
  proposal_ = std::move(view);
  return true;
}

void Proposer::refused(const Epoch& epoch, Instant now) {
  if (!proposal_ || proposal_->epoch != epoch) return;
  proposal_.reset();
  refusals_ = std::min(refusals_ + 1, doublings_max);
  not_before_ = later(now, random_.between(settings_.heartbeat / 2, settings_.heartbeat * (1u << refusals_)));
}

Instant Proposer::next_wake() const {
  if (proposal_ || !wish_.has(self_) || due_ == never) return never;
  const auto rank = static_cast<std::int64_t>(wish_.seniors_of(self_));
  return std::max(later(due_, settings_.rank_delay() * rank), not_before_);
}

}  // namespace hawser
