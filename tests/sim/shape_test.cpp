// Shapes of partitions: who still reaches whom.
#include <hawser/sim/shape.hpp>
#include <hawser/sim/world.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace hawser::sim;

namespace {

Group nodes(int count) {
  Group result;
  for (int i = 1; i <= count; ++i) result.push_back("n" + std::to_string(i));
  return result;
}

// Whom each node reaches, itself with it, when these links are cut.
std::set<std::string> reached(const std::string& from, const Group& all, const Links& cut) {
  std::set<std::string> result;
  for (const std::string& to : all) {
    if (std::find(cut.begin(), cut.end(), std::pair{from, to}) == cut.end()) result.insert(to);
  }
  return result;
}

bool symmetric(const Links& links) {
  return std::all_of(links.begin(), links.end(), [&](const auto& link) {
    return std::count(links.begin(), links.end(), std::pair{link.second, link.first}) == 1;
  });
}

using Set = std::set<std::string>;

}  // namespace

TEST_CASE("a bridge: two groups lose each other, and who is in neither reaches both", "[shape]") {
  const Links cut = bridge_links({"n1", "n2"}, {"n4", "n5"});
  CHECK(symmetric(cut));
  CHECK(reached("n1", nodes(5), cut) == Set{"n1", "n2", "n3"});
  CHECK(reached("n3", nodes(5), cut).size() == 5);
  CHECK(reached("n5", nodes(5), cut) == Set{"n3", "n4", "n5"});
}

TEST_CASE("a chain: everyone reaches its neighbours only", "[shape]") {
  const Links cut = chain_links(nodes(4));
  CHECK(symmetric(cut));
  CHECK(reached("n1", nodes(4), cut) == Set{"n1", "n2"});
  CHECK(reached("n3", nodes(4), cut) == Set{"n2", "n3", "n4"});
}

TEST_CASE("a ring of majorities: everyone reaches a majority, and no two the same", "[shape]") {
  for (const int count : {4, 5, 6, 7, 9, 12}) {
    CAPTURE(count);
    const Group all = nodes(count);
    const Links cut = majorities_ring_links(all);
    CHECK(symmetric(cut));
    std::set<Set> seen;
    for (const std::string& node : all) {
      const Set reach = reached(node, all, cut);
      CHECK(reach.size() * 2 > all.size());
      CHECK(reach.size() < all.size());
      seen.insert(reach);
    }
    CHECK(seen.size() == all.size());
  }
  CHECK(majorities_ring_links(nodes(3)).empty());
}

TEST_CASE("a star: the leaves reach only the hub", "[shape]") {
  const Links cut = star_links("n1", {"n2", "n3", "n4"});
  CHECK(symmetric(cut));
  CHECK(reached("n1", nodes(4), cut).size() == 4);
  CHECK(reached("n3", nodes(4), cut) == Set{"n1", "n3"});
}

TEST_CASE("isolation and a cut-off third", "[shape]") {
  CHECK(reached("n2", nodes(4), isolated_links("n2", nodes(4))) == Set{"n2"});
  CHECK(reached("n1", nodes(4), isolated_links("n2", nodes(4))) == Set{"n1", "n3", "n4"});
  const Links third = minority_third_links(nodes(7));
  CHECK(reached("n7", nodes(7), third) == Set{"n6", "n7"});
  CHECK(reached("n1", nodes(7), third).size() == 5);
  CHECK(reached("n2", nodes(2), minority_third_links(nodes(2))) == Set{"n2"});
}

TEST_CASE("one way is one way, in the shape and in the world", "[shape]") {
  const Links cut = one_way_links({"n1"}, {"n2", "n3"});
  CHECK(cut == Links{{"n1", "n2"}, {"n1", "n3"}});
  World world{{.seed = 1}};
  for (const char* name : {"n1", "n2", "n3"}) world.host(name, ProcessFactory{});
  world.cut_links(cut);
  CHECK(world.network().rule(0, 1).cut);
  CHECK(world.network().rule(0, 2).cut);
  CHECK_FALSE(world.network().rule(1, 0).cut);
  CHECK_FALSE(world.network().rule(1, 2).cut);
  world.heal();
  CHECK_FALSE(world.network().rule(0, 1).cut);
}
