#include <hawser/resilience/wait_line.hpp>

#include <hawser/base/assert.hpp>

#include <algorithm>

namespace hawser {
namespace {

// Gaps are closed when there are more of them than people, so that each of those who left pays for one move.
constexpr std::size_t gaps_allowed = 8;

}  // namespace

void WaitLine::join(const Waiter& waiter) {
  HAWSER_ASSERT(places_.empty() || places_.back().waiter.ticket < waiter.ticket, "tickets of a line grow");
  places_.push_back({waiter, false});
  ++waiting_;
  if (waiter.until == never) return;
  ends_.push_back({waiter.until, waiter.ticket});
  std::push_heap(ends_.begin(), ends_.end());
}

Waiter WaitLine::take_first() { return remove(0); }

Waiter WaitLine::take_last() {
  HAWSER_ASSERT(waiting_ > 0, "an empty line has no last");
  return remove(places_.size() - 1);
}

Waiter WaitLine::take_next_to_end() {
  HAWSER_ASSERT(!ends_.empty(), "somebody's wait ends");
  return remove(find(ends_.front().ticket));
}

bool WaitLine::leave(std::uint64_t ticket) {
  const std::size_t place = find(ticket);
  if (place == places_.size()) return false;
  remove(place);
  return true;
}

std::size_t WaitLine::find(std::uint64_t ticket) const noexcept {
  std::size_t low = 0;
  std::size_t high = places_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (places_[middle].waiter.ticket < ticket) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const bool waits = low < places_.size() && places_[low].waiter.ticket == ticket && !places_[low].left;
  return waits ? low : places_.size();
}

Waiter WaitLine::remove(std::size_t place) {
  HAWSER_ASSERT(waiting_ > 0, "who is removed waits");
  places_[place].left = true;
  const Waiter gone = places_[place].waiter;
  --waiting_;
  tidy();
  return gone;
}

void WaitLine::tidy() {
  while (!places_.empty() && places_.front().left) places_.pop_front();
  while (!places_.empty() && places_.back().left) places_.pop_back();
  if (places_.size() > 2 * waiting_ + gaps_allowed) {
    for (std::size_t left = places_.size(); left > 0; --left) {
      const Place place = places_.take_front();
      if (!place.left) places_.push_back(place);
    }
  }
  if (ends_.size() > 2 * waiting_ + gaps_allowed) {
    std::erase_if(ends_, [this](const End& end) { return find(end.ticket) == places_.size(); });
    std::make_heap(ends_.begin(), ends_.end());
  }
  while (!ends_.empty() && find(ends_.front().ticket) == places_.size()) {
    std::pop_heap(ends_.begin(), ends_.end());
    ends_.pop_back();
  }
}

}  // namespace hawser
