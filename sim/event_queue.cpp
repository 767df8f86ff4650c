#include <hawser/sim/event_queue.hpp>

#include <hawser/base/assert.hpp>

namespace hawser::sim {
namespace {
constexpr std::uint32_t arity = 4;
}

EventId EventQueue::insert(WorldTime at, Owner owner, Action what, Instant due) {
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Slot& entry = slots_[slot];
  entry.what = std::move(what);
  entry.due = due;
  entry.owner = owner;
  const Key key{at, scheduled_++, slot};
  heap_.push_back(key);
  sift_up(static_cast<std::uint32_t>(heap_.size() - 1), key);
  return id_of(slot, entry.generation);
}

EventQueue::Slot* EventQueue::find(EventId id) noexcept {
  const auto number = static_cast<std::uint64_t>(id);
  const auto slot = static_cast<std::uint32_t>(number);
  if (slot >= slots_.size()) return nullptr;
  Slot& entry = slots_[slot];
  return entry.place != place_free && entry.generation == number >> 32 ? &entry : nullptr;
}

void EventQueue::cancel(EventId id) {
  Slot* entry = find(id);
  if (entry == nullptr) return;
  if (entry->place < place_parked) remove_from_heap(entry->place);
  release(static_cast<std::uint32_t>(entry - slots_.data()));
}

void EventQueue::cancel_of(Owner owner, EventId id) {
  const Slot* entry = find(id);
  if (entry != nullptr && entry->owner == owner) cancel(id);
}

void EventQueue::cancel_all(Owner owner) {
  // What an action owns may cancel further events when it is destroyed; so look at each slot afresh.
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].owner == owner && slots_[slot].place != place_free) cancel(id_of(slot, slots_[slot].generation));
  }
}

EventQueue::Action EventQueue::pop() {
  const std::uint32_t slot = heap_.front().slot;
  Action what = std::move(slots_[slot].what);
  remove_from_heap(0);
  release(slot);
  return what;
}

EventId EventQueue::park_next() {
  const std::uint32_t slot = heap_.front().slot;
  remove_from_heap(0);
  slots_[slot].place = place_parked;
  return id_of(slot, slots_[slot].generation);
}

EventQueue::Action EventQueue::take_parked(EventId id) {
  Slot* entry = find(id);
  if (entry == nullptr) return {};
  HAWSER_ASSERT(entry->place == place_parked, "only a parked event is taken by its id");
  Action what = std::move(entry->what);
  release(static_cast<std::uint32_t>(entry - slots_.data()));
  return what;
}

void EventQueue::release(std::uint32_t slot) noexcept {
  Slot& entry = slots_[slot];
  ++entry.generation;
  if (entry.generation == 0) entry.generation = 1;  // an id is never zero
  entry.place = place_free;
  entry.due = never;
  free_.push_back(slot);
  const Action gone = std::move(entry.what);  // destroyed last: it may come back here
}

void EventQueue::move_to(std::uint32_t slot, WorldTime at) noexcept {
  const std::uint32_t place = slots_[slot].place;
  Key key = heap_[place];
  key.at = at;
  if (place > 0 && key.before(heap_[(place - 1) / arity])) {
    sift_up(place, key);
  } else {
    sift_down(place, key);
  }
}

void EventQueue::remove_from_heap(std::uint32_t place) noexcept {
  const Key last = heap_.back();
  heap_.pop_back();
  if (place == heap_.size()) return;
  if (place > 0 && last.before(heap_[(place - 1) / arity])) {
    sift_up(place, last);
  } else {
    sift_down(place, last);
  }
}

void EventQueue::sift_up(std::uint32_t place, Key key) noexcept {
  while (place > 0) {
    const std::uint32_t parent = (place - 1) / arity;
    if (!key.before(heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, key);
}

void EventQueue::sift_down(std::uint32_t place, Key key) noexcept {
  const auto size = static_cast<std::uint32_t>(heap_.size());
  while (true) {
    const std::uint32_t first = place * arity + 1;
    if (first >= size) break;
    std::uint32_t least = first;
    const std::uint32_t end = first + arity < size ? first + arity : size;
    for (std::uint32_t child = first + 1; child < end; ++child) {
      if (heap_[child].before(heap_[least])) least = child;
    }
    if (!heap_[least].before(key)) break;
    put(place, heap_[least]);
    place = least;
  }
  put(place, key);
}

}  // namespace hawser::sim
