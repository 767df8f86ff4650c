#include <hawser/base/random.hpp>
#include <hawser/interconnect/isolation/derive.hpp>
#include "interconnect/isolation/model/clusters.hpp"
#include "interconnect/isolation/tables.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

using namespace hawser;
using hawser::model::cluster_of;
using hawser::test::connected;
using hawser::test::table_of;

namespace {

MemberSet of_bits(std::uint32_t bits) {
  MemberSet set;
  for (std::size_t i = 0; i < 32; ++i) {
    if ((bits >> i & 1) != 0) set.add(static_cast<Place>(i));
  }
  return set;
}

bool pairwise_linked(const MemberTable& table, const MemberSet& set) {
  for (const Place a : set) {
    for (const Place b : set) {
      if (a != b && !table.link(a, b)) return false;
    }
  }
  return true;
}

bool senior_first(const MemberSet& a, const MemberSet& b) { return (a - b).senior() < (b - a).senior(); }

// By trying every set.
MemberSet derive_slowly(const MemberTable& table, const Coterie& coterie) {
  MemberSet best;
  for (std::uint32_t bits = 1; bits < (1u << table.places()); ++bits) {
    const MemberSet set = of_bits(bits);
    if (set.size() < best.size() || !pairwise_linked(table, set)) continue;
    if (!std::all_of(set.begin(), set.end(), [&](Place place) { return sees_quorum(table, coterie, place); })) continue;
    if (set.size() > best.size() || senior_first(set, best)) best = set;
  }
  return best;
}

}  // namespace

TEST_CASE("the derived view is the largest group that sees a quorum, ties to the senior") {
  for (const Strategy strategy : {Strategy::keep_majority, Strategy::keep_oldest, Strategy::referee}) {
    for (std::size_t n = 1; n <= 5; ++n) {
      const Coterie coterie{cluster_of(n, strategy)};
      for (std::uint32_t graph = 0; graph < (1u << n * (n - 1) / 2); ++graph) {
        const MemberTable table = table_of(n, graph);
        REQUIRE(derive(table, coterie) == derive_slowly(table, coterie));
      }
    }
  }
}

TEST_CASE("survivors: the view is never smaller than what is left when all indirectly connected are downed") {
  for (const Strategy strategy :
       {Strategy::keep_majority, Strategy::static_quorum, Strategy::keep_oldest, Strategy::referee}) {
    for (std::size_t n = 3; n <= 6; ++n) {
      const Coterie coterie{cluster_of(n, strategy)};
      for (std::uint32_t graph = 0; graph < (1u << n * (n - 1) / 2); ++graph) {
        const MemberTable table = table_of(n, graph);
        if (!connected(table)) continue;
        MemberSet whole;        // those with no bad link at all
        bool possible = false;  // a quorum can answer somebody
        for (std::size_t i = 0; i < n; ++i) {
          const auto place = static_cast<Place>(i);
          const MemberSet near = table.links_of(place) | MemberSet::only(place);
          if (near.size() == n) whole.add(place);
          possible = possible || coterie.quorum(near);
        }
        const MemberSet view = derive(table, coterie);
        REQUIRE(view.size() >= whole.size());
        REQUIRE(view.empty() == !possible);
      }
    }
  }
}

TEST_CASE("a link takes both directions, and a row of nobody hears nothing") {
  MemberTable table{3};
  table.merge({0, Incarnation{1}, 1, of_bits(0b110), true, false, {}, {}});
  table.merge({1, Incarnation{1}, 1, of_bits(0b001), true, false, {}, {}});
  CHECK(table.link(0, 1));
  CHECK_FALSE(table.link(0, 2));
  CHECK_FALSE(table.merge({1, Incarnation{1}, 1, {}, true, false, {}, {}}));  // no newer version
  CHECK(table.merge({1, Incarnation{2}, 0, {}, true, false, {}, {}}));        // a new life is newer
  CHECK_FALSE(table.link(0, 1));
}

TEST_CASE("who leaves is wanted no more, and votes of the forgetful do not count") {
  const Coterie coterie{cluster_of(3)};
  MemberTable table = table_of(3, 0b111);
  MemberRow row = table.row(0);
  row.leaving = true;
  ++row.version;
  table.merge(row);
  CHECK(derive(table, coterie) == of_bits(0b110));
  for (const Place place : of_bits(0b011)) {
    row = table.row(place);
    row.votes = row.leaving = false;
    ++row.version;
    table.merge(row);
  }
  CHECK(derive(table, coterie).empty());
}

TEST_CASE("nobody healthy is dropped") {
  const Coterie coterie{cluster_of(4)};
  const View grant{{1, 0, Incarnation{1}}, {{0, Incarnation{1}}, {1, Incarnation{1}}, {2, Incarnation{1}}}};
  const View without_2{{2, 0, Incarnation{1}}, {{0, Incarnation{1}}, {1, Incarnation{1}}}};
  CHECK(drops_the_healthy(table_of(4, 0b111111), coterie, grant, without_2));
  CHECK_FALSE(drops_the_healthy(table_of(4, 0b101111), coterie, grant, without_2) ==
              drops_the_healthy(table_of(4, 0b110111), coterie, grant, without_2));
  CHECK_FALSE(drops_the_healthy(table_of(4, 0), coterie, grant, without_2));
}

TEST_CASE("large and awkward clusters cost a bounded number of steps and a lawful answer") {
  Random random{3};
  CoterieConfig config = cluster_of(200);
  for (std::size_t i = 0; i < 5; ++i) config.members[i].role = "voter";
  config.role = "voter";
  const Coterie coterie{config};
  for (const std::uint32_t density : {500'000u, 900'000u, 990'000u}) {
    std::vector<MemberSet> hears(200);
    for (std::size_t a = 0; a < 200; ++a) {
      for (std::size_t b = a + 1; b < 200; ++b) {
        if (a >= 5 && !random.chance(density)) continue;
        hears[a].add(static_cast<Place>(b));
        hears[b].add(static_cast<Place>(a));
      }
    }
    MemberTable table{200};
    for (std::size_t i = 0; i < 200; ++i) {
      table.merge({static_cast<Place>(i), Incarnation{1}, 1, hears[i], i < 5, false, {}, {}});
    }
    const MemberSet wish = derive(table, coterie);
    CHECK(wish.size() >= 10);
    CHECK(pairwise_linked(table, wish));
    CHECK(derive(table, coterie) == wish);
  }
}
