#include <hawser/interconnect/isolation/member_set.hpp>

#include <catch2/catch.hpp>

#include <sstream>
#include <vector>

using namespace hawser;

TEST_CASE("a member set goes by seniority, over all its words") {
  MemberSet set;
  CHECK(set.empty());
  CHECK(set.senior() == places_max);
  for (const int place : {200, 3, 64, 63, 255}) set.add(static_cast<Place>(place));
  std::vector<Place> found;
  for (const Place place : set) found.push_back(place);
  CHECK(found == std::vector<Place>{3, 63, 64, 200, 255});
  CHECK(set.size() == 5);
  CHECK(set.senior() == 3);
  CHECK(set.seniors_of(64) == 2);
  CHECK(set.seniors_of(255) == 4);
  CHECK_FALSE(set.without(64).has(64));
  CHECK(set.contains(MemberSet::only(63)));
  CHECK_FALSE(set.contains(MemberSet::only(62)));
  CHECK(set.meets(MemberSet::first(4)));
  CHECK_FALSE(set.meets(MemberSet::first(3)));
  std::ostringstream out;
  out << (set & MemberSet::first(64));
  CHECK(out.str() == "{3, 63}");
}
