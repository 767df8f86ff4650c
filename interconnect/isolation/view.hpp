// A view: the members that may act together, by incarnation, and the epoch under which a quorum granted them.
//
// Epochs (base/ids.hpp) are ordered by counter, proposer and the proposer's incarnation, and no two different views
// bear the same one. An epoch of zero is no view.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/interconnect/isolation/member_set.hpp>

#include <iosfwd>
#include <optional>
#include <vector>

namespace hawser {

// Counters above this are nobody's, and refused wherever bytes are read: no view can push the others out of numbers.
inline constexpr std::uint64_t epoch_counter_max = std::uint64_t{1} << 62;
// Above every epoch of a view: what a leaving member resigns for.
inline constexpr Epoch last_epoch{~std::uint64_t{0}, ~std::uint32_t{0}, Incarnation{~std::uint64_t{0}}};

constexpr bool is_view(const Epoch& epoch) noexcept { return epoch.counter != 0; }

struct ViewMember {
  Place place = 0;
  Incarnation incarnation = Incarnation::unknown;

  friend auto operator<=>(const ViewMember&, const ViewMember&) = default;
};

struct View {
  Epoch epoch;
  std::vector<ViewMember> members;  // by seniority, each place once

  bool any() const noexcept { return is_view(epoch); }
  bool has(Place place) const noexcept { return incarnation_of(place).has_value(); }
  bool has(Place place, Incarnation incarnation) const noexcept { return incarnation_of(place) == incarnation; }
  std::optional<Incarnation> incarnation_of(Place place) const noexcept;
  MemberSet places() const noexcept;

  friend bool operator==(const View&, const View&) = default;
};

std::ostream& operator<<(std::ostream&, const ViewMember&);
// `7.0.3 {0@3, 2@9}`.
std::ostream& operator<<(std::ostream&, const View&);

}  // namespace hawser
