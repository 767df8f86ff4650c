// A set of places in the configured list of members: bits, so that quorums and cliques are a few machine instructions.
//
// A place is the index of a member in that list, 0 the most senior; it is what views, tables and epochs name. The list
// is the same on every node, or they would not talk to each other. Iteration is in order of seniority.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <iterator>

namespace hawser {

using Place = std::uint16_t;

inline constexpr std::size_t members_max = 255;  // and one place more, for an outside arbiter
inline constexpr std::size_t voters_max = 32;
inline constexpr std::size_t places_max = members_max + 1;

class MemberSet {
 public:
  constexpr MemberSet() = default;
  // The places 0 .. count-1. REQUIRES: count <= places_max.
  static constexpr MemberSet first(std::size_t count) noexcept {
    MemberSet set;
    for (std::size_t i = 0; i < count; ++i) set.add(static_cast<Place>(i));
    return set;
  }
  static constexpr MemberSet only(Place place) noexcept {
    MemberSet set;
    set.add(place);
    return set;
  }

  // REQUIRES of all that take one: place < places_max.
  constexpr void add(Place place) noexcept { words_[place / 64] |= bit(place); }
  constexpr void remove(Place place) noexcept { words_[place / 64] &= ~bit(place); }
  constexpr bool has(Place place) const noexcept { return (words_[place / 64] & bit(place)) != 0; }
  constexpr MemberSet with(Place place) const noexcept {
    MemberSet set = *this;
    set.add(place);
    return set;
  }
  constexpr MemberSet without(Place place) const noexcept {
    MemberSet set = *this;
    set.remove(place);
    return set;
  }

  constexpr std::size_t size() const noexcept {
    std::size_t size = 0;
    for (const std::uint64_t word : words_) size += static_cast<std::size_t>(std::popcount(word));
    return size;
  }
  constexpr bool empty() const noexcept {
    for (const std::uint64_t word : words_) {
      if (word != 0) return false;
    }
    return true;
  }
  // The most senior place in it; places_max when empty.
  constexpr std::size_t senior() const noexcept { return first_in(words_); }
  // How many in it are senior to `place`.
  constexpr std::size_t seniors_of(Place place) const noexcept {
    std::size_t count = 0;
    for (std::size_t i = 0; i < place / 64u; ++i) count += static_cast<std::size_t>(std::popcount(words_[i]));
    return count + static_cast<std::size_t>(std::popcount(words_[place / 64] & (bit(place) - 1)));
  }
  constexpr bool contains(const MemberSet& other) const noexcept { return (other - *this).empty(); }
  constexpr bool meets(const MemberSet& other) const noexcept { return !(*this & other).empty(); }

  friend constexpr MemberSet operator|(MemberSet a, const MemberSet& b) noexcept {
    for (std::size_t i = 0; i < words; ++i) a.words_[i] |= b.words_[i];
    return a;
  }
  friend constexpr MemberSet operator&(MemberSet a, const MemberSet& b) noexcept {
    for (std::size_t i = 0; i < words; ++i) a.words_[i] &= b.words_[i];
    return a;
  }
  friend constexpr MemberSet operator-(MemberSet a, const MemberSet& b) noexcept {
    for (std::size_t i = 0; i < words; ++i) a.words_[i] &= ~b.words_[i];
    return a;
  }
  friend constexpr bool operator==(const MemberSet&, const MemberSet&) = default;

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Place;
    using difference_type = std::ptrdiff_t;
    using pointer = const Place*;
    using reference = Place;

    constexpr explicit Iterator(const std::array<std::uint64_t, places_max / 64>& left) noexcept
        : left_(left), at_(first_in(left)) {}
    constexpr Place operator*() const noexcept { return static_cast<Place>(at_); }
    constexpr Iterator& operator++() noexcept {
      left_[at_ / 64] &= left_[at_ / 64] - 1;
      at_ = first_in(left_);
      return *this;
    }
    friend constexpr bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    std::array<std::uint64_t, places_max / 64> left_;
    std::size_t at_;
  };
  constexpr Iterator begin() const noexcept { return Iterator{words_}; }
  constexpr Iterator end() const noexcept { return Iterator{{}}; }

 private:
  static constexpr std::size_t words = places_max / 64;
  static constexpr std::size_t first_in(const std::array<std::uint64_t, places_max / 64>& in) noexcept {
    for (std::size_t i = 0; i < in.size(); ++i) {
      if (in[i] != 0) return i * 64 + static_cast<std::size_t>(std::countr_zero(in[i]));
    }
    return places_max;
  }
  static constexpr std::uint64_t bit(Place place) noexcept { return std::uint64_t{1} << (place % 64); }

  std::array<std::uint64_t, words> words_{};
};

// `{0, 2, 5}`.
std::ostream& operator<<(std::ostream&, const MemberSet&);

}  // namespace hawser
