#include <hawser/resilience/bulkhead.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/resilience/coherence.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

std::string_view to_string(BulkheadRefusal refusal) noexcept {
  switch (refusal) {
    case BulkheadRefusal::full:
      return "full";
    case BulkheadRefusal::queue_full:
      return "queue_full";
    case BulkheadRefusal::wait_expired:
      return "wait_expired";
  }
  return "unknown";
}

Bulkhead::Bulkhead(BulkheadConfig config) : config_(std::move(config)), capacity_(config_.capacity) {
  HAWSER_ASSERT(problems_of(config_).empty(), "a bulkhead's configuration is coherent");
  groups_.resize(config_.groups.size());
  for (const BulkheadGroup& group : config_.groups) floors_ += group.floor;
}

bool Bulkhead::own_free(std::uint32_t group) const {
  const Group& it = groups_[group];
  return it.own + it.lent < config_.groups[group].floor;
}

bool Bulkhead::below_limit(std::uint32_t group) const {
  const std::uint32_t limit = config_.groups[group].limit;
  return limit == 0 || in_use(group) < limit;
}

std::optional<std::uint32_t> Bulkhead::lender_for(std::uint32_t group) const {
  // The one with the most to spare, so that loans spread; the first of equals.
  std::optional<std::uint32_t> best;
  std::uint32_t spare_of_best = 0;
  for (std::uint32_t i = 0; i < groups_.size(); ++i) {
    const std::uint32_t lends = mutant(Mutant::floor_borrowed) ? config_.groups[i].floor : config_.groups[i].lends;
    if (i == group || !own_free(i) || groups_[i].lent >= lends) continue;
    const std::uint32_t spare =
        std::min(lends - groups_[i].lent, config_.groups[i].floor - groups_[i].own - groups_[i].lent);
    if (spare > spare_of_best) {
      best = i;
      spare_of_best = spare;
    }
  }
  return best;
}

// Choice 0: its own floor, 1: the common places, 2: another's floor.
std::optional<BulkheadPermit> Bulkhead::take_at(std::uint32_t group, int choice) {
  if (!below_limit(group)) return std::nullopt;
  Group& it = groups_[group];
  if (choice == 0) {
    if (!own_free(group)) return std::nullopt;
    ++it.own;
    return BulkheadPermit{group, 0, BulkheadPermit::From::own};
  }
  if (choice == 1) {
    if (common_in_use_ + floors_ >= capacity_) return std::nullopt;
    ++common_in_use_;
    ++it.common;
    return BulkheadPermit{group, 0, BulkheadPermit::From::common};
  }
  const std::optional<std::uint32_t> lender = lender_for(group);
  if (!lender) return std::nullopt;
  ++groups_[*lender].lent;
  ++it.borrowed;
  return BulkheadPermit{group, *lender, BulkheadPermit::From::borrowed};
}

std::optional<BulkheadPermit> Bulkhead::take(std::uint32_t group) {
  for (int choice = 0; choice < 3; ++choice) {
    if (const auto permit = take_at(group, choice)) return permit;
  }
  return std::nullopt;
}

BulkheadAnswer Bulkhead::acquire(std::uint32_t group, Instant now, Instant wait_until, void* owner) {
  HAWSER_ASSERT(group < groups_.size(), "a bulkhead knows its groups");
  const BulkheadGroup& rules = config_.groups[group];
  Group& it = groups_[group];
  BulkheadAnswer answer;
  // Nobody overtakes those of its own group who wait.
  if (it.waiters.empty() || mutant(Mutant::bulkhead_overtaken)) answer.permit = take(group);
  if (answer.permit) return answer;
  if (config_.observe_only) {
    ++refusals_;
    answer.permit = BulkheadPermit{group, 0, BulkheadPermit::From::nowhere};
    return answer;
  }
  const Instant until = std::min(later(now, rules.wait_max), wait_until);
  if (rules.queue_max == 0 || until <= now) {
    answer.refusal = BulkheadRefusal::full;
  } else if (it.waiters.size() >= rules.queue_max) {
    answer.refusal = BulkheadRefusal::queue_full;
  } else {
    answer.ticket = next_ticket_++;
    answer.until = until;
    it.waiters.join({answer.ticket, now, until, owner});
  }
  if (answer.refusal) ++refusals_;
  return answer;
}

void Bulkhead::release(const BulkheadPermit& permit) {
  HAWSER_ASSERT(permit.group < groups_.size(), "a permit of this bulkhead");
  Group& it = groups_[permit.group];
  const auto give_back = [](std::uint32_t& taken) {
    HAWSER_ASSERT(taken > 0, "a bulkhead permit is given back once");
    --taken;
  };
  switch (permit.from) {
    case BulkheadPermit::From::own:
      return give_back(it.own);
    case BulkheadPermit::From::common:
      give_back(it.common);
      return give_back(common_in_use_);
    case BulkheadPermit::From::borrowed:
      give_back(it.borrowed);
      return give_back(groups_[permit.lender].lent);
    case BulkheadPermit::From::nowhere:
      return;
  }
}

std::optional<BulkheadEvent> Bulkhead::pop_expired(Instant now) {
  for (Group& group : groups_) {
    if (group.waiters.next_end() > now) continue;
    ++refusals_;
    const Waiter gone = group.waiters.take_next_to_end();
    return BulkheadEvent{gone.ticket, gone.owner, std::nullopt};
  }
  return std::nullopt;
}

std::optional<BulkheadEvent> Bulkhead::poll(Instant now) {
  if (auto expired = pop_expired(now)) return expired;
  for (int choice = 0; choice < 3; ++choice) {
    // The longest waiting of those who could be served; groups are few.
    std::optional<std::uint32_t> first;
    for (;;) {
      const std::uint64_t after = first ? groups_[*first].waiters.first().ticket : 0;
      std::optional<std::uint32_t> next;
      for (std::uint32_t i = 0; i < groups_.size(); ++i) {
        if (groups_[i].waiters.empty() || groups_[i].waiters.first().ticket <= after) continue;
        if (!next || groups_[i].waiters.first().ticket < groups_[*next].waiters.first().ticket) next = i;
      }
      if (!next) break;
      if (const auto permit = take_at(*next, choice)) {
        const Waiter served = groups_[*next].waiters.take_first();
        return BulkheadEvent{served.ticket, served.owner, permit};
      }
      first = next;
    }
  }
  return std::nullopt;
}

bool Bulkhead::cancel(std::uint64_t ticket) {
  return std::any_of(groups_.begin(), groups_.end(), [ticket](Group& group) { return group.waiters.leave(ticket); });
}

Instant Bulkhead::next_wake() const noexcept {
  Instant wake = never;
  for (const Group& group : groups_) wake = std::min(wake, group.waiters.next_end());
  return wake;
}

void Bulkhead::set_capacity(std::uint32_t capacity) noexcept { capacity_ = std::max({capacity, floors_, 1u}); }

std::uint32_t Bulkhead::in_use() const noexcept {
  std::uint32_t sum = common_in_use_;
  for (const Group& group : groups_) sum += group.own + group.lent;
  return sum;
}

std::uint32_t Bulkhead::in_use(std::uint32_t group) const {
  const Group& it = groups_[group];
  return it.own + it.common + it.borrowed;
}

}  // namespace hawser
