// Many timers over one: a heap of (instant, callback) that somebody else wakes.
//
// Invariants: timers come out by instant and, at the same instant, in the order in which they were added; a cancelled
// one never comes out; memory follows the number of pending timers, cancelled ones leave nothing behind. It calls
// nobody: pop_due hands the callback over, so adding and cancelling from inside a callback is safe. Not thread safe.
#pragma once

#include <hawser/base/assert.hpp>
#include <hawser/base/time.hpp>
#include <hawser/base/unique_function.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace hawser {

class TimerQueue {
 public:
  // Never reused while it can matter: a slot and the number of times the slot was given out (2^32 of them).
  enum class Key : std::uint64_t { none = 0 };

  // `at` may lie in the past; `never` is kept and does not come out.
  Key add(Instant at, UniqueFunction<void()> what) {
    HAWSER_ASSERT(static_cast<bool>(what), "a timer has something to do");
    std::uint32_t index;
    if (free_.empty()) {
      index = static_cast<std::uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    Slot& slot = slots_[index];
    slot.what = std::move(what);
    slot.pending = true;
    heap_.push_back({at, added_++, index});
    sift_up(heap_.size() - 1);
    return key_of(index);
  }

  // True when the timer was pending. Keys of timers that came out, were cancelled or never existed are ignored.
  bool cancel(Key key) {
    const auto index = static_cast<std::uint32_t>(static_cast<std::uint64_t>(key));
    if (key == Key::none || index >= slots_.size() || !slots_[index].pending || key_of(index) != key) return false;
    const UniqueFunction<void()> dropped = remove(slots_[index].place);
    return true;
  }

  // When the next timer is due; `never` when there is none.
  Instant next() const noexcept { return heap_.empty() ? never : heap_.front().at; }

  // The callback of the next timer with at <= now, taken out; an empty function when none is due.
  UniqueFunction<void()> pop_due(Instant now) {
    if (heap_.empty() || heap_.front().at > now || heap_.front().at == never) return {};
    return remove(0);
  }

  std::size_t size() const noexcept { return heap_.size(); }
  bool empty() const noexcept { return heap_.empty(); }

  // Drops all timers. What the callbacks own is destroyed after the queue is consistent again.
  void clear() {
    std::vector<UniqueFunction<void()>> dropped;
    dropped.reserve(heap_.size());
    while (!heap_.empty()) dropped.push_back(remove(heap_.size() - 1));
  }

 private:
  struct Slot {
    UniqueFunction<void()> what;
    std::size_t place = 0;         // in the heap
    std::uint32_t generation = 1;  // never zero, so that no key is none
    bool pending = false;
  };
  struct Entry {
    Instant at;
    std::uint64_t order;
    std::uint32_t slot;

    bool before(const Entry& other) const noexcept { return at != other.at ? at < other.at : order < other.order; }
  };

  Key key_of(std::uint32_t index) const noexcept { return Key{std::uint64_t{slots_[index].generation} << 32 | index}; }

  UniqueFunction<void()> remove(std::size_t place) {
    const std::uint32_t index = heap_[place].slot;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (place < heap_.size()) {
      put(place, last);
      sift_up(place);
      sift_down(slots_[last.slot].place);
    }
    Slot& slot = slots_[index];
    slot.pending = false;
    if (++slot.generation == 0) slot.generation = 1;
    free_.push_back(index);
    return std::move(slot.what);
  }

  void put(std::size_t place, const Entry& entry) noexcept {
    heap_[place] = entry;
    slots_[entry.slot].place = place;
  }

  void sift_up(std::size_t place) noexcept {
    const Entry moving = heap_[place];
    while (place > 0) {
      const std::size_t parent = (place - 1) / 2;
      if (!moving.before(heap_[parent])) break;
      put(place, heap_[parent]);
      place = parent;
    }
    put(place, moving);
  }

  void sift_down(std::size_t place) noexcept {
    const Entry moving = heap_[place];
    for (;;) {
      std::size_t child = 2 * place + 1;
      if (child >= heap_.size()) break;
      if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
      if (!heap_[child].before(moving)) break;
      put(place, heap_[child]);
      place = child;
    }
    put(place, moving);
  }

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::uint64_t added_ = 0;
};

}  // namespace hawser
