#include <hawser/interconnect/isolation/member.hpp>

#include <hawser/interconnect/isolation/flaw.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

Member::Member(Duration lease, std::size_t places) : lease_(lease), supports_(places) {}

void Member::supported(Place voter, const Epoch& epoch, Instant sent, const std::optional<Epoch>& before) {
  Supports& of = supports_[voter];
  Support* slot = nullptr;
  if (holds_ && epoch == entered_.epoch) {
    slot = &of.current;
  } else if (epoch >= of.next.epoch) {
    slot = &of.next;
  }
  if (slot == nullptr) return;
  if (slot->epoch == epoch && slot->sent >= sent) return;
  *slot = {epoch, sent, before};
}

void Member::resign(const Epoch& epoch) noexcept {
  below_ = std::max(below_, epoch);
  if (flawed(Flaw::resign_but_serve_on)) return;
  if (entered_.epoch < below_) holds_ = false;
}

void Member::lapse(const Coterie& coterie, const Epoch& grant, Instant now) {
  if (serving(coterie, now)) return;
  unbroken_ = false;
  if (holds_ && grant > entered_.epoch && !flawed(Flaw::old_epoch_resumed)) holds_ = false;
}

bool Member::can_enter(const Coterie& coterie, const View& grant, Instant now) const {
  return grant.epoch > entered_.epoch && grant.epoch >= below_ && now < ends(coterie, grant.epoch);
}

bool Member::enter(const View& grant, Instant now) {
  bool continues = is_view(entered_.epoch);
  for (std::size_t i = 0; i < supports_.size(); ++i) {
    const Support* support = find(static_cast<Place>(i), grant.epoch);
    if (support == nullptr || now >= later(support->sent, lease_)) continue;
    if (!support->before && flawed(Flaw::rejoin_only_if_known)) continue;
    if (!support->before || *support->before > entered_.epoch) continues = false;
  }
  if (unbroken_ && flawed(Flaw::before_ignored_unbroken)) continues = true;
  for (Supports& each : supports_) {
    each.current = each.next.epoch == grant.epoch ? std::exchange(each.next, Support{}) : Support{};
  }
  entered_ = grant;
  holds_ = true;
  unbroken_ = true;
  if (!continues) joined_ = grant.epoch;
  return continues;
}

Instant Member::lease_ends(const Coterie& coterie) const {
  return holds_ ? ends(coterie, entered_.epoch) : Instant::min();
}

// The quorum whose oldest promise is the youngest possible decides.
Instant Member::ends(const Coterie& coterie, const Epoch& epoch) const {
  std::vector<std::pair<Instant, Place>> sent;
  for (const Place voter : coterie.voters()) {
    if (const Support* support = find(voter, epoch)) sent.emplace_back(support->sent, voter);
  }
  std::sort(sent.begin(), sent.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  MemberSet supporters;
  for (const auto& [at, voter] : sent) {
    supporters.add(voter);
    if (coterie.quorum(supporters)) return later(at, lease_);
  }
  return Instant::min();
}

const Member::Support* Member::find(Place voter, const Epoch& epoch) const noexcept {
  const Supports& of = supports_[voter];
  if (of.current.sent != Instant::min() && of.current.epoch == epoch) return &of.current;
  if (of.next.sent != Instant::min() && of.next.epoch == epoch) return &of.next;
  return nullptr;
}

std::vector<SupportEvidence> Member::supports() const {
  std::vector<SupportEvidence> all;
  for (std::size_t i = 0; i < supports_.size(); ++i) {
    for (const Support* each : {&supports_[i].current, &supports_[i].next}) {
      if (each->sent == Instant::min()) continue;
      all.push_back({static_cast<Place>(i), each->epoch, each->sent, each->before});
    }
  }
  return all;
}

}  // namespace hawser
