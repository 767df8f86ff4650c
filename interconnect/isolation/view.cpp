#include <hawser/interconnect/isolation/view.hpp>

#include <algorithm>
#include <ostream>

namespace hawser {

std::optional<Incarnation> View::incarnation_of(Place place) const noexcept {
  const auto found =
      std::find_if(members.begin(), members.end(), [place](const ViewMember& member) { return member.place == place; });
  if (found == members.end()) return std::nullopt;
  return found->incarnation;
}

MemberSet View::places() const noexcept {
  MemberSet set;
  for (const ViewMember& member : members) set.add(member.place);
  return set;
}

std::ostream& operator<<(std::ostream& out, const ViewMember& member) {
  return out << member.place << '@' << to_number(member.incarnation);
}

std::ostream& operator<<(std::ostream& out, const View& view) {
  out << view.epoch << " {";
  const char* between = "";
  for (const ViewMember& member : view.members) {
    out << between << member;
    between = ", ";
  }
  return out << '}';
}

}  // namespace hawser
