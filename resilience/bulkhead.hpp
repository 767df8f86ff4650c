// Walls between groups of calls (tenants, services, priorities, message types): a flood in one leaves room in the
// others.
//
// `capacity` places are cut into a floor per group, which is its own, and the rest, which is common. A group takes from
// its floor first, then from the common places up to its limit, then from what another group lends of its idle floor.
// Invariants: at most capacity places are taken; a group with fewer than floor - lent places taken gets one at once;
// waiting is bounded in number and time; within a group, first come first served. A place returns to where it was
// taken from, and the group that lent it is served first. However many wait, no call looks at all of them. Pure, never
// calls back; not thread safe. The idea is Hystrix's; floors and borrowing are those of a memory manager. All storage
// is made when it is first needed and kept.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/resilience/wait_line.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

struct BulkheadGroup {
  std::string name;             // for people; not empty, unique
  std::uint32_t floor = 0;      // places that are its own; 0 .. limit
  std::uint32_t limit = 0;      // all it may hold, borrowed ones included; 0 means capacity
  std::uint32_t lends = 0;      // of its idle floor, how many places others may hold meanwhile; 0 .. floor
  std::uint32_t queue_max = 0;  // callers that may wait; 0 means none
  Duration wait_max{0};         // how long; above 0 where queue_max is
};

struct BulkheadConfig {
  std::uint32_t capacity = 64;  // 1 .. 1 000 000; at least the sum of the floors
  std::vector<BulkheadGroup> groups{BulkheadGroup{"all", 0, 0, 0, 0, Duration{0}}};
  bool observe_only = false;  // counts what it would refuse, and lets everything pass
};

enum class BulkheadRefusal : std::uint8_t {
  full,          // no place, and this group does not wait
  queue_full,    // no place, and as many wait as may
  wait_expired,  // waited as long as allowed: now >= the end of the wait
};
std::string_view to_string(BulkheadRefusal refusal) noexcept;

// One place, to be given back by release(). Copying it does not make two of it.
struct BulkheadPermit {
  enum class From : std::uint8_t { own, common, borrowed, nowhere };  // nowhere: let pass by observe_only
  std::uint32_t group = 0;
  std::uint32_t lender = 0;  // of a borrowed place
  From from = From::nowhere;

  friend bool operator==(const BulkheadPermit&, const BulkheadPermit&) = default;
};

// Exactly one is set: a permit, a ticket (the caller waits; poll() will tell) or a refusal.
struct BulkheadAnswer {
  std::optional<BulkheadPermit> permit;
  std::uint64_t ticket = 0;
  Instant until = never;  // of a ticket: the end of its wait
  std::optional<BulkheadRefusal> refusal;
};

// What became of one that waited: a permit, or the end of its wait.
struct BulkheadEvent {
  std::uint64_t ticket = 0;
  void* owner = nullptr;
  std::optional<BulkheadPermit> permit;
};

class Bulkhead {
 public:
  // REQUIRES: problems_of(config).empty() (coherence.hpp).
  explicit Bulkhead(BulkheadConfig config);

  // `wait_until` shortens the group's wait_max, never lengthens it; at or before `now` nothing waits. `owner` comes
  // back in the event. REQUIRES: group < groups().
  BulkheadAnswer acquire(std::uint32_t group, Instant now, Instant wait_until = never, void* owner = nullptr);
  // REQUIRES: a permit of this bulkhead that has not been released. Then ask poll().
  void release(const BulkheadPermit& permit);
  // The next of those that waited whose wait is over, one per call: first the expired (within a group, whose wait
  // ended first), then who gets a place.
  std::optional<BulkheadEvent> poll(Instant now);
  // The one who waited has gone. False when it no longer waits.
  bool cancel(std::uint64_t ticket);
  // When the next wait ends by itself; `never` when nobody waits.
  Instant next_wake() const noexcept;

  // Lowers or raises the common part; never below the sum of the floors. Places in use are not taken away.
  void set_capacity(std::uint32_t capacity) noexcept;

  std::size_t groups() const noexcept { return groups_.size(); }
  const BulkheadGroup& group(std::uint32_t index) const { return config_.groups[index]; }
  std::uint32_t in_use() const noexcept;
  std::uint32_t in_use(std::uint32_t group) const;
  std::size_t waiting(std::uint32_t group) const { return groups_[group].waiters.size(); }
  std::uint32_t borrowed(std::uint32_t group) const { return groups_[group].borrowed; }
  std::uint64_t refusals() const noexcept { return refusals_; }  // in observe_only: those that would have been
  std::uint32_t capacity() const noexcept { return capacity_; }

 private:
  struct Group {
    std::uint32_t own = 0;       // taken of its floor by itself
    std::uint32_t common = 0;    // taken of the common places
    std::uint32_t borrowed = 0;  // taken of other floors
    std::uint32_t lent = 0;      // of its floor, held by others
    WaitLine waiters;
  };

  bool own_free(std::uint32_t group) const;
  bool below_limit(std::uint32_t group) const;
  std::optional<std::uint32_t> lender_for(std::uint32_t group) const;
  std::optional<BulkheadPermit> take(std::uint32_t group);
  std::optional<BulkheadPermit> take_at(std::uint32_t group, int choice);
  std::optional<BulkheadEvent> pop_expired(Instant now);

  BulkheadConfig config_;
  std::vector<Group> groups_;
  std::uint32_t floors_ = 0;  // their sum
  std::uint32_t capacity_ = 0;
  std::uint32_t common_in_use_ = 0;
  std::uint64_t next_ticket_ = 1;
  std::uint64_t refusals_ = 0;
};

}  // namespace hawser
