#include <hawser/interconnect/isolation/coterie.hpp>
#include "interconnect/isolation/model/clusters.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using hawser::model::cluster_of;

namespace {

MemberSet of(std::initializer_list<int> places) {
  MemberSet set;
  for (const int place : places) set.add(static_cast<Place>(place));
  return set;
}

bool says(const std::vector<std::string>& sentences, const std::string& part) {
  for (const std::string& sentence : sentences) {
    if (sentence.find(part) != std::string::npos) return true;
  }
  return false;
}

// What every coterie must be: quorums meet, grow, and are not empty.
void check_coterie(const Coterie& coterie) {
  CHECK_FALSE(coterie.quorum({}));
  const auto found = disjoint_quorums(coterie.voters(), [&](const MemberSet& set) { return coterie.quorum(set); });
  CHECK_FALSE(found.has_value());
  CHECK(coterie.quorum(coterie.voters()));
  for (std::uint32_t bits = 0; bits < (1u << coterie.members()); ++bits) {
    MemberSet set;
    for (std::size_t i = 0; i < coterie.members(); ++i) {
      if ((bits >> i & 1) != 0) set.add(static_cast<Place>(i));
    }
    if (!coterie.quorum(set)) continue;
    for (const Place place : coterie.voters()) CHECK(coterie.quorum(set.with(place)));
  }
}

}  // namespace

TEST_CASE("any two quorums of every coterie meet") {
  for (std::size_t n = 1; n <= 7; ++n) {
    check_coterie(Coterie{cluster_of(n)});
    check_coterie(Coterie{cluster_of(n, Strategy::keep_oldest)});
    check_coterie(Coterie{cluster_of(n, Strategy::static_quorum)});
    check_coterie(Coterie{cluster_of(n, Strategy::referee)});
    CoterieConfig weighted = cluster_of(n);
    for (std::size_t i = 0; i < n; ++i) weighted.members[i].weight = static_cast<std::uint32_t>(1 + i * i % 5);
    check_coterie(Coterie{weighted});
    const Coterie arbiter{cluster_of(n, Strategy::arbiter)};
    CHECK(arbiter.quorum(MemberSet::only(*arbiter.arbiter())));
    CHECK_FALSE(arbiter.quorum(MemberSet::first(n)));
  }
}

TEST_CASE("a majority is more than half, and exactly half only with the first voter") {
  const Coterie four{cluster_of(4)};
  CHECK(four.quorum(of({0, 3})));
  CHECK_FALSE(four.quorum(of({1, 2})));
  CHECK(four.quorum(of({1, 2, 3})));
  const Coterie two{cluster_of(2)};
  CHECK(two.quorum(of({0})));
  CHECK_FALSE(two.quorum(of({1})));
  CoterieConfig weighted = cluster_of(3);
  weighted.members[2].weight = 3;
  CHECK(Coterie{weighted}.quorum(of({2})));
  CHECK_FALSE(Coterie{weighted}.quorum(of({0, 1})));
}

TEST_CASE("the wheel turns around the senior, and of two it decides alone") {
  const Coterie four{cluster_of(4, Strategy::keep_oldest)};
  CHECK(four.quorum(of({0, 3})));
  CHECK_FALSE(four.quorum(of({0})));
  CHECK(four.quorum(of({1, 2, 3})));
  CHECK_FALSE(four.quorum(of({1, 2})));
  const Coterie two{cluster_of(2, Strategy::keep_oldest)};
  CHECK(two.quorum(of({0})));
  CHECK_FALSE(two.quorum(of({1})));
}

TEST_CASE("only members of the role vote") {
  CoterieConfig config = cluster_of(5);
  for (const int i : {1, 3, 4}) config.members[i].role = "voter";
  config.role = "voter";
  const Coterie coterie{config};
  CHECK(coterie.voters() == of({1, 3, 4}));
  CHECK(coterie.quorum(of({3, 4})));
  CHECK_FALSE(coterie.quorum(of({0, 1, 2})));
}

TEST_CASE("what is no coterie is refused with the reason") {
  CoterieConfig config = cluster_of(4, Strategy::static_quorum);
  config.quorum = 2;
  CHECK(says(Coterie::problems(config), "for example {n0, n1} and {n2, n3}"));
  config.quorum = 5;
  CHECK(says(Coterie::problems(config), "can never be met"));
  config.quorum = 0;
  CHECK(says(Coterie::problems(config), "needs `quorum`"));
  config = cluster_of(3, Strategy::referee);
  config.referee = "stranger";
  CHECK(says(Coterie::problems(config), "the referee stranger is not a member"));
  config = cluster_of(3);
  config.members[1].id = "n0";
  CHECK(says(Coterie::problems(config), "named twice"));
  config = cluster_of(3);
  config.members[1].weight = 0;
  CHECK(says(Coterie::problems(config), "weight 0"));
  config = cluster_of(3);
  config.quorum = 2;
  CHECK(says(Coterie::problems(config), "means nothing with strategy keep_majority"));
  config = cluster_of(3);
  config.role = "voter";
  CHECK(says(Coterie::problems(config), "no member has the voting role"));
  CHECK(says(Coterie::problems(cluster_of(33)), "at most 32 may vote"));
  CHECK(says(Coterie::problems(cluster_of(256)), "views hold at most 255"));
  CHECK(says(Coterie::problems(CoterieConfig{}), "no members"));
  CHECK(Coterie::problems(cluster_of(32)).empty());
  CHECK(Coterie::problems(cluster_of(255, Strategy::arbiter)).empty());
}

TEST_CASE("whom nobody can do without is said at start") {
  CHECK(says(Coterie::warnings(cluster_of(3, Strategy::referee), false), "{n1} forgets its vote"));
  CHECK(says(Coterie::warnings(cluster_of(2), true), "nobody serves without {n0}"));
  CHECK(Coterie::warnings(cluster_of(3), false).empty());
}

TEST_CASE("the search for disjoint quorums finds them where there are some") {
  const auto half = disjoint_quorums(MemberSet::first(4), [](const MemberSet& set) { return set.size() >= 2; });
  REQUIRE(half);
  CHECK_FALSE(half->first.meets(half->second));
}
