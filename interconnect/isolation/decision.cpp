#include <hawser/interconnect/isolation/decision.hpp>

#include <hawser/interconnect/isolation/derive.hpp>

#include <algorithm>
#include <vector>

namespace hawser {
namespace {

// Those for the view it acts in, the youngest first.
std::vector<SupportEvidence> fresh_supports(const Coterie& coterie, Duration lease, const Evidence& evidence) {
  std::vector<SupportEvidence> fresh;
  for (const SupportEvidence& support : evidence.supports) {
    const bool counts = support.epoch == evidence.entered && coterie.voters().has(support.voter);
    if (counts && evidence.at < later(support.sent, lease)) fresh.push_back(support);
  }
  std::stable_sort(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) { return a.sent > b.sent; });
  return fresh;
}

}  // namespace

bool has_settled(const Evidence& evidence, const View& view) {
  return std::all_of(view.members.begin(), view.members.end(), [&](const ViewMember& member) {
    if (member.place == evidence.self) return true;
    if (member.place >= evidence.table.places()) return false;
    const MemberRow& row = evidence.table.row(member.place);
    return row.incarnation == member.incarnation && row.grant >= view.epoch &&
           (!is_view(row.serving) || row.serving >= view.epoch);
  });
}

Decision decide(const Coterie& coterie, const IsolationSettings& settings, const Evidence& evidence) {
  Decision decision;
  decision.until = Instant::min();
  decision.wish = derive(evidence.table, coterie);
  if (coterie.strategy() == Strategy::none) {
    decision.stance = evidence.leaving ? Stance::isolated : Stance::serving;
    return decision;
  }
  const std::vector<SupportEvidence> fresh = fresh_supports(coterie, settings.lease, evidence);
  decision.continues = is_view(evidence.last);
  for (const SupportEvidence& support : fresh) {
    decision.supporters.add(support.voter);
    if (!support.before || *support.before > evidence.last) decision.continues = false;
    if (decision.quorum || !coterie.quorum(decision.supporters)) continue;
    decision.quorum = true;
    decision.until = later(support.sent, settings.lease);
  }
  const bool may = is_view(evidence.entered) && evidence.entered >= evidence.below && !evidence.given_up;
  if (decision.quorum && may) {
    decision.stance = Stance::serving;
  } else {
    decision.stance = is_view(evidence.entered) ? Stance::isolated : Stance::joining;
    decision.until = Instant::min();
  }
  return decision;
}

}  // namespace hawser
