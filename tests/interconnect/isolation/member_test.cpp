#include <hawser/interconnect/isolation/member.hpp>
#include "interconnect/isolation/model/clusters.hpp"

#include <catch2/catch.hpp>

using namespace hawser;
using hawser::model::cluster_of;

namespace {

constexpr Duration lease{1'500'000};
constexpr Instant start = instant_from_us(50'000'000);

Epoch epoch(std::uint64_t counter) { return {counter, 0, Incarnation{1}}; }
View view(std::uint64_t counter) {
  return {epoch(counter), {{0, Incarnation{1}}, {1, Incarnation{1}}, {2, Incarnation{1}}}};
}

// Member 0 of three, which entered view 5 at the start.
struct Serving {
  Coterie coterie{cluster_of(3)};
  Member member{lease, 3};

  Serving() {
    member.supported(0, epoch(5), start, std::nullopt);
    member.supported(1, epoch(5), start, std::nullopt);
    REQUIRE(member.can_enter(coterie, view(5), start));
    REQUIRE_FALSE(member.enter(view(5), start));  // the first view is always one it may have missed something before
  }
};

}  // namespace

TEST_CASE("the lease runs from when the heartbeat was sent, of the oldest answer that the quorum needs") {
  Serving serving;
  Member& member = serving.member;
  CHECK(member.lease_ends(serving.coterie) == start + lease);
  member.supported(0, epoch(5), start + Duration{500}, std::nullopt);
  CHECK(member.lease_ends(serving.coterie) == start + lease);
  member.supported(2, epoch(5), start + Duration{300}, std::nullopt);
  CHECK(member.lease_ends(serving.coterie) == start + Duration{300} + lease);
  member.supported(2, epoch(5), start, std::nullopt);  // late, and of no use
  CHECK(member.lease_ends(serving.coterie) == start + Duration{300} + lease);
  CHECK(member.serving(serving.coterie, start + Duration{299} + lease));
  CHECK_FALSE(member.serving(serving.coterie, start + Duration{300} + lease));
}

TEST_CASE("support in another epoch does not count, and is not lost either") {
  Serving serving;
  Member& member = serving.member;
  member.supported(1, epoch(6), start + Duration{500}, epoch(5));
  member.supported(2, epoch(6), start + Duration{500}, epoch(5));
  CHECK(member.lease_ends(serving.coterie) == start + lease);
  CHECK(member.can_enter(serving.coterie, view(6), start + Duration{600}));
  CHECK(member.enter(view(6), start + Duration{600}));
  CHECK(member.lease_ends(serving.coterie) == start + Duration{500} + lease);
}

TEST_CASE("a view may be resumed while none higher was granted, and never after") {
  Serving serving;
  Member& member = serving.member;
  const Instant later_on = start + lease;
  SECTION("resumed") {
    member.lapse(serving.coterie, epoch(5), later_on);
    member.supported(1, epoch(5), later_on, std::nullopt);
    member.supported(0, epoch(5), later_on, std::nullopt);
    CHECK(member.serving(serving.coterie, later_on));
  }
  SECTION("given up") {
    member.lapse(serving.coterie, epoch(6), later_on);
    member.supported(1, epoch(5), later_on, std::nullopt);
    member.supported(0, epoch(5), later_on, std::nullopt);
    CHECK_FALSE(member.serving(serving.coterie, later_on));
    CHECK_FALSE(member.can_enter(serving.coterie, view(5), later_on));
  }
}

TEST_CASE("who resigned serves nothing below, at once and for good") {
  Serving serving;
  Member& member = serving.member;
  member.resign(epoch(7));
  CHECK_FALSE(member.serving(serving.coterie, start));
  member.supported(1, epoch(6), start, epoch(5));
  member.supported(0, epoch(6), start, epoch(5));
  CHECK_FALSE(member.can_enter(serving.coterie, view(6), start));
  member.supported(1, epoch(7), start, epoch(5));
  member.supported(0, epoch(7), start, epoch(5));
  CHECK(member.can_enter(serving.coterie, view(7), start));
}

TEST_CASE("it continues only when every supporter is known to have granted nothing since the view it entered last") {
  Serving serving;
  Member& member = serving.member;
  member.supported(0, epoch(8), start, epoch(5));
  SECTION("all known") {
    member.supported(1, epoch(8), start, epoch(4));
    CHECK(member.enter(view(8), start));
  }
  SECTION("one unknown") {
    member.supported(1, epoch(8), start, std::nullopt);
    CHECK_FALSE(member.enter(view(8), start));
    CHECK(member.joined() == epoch(8));
  }
  SECTION("one granted another view in between, though this member never stopped serving") {
    member.supported(1, epoch(8), start, epoch(7));
    CHECK_FALSE(member.enter(view(8), start));
  }
}
