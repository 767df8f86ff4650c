// Real processes whose vote on disk is no memory: it is said, nothing is made up, and the cluster goes on.
#include "node_process.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

using namespace hawser;
using namespace hawser::live;
using namespace std::chrono_literals;

namespace {

bool acts(const NodeProcess& process) { return process.heard() && process.last.at("may_serve").get<bool>(); }

std::string told_of_loss(const NodeProcess& process) {
  for (const Json& event : process.events) {
    if (event.at("kind") == "node" && event.at("cause") == "memory_lost") return event.at("text");
  }
  return {};
}

std::string bytes_of(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void put(const std::string& path, const std::string& bytes) { std::ofstream{path, std::ios::binary} << bytes; }

}  // namespace

TEST_CASE("a vote that is torn, foreign, or of another cluster is memory lost: said, and the node joins as one without",
          "[live]") {
  Household house{{"n1", "n2", "n3"}, {}, Acts::by_majority};
  Household strangers{{"n1", "n2"}, {}, Acts::by_majority};
  house.start_all();
  strangers.start_all();
  const auto all_act = [&house] {
    return std::all_of(house.ids().begin(), house.ids().end(), [&house](const auto& id) { return acts(house[id]); });
  };
  REQUIRE(house.until(all_act));
  REQUIRE(strangers.until([&] { return acts(strangers["n1"]) && acts(strangers["n2"]); }));
  const std::string vote = house.state_dir("n3") + "/vote.record";
  const std::string others = bytes_of(strangers.state_dir("n2") + "/vote.record");
  REQUIRE_FALSE(others.empty());
  for (const std::string damage : {"torn", "foreign", "another cluster's", "none"}) {
    house["n3"].signal(SIGKILL);
    REQUIRE(house["n3"].wait(20s) == -SIGKILL);
    const std::string whole = bytes_of(vote);
    REQUIRE_FALSE(whole.empty());
    if (damage == "torn") put(vote, whole.substr(0, whole.size() / 2));
    if (damage == "foreign") put(vote, "a shopping list, long enough to hold a header, and no vote at all");
    if (damage == "another cluster's") put(vote, others);
    std::set<std::string> causes;
    house["n3"].seen = [&causes](const Json& snapshot) {
      causes.insert(snapshot.at("stance_reason").at("cause").get<std::string>());
    };
    house["n3"].start();
    REQUIRE(house.until([&] { return acts(house["n3"]); }));
    const std::string said = told_of_loss(house["n3"]);
    CAPTURE(damage, said);
    CHECK((damage == "none") == said.empty());
    CHECK((damage == "none") == !causes.contains("memory_lost"));
    if (damage == "torn") CHECK(said.find("vote.record' is torn or was changed") != std::string::npos);
    if (damage == "foreign") CHECK(said.find("vote.record' is no record of ours") != std::string::npos);
    if (damage == "another cluster's") CHECK(said.find("given with other members") != std::string::npos);
    CHECK(acts(house["n1"]));
    CHECK(acts(house["n2"]));
    house["n3"].seen = {};
  }
}
