// Who hears whom, from one snapshot.
#include <hawser/inspect/matrix.hpp>
#include "inspect/shown_node.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <memory>
#include <vector>

using namespace hawser;
using namespace hawser::test;
using nlohmann::json;

namespace {

std::shared_ptr<const std::vector<Hears>> said(std::vector<Hears> all) {
  return std::make_shared<const std::vector<Hears>>(std::move(all));
}

NodeSnapshot node_of_three() {
  NodeSnapshot node = shown_node();
  node.peers[0].heard_at = instant_from_us(4'900'000);
  node.peers[0].hears = said({{"n1", Incarnation{3}, PeerState::up}, {"n3", Incarnation{1}, PeerState::suspect}});
  return node;
}

}  // namespace

TEST_CASE("matrix: the own row is this node's judgement, another's is its word, and silence is a row too") {
  const json matrix = json::parse(matrix_json(node_of_three(), matrix_of(node_of_three())));
  CHECK(matrix["api"] == 1);
  CHECK(matrix["node"] == "n1");
  CHECK(matrix["taken_at_us"] == 5'000'000);
  CHECK(matrix["nodes"] == json{"n1", "n2", "n3"});
  REQUIRE(matrix["rows"].size() == 3);
  CHECK(matrix["rows"][0] == json{{"node", "n1"},
                                  {"own", true},
                                  {"said_at_us", 5'000'000},
                                  {"fresh", true},
                                  {"hears", {{"n2", "up"}, {"n3", "unreachable"}}}});
  CHECK(matrix["rows"][1] == json{{"node", "n2"},
                                  {"own", false},
                                  {"said_at_us", 4'900'000},
                                  {"fresh", true},
                                  {"hears", {{"n1", "up"}, {"n3", "suspect"}}}});
  CHECK(matrix["rows"][2] ==
        json{{"node", "n3"}, {"own", false}, {"said_at_us", nullptr}, {"fresh", false}, {"hears", json::object()}});
  CHECK(matrix["cuts"].empty());
}

TEST_CASE("matrix: a one-way cut has its direction") {
  NodeSnapshot node = node_of_three();
  node.peers[1].health.reason.cause = "cut_outbound";
  CHECK_FALSE(matrix_of(node).rows[2].fresh);  // it stops speaking to whom it does not hear
  CHECK(json::parse(matrix_json(node, matrix_of(node)))["cuts"] ==
        json::array({{{"from", "n1"}, {"to", "n3"}, {"cause", "cut_outbound"}}}));
  node.peers[1].health.reason.cause = "cut_inbound";
  CHECK_FALSE(matrix_of(node).rows[2].fresh);
  CHECK(json::parse(matrix_json(node, matrix_of(node)))["cuts"] ==
        json::array({{{"from", "n3"}, {"to", "n1"}, {"cause", "cut_inbound"}}}));
  node.peers[1].health.state = PeerState::up;
  CHECK(matrix_of(node).cuts.empty());
}

TEST_CASE("matrix: whoever is spoken of is there, and nobody speaks of themselves") {
  NodeSnapshot node = node_of_three();
  node.peers[0].hears = said({{"n2", Incarnation{3}, PeerState::up}, {"n9", Incarnation{1}, PeerState::connecting}});
  const json matrix = json::parse(matrix_json(node, matrix_of(node)));
  CHECK(matrix["nodes"] == json{"n1", "n2", "n3", "n9"});
  CHECK(matrix["rows"].size() == 3);
  CHECK(matrix["rows"][1]["hears"] == json{{"n9", "connecting"}});
}
