// What belongs to an id: a hash table with open addressing, for ids that are numbers.
//
// Entries lie in one block, so that finding one among many touches one cache line, not three. Invariants: at most half
// of the places are taken; from the place that an id hashes to, all are taken up to the one where it is, so that
// nothing has to mark where an entry was. Nothing iterates it: its order is nobody's business. Pointers to values live
// until the next put or erase. Not thread safe.
#pragma once

#include <hawser/base/assert.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace hawser {

// REQUIRES of `Id`: an enumeration over 64 bits in which 0 is nobody.
template <typename Id, typename T>
class IdTable {
 public:
  // Null when there is none.
  T* find(Id id) noexcept {
    if (places_.empty()) return nullptr;
    for (std::size_t at = home(id);; at = next(at)) {
      if (places_[at].id == Id{}) return nullptr;
      if (places_[at].id == id) return &places_[at].value;
    }
  }

  // Replaces what the id had. REQUIRES: id is not 0.
  void put(Id id, T value) {
    HAWSER_ASSERT(id != Id{}, "nobody has an entry");
    if (2 * (size_ + 1) > places_.size()) grow();
    std::size_t at = home(id);
    while (places_[at].id != id && places_[at].id != Id{}) at = next(at);
    size_ += places_[at].id == id ? 0 : 1;
    places_[at] = {id, std::move(value)};
  }

  // False when there was none.
  bool erase(Id id) {
    T* const found = id == Id{} ? nullptr : find(id);
    if (found == nullptr) return false;
    std::size_t hole = 0;
    for (hole = home(id); &places_[hole].value != found;) hole = next(hole);
    // Whatever was pushed on by it moves up.
    for (std::size_t at = next(hole); places_[at].id != Id{}; at = next(at)) {
      const std::size_t wanted = home(places_[at].id);
      if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;
      places_[hole] = std::move(places_[at]);
      hole = at;
    }
    places_[hole] = Place{};
    --size_;
    return true;
  }

  void clear() noexcept {
    places_.clear();
    size_ = 0;
  }
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t smallest = 8;

  struct Place {
    Id id{};
    T value{};
  };

  std::size_t mask() const noexcept { return places_.size() - 1; }
  std::size_t next(std::size_t at) const noexcept { return (at + 1) & mask(); }
  std::size_t home(Id id) const noexcept {
    const std::uint64_t mixed = static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15u;
    return static_cast<std::size_t>(mixed >> (64 - std::countr_zero(places_.size())));
  }

  void grow() {
    std::vector<Place> before(places_.empty() ? smallest : 2 * places_.size());
    std::swap(places_, before);
    size_ = 0;
    for (Place& each : before) {
      if (each.id != Id{}) put(each.id, std::move(each.value));
    }
  }

  std::vector<Place> places_;  // empty, or a power of two of them
  std::size_t size_ = 0;
};

}  // namespace hawser
