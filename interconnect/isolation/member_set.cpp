#include <hawser/interconnect/isolation/member_set.hpp>

#include <ostream>

namespace hawser {

std::ostream& operator<<(std::ostream& out, const MemberSet& set) {
  out << '{';
  const char* between = "";
  for (const Place place : set) {
    out << between << place;
    between = ", ";
  }
  return out << '}';
}

}  // namespace hawser
