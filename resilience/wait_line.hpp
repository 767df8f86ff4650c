// Those who wait, in the order in which they came, each until an instant of its own.
//
// Who came first, who came last and whose wait ends first are known at once; to join, to be served, to give up and to
// run out of time cost the logarithm of how many wait, never a look at all of them. Invariants: the first, the last and
// the one whose wait ends first do wait; of equal ends the one who came first; memory follows the largest number that
// waited at once, and is kept. Pure; not thread safe.
#pragma once

#include <hawser/base/ring.hpp>
#include <hawser/base/time.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hawser {

struct Waiter {
  std::uint64_t ticket = 0;  // grows from one who joins to the next
  Instant since{};
  Instant until = never;
  void* owner = nullptr;
};

class WaitLine {
 public:
  // REQUIRES: a higher ticket than any before.
  void join(const Waiter& waiter);

  // --- REQUIRES: not empty ---
  const Waiter& first() const noexcept { return places_.front().waiter; }
  const Waiter& last() const noexcept { return places_.back().waiter; }
  Waiter take_first();
  Waiter take_last();
  // The one whose wait ends first. REQUIRES: next_end() is not `never`.
  Waiter take_next_to_end();

  // False when nobody waits with that ticket.
  bool leave(std::uint64_t ticket);
  // When the first wait ends; `never` when none does.
  Instant next_end() const noexcept { return ends_.empty() ? never : ends_.front().until; }

  std::size_t size() const noexcept { return waiting_; }
  bool empty() const noexcept { return waiting_ == 0; }

 private:
  struct Place {
    Waiter waiter;
    bool left = false;
  };
  struct End {
    Instant until;
    std::uint64_t ticket;

    // For the heap, whose top is the largest.
    bool operator<(const End& other) const noexcept {
      return until != other.until ? until > other.until : ticket > other.ticket;
    }
  };

  // Its place, or the number of places.
  std::size_t find(std::uint64_t ticket) const noexcept;
  Waiter remove(std::size_t place);
  void tidy();

  Ring<Place> places_;     // by ticket; those who left from the middle stay as gaps until tidy() closes them
  std::vector<End> ends_;  // a heap; who has left is still in it, but never at its top
  std::size_t waiting_ = 0;
};

}  // namespace hawser
