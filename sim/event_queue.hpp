// What is going to happen, in the order of (world time, order of scheduling).
//
// Events live in slots that are used again, and a four-ary heap of their keys; a slot knows its place in the heap, so
// that a cancelled event leaves nothing behind. An event belongs to an owner: a host, or the world itself. The events
// of a host that cannot run now are parked: out of the order, still cancellable, until the host takes them.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/base/unique_function.hpp>
#include <hawser/sim/virtual_clock.hpp>

#include <cstdint>
#include <limits>
#include <vector>

namespace hawser::sim {

enum class EventId : std::uint64_t { none = 0 };

// The index of a host, or the world.
using Owner = std::uint32_t;
inline constexpr Owner world_owner = std::numeric_limits<Owner>::max();

class EventQueue {
 public:
  using Action = UniqueFunction<void()>;

  EventId schedule(WorldTime at, Owner owner, Action what) { return insert(at, owner, std::move(what), never); }
  // A timer also knows when it is due on its owner's clock, so that it can be moved when that clock changes.
  EventId schedule_timer(WorldTime at, Owner owner, Instant due, Action what) {
    return insert(at, owner, std::move(what), due);
  }
  // Unknown, past and foreign ids are ignored.
  void cancel(EventId id);
  void cancel_of(Owner owner, EventId id);
  void cancel_all(Owner owner);

  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  // REQUIRES, all of these: not empty.
  WorldTime next_at() const noexcept { return heap_.front().at; }
  Owner next_owner() const noexcept { return slots_[heap_.front().slot].owner; }
  Action pop();
  EventId park_next();

  // Takes a parked event; empty when it was cancelled.
  Action take_parked(EventId id);
  // Gives each timer of `owner` that is not parked a new time: when(due). Ties keep their order.
  template <typename When>
  void retime(Owner owner, When when) {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      const Slot& entry = slots_[slot];
      if (entry.owner != owner || entry.due == never || entry.place >= place_parked) continue;
      move_to(slot, when(entry.due));
    }
  }

 private:
  static constexpr std::uint32_t place_parked = 0xfffffffe;
  static constexpr std::uint32_t place_free = 0xffffffff;

  struct Key {
    WorldTime at;
    std::uint64_t order;
    std::uint32_t slot;
    bool before(const Key& other) const noexcept { return at != other.at ? at < other.at : order < other.order; }
  };
  struct Slot {
    Action what;
    Instant due = never;
    Owner owner = world_owner;
    std::uint32_t generation = 1;
    std::uint32_t place = place_free;
  };

  EventId insert(WorldTime at, Owner owner, Action what, Instant due);
  static EventId id_of(std::uint32_t slot, std::uint32_t generation) noexcept {
    return static_cast<EventId>(std::uint64_t{generation} << 32 | slot);
  }
  Slot* find(EventId id) noexcept;
  void remove_from_heap(std::uint32_t place) noexcept;
  void release(std::uint32_t slot) noexcept;
  void move_to(std::uint32_t slot, WorldTime at) noexcept;
  void put(std::uint32_t place, const Key& key) noexcept {
    heap_[place] = key;
    slots_[key.slot].place = place;
  }
  void sift_up(std::uint32_t place, Key key) noexcept;
  void sift_down(std::uint32_t place, Key key) noexcept;

  std::vector<Key> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t scheduled_ = 0;
};

}  // namespace hawser::sim
