#include <hawser/inspect/json.hpp>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <limits>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr std::uint64_t beyond_javascript = (1ULL << 53) + 1;

NodeSnapshot snapshot_of_a_node_whose_peer_is_gone() {
  NodeSnapshot node;
  node.id = "n1";
  node.cluster = "orders";
  node.incarnation = Incarnation{beyond_javascript};
  node.endpoint = {"127.0.0.1", 7001};
  node.taken_at = instant_from_us(5'000'000);

  PeerSnapshot peer;
  peer.health.id = "n2";
  peer.health.state = PeerState::unreachable;
  peer.health.reason = {instant_from_us(4'000'000), "silent", "no answer for 1 s", instant_from_us(6'000'000)};
  peer.health.phi = 12.5;
  peer.health.breaker.state = "open";
  LaneSnapshot lane;
  lane.state = LaneState::waiting;
  lane.dials = 7;
  lane.next_delay_max = 800ms;
  peer.lanes.push_back(lane);
  ChannelSnapshot channel;
  channel.type = TypeId{0xfeedfacecafebeefULL};
  channel.name = "Order";
  channel.ledger.submit(100);
  channel.ledger.submit(50);
  channel.ledger.end({OutcomeKind::unreachable, Cause::silent, std::nullopt}, 100);
  peer.channels.push_back(channel);
  node.peers.push_back(peer);
  node.ledger = channel.ledger;
  node.events.push_back({3, instant_from_us(4'000'000), "peer_state", "n2", "silent", "n2 is unreachable"});
  return node;
}

json parsed(const NodeSnapshot& node) { return json::parse(to_json(node)); }

}  // namespace

TEST_CASE("an unreachable peer is a row with its reason, its lanes and what became of its messages") {
  const json node = parsed(snapshot_of_a_node_whose_peer_is_gone());
  CHECK(node["id"] == "n1");
  CHECK(node["endpoint"] == "127.0.0.1:7001");
  REQUIRE(node["peers"].size() == 1);
  const json& peer = node["peers"][0];
  CHECK(peer["state"] == "unreachable");
  CHECK(peer["reason"]["cause"] == "silent");
  CHECK(peer["reason"]["since_us"] == 4'000'000);
  CHECK(peer["reason"]["next_at_us"] == 6'000'000);
  CHECK(peer["phi"] == 12.5);
  CHECK(peer["breaker"]["state"] == "open");
  CHECK(peer["lanes"][0]["next_delay_max_us"] == 800'000);
  const json& ledger = peer["channels"][0]["ledger"];
  CHECK(ledger["submitted"]["messages"] == 2);
  CHECK(ledger["held"]["bytes"] == 50);
  CHECK(ledger["outcomes"]["unreachable"]["bytes"] == 100);
  CHECK(ledger["causes"]["silent"] == 1);
  CHECK(ledger["balanced"] == true);
  CHECK(node["events"][0]["kind"] == "peer_state");
}

TEST_CASE("who may act, until when, in which view and why is there to be read") {
  NodeSnapshot node = snapshot_of_a_node_whose_peer_is_gone();
  node.stance = Stance::serving;
  node.stance_reason = {instant_from_us(1'000'000), "continued", "a quorum supports it", {}};
  node.epoch = {7, 2, Incarnation{9}};
  node.view = {{"n1", Incarnation{5}}, {"n2", Incarnation{6}}};
  node.view_settled = true;
  node.serving_until = instant_from_us(6'200'000);
  const json serving = parsed(node);
  CHECK(serving["stance"] == "serving");
  CHECK(serving["stance_reason"]["cause"] == "continued");
  CHECK(serving["may_serve"] == true);
  CHECK(serving["lease_remaining_us"] == 1'200'000);
  CHECK(serving["epoch"]["counter"] == "7");
  CHECK(serving["view"][1]["id"] == "n2");
  CHECK(serving["view"][1]["incarnation"] == "6");
  CHECK(serving["view_settled"] == true);

  node.serving_until = node.taken_at;  // the lease has just ended, whatever anybody has noticed
  CHECK(parsed(node)["may_serve"] == false);
  CHECK(parsed(node)["lease_remaining_us"] == 0);
  node.serving_until = never;
  CHECK(parsed(node)["may_serve"] == true);
  CHECK(parsed(node)["lease_remaining_us"].is_null());
}

TEST_CASE("what did not occur is left out, and what is not due is null") {
  const json node = parsed(snapshot_of_a_node_whose_peer_is_gone());
  const json& channel = node["peers"][0]["channels"][0];
  CHECK_FALSE(channel["ledger"]["outcomes"].contains("delivered"));
  CHECK(channel["breaker"]["reason"]["next_at_us"].is_null());
}

TEST_CASE("books that do not balance say so") {
  NodeSnapshot node;
  node.ledger.submitted.messages = 3;
  CHECK(parsed(node)["ledger"]["balanced"] == false);
  CHECK(parsed(node)["ledger"]["imbalance"] == 3);
}

TEST_CASE("numbers that a browser would round are text") {
  const json node = parsed(snapshot_of_a_node_whose_peer_is_gone());
  CHECK(node["incarnation"] == std::to_string(beyond_javascript));
  CHECK(node["peers"][0]["channels"][0]["type"] == "0xfeedfacecafebeef");
}

TEST_CASE("phi is finite, whatever the detector says") {
  NodeSnapshot node = snapshot_of_a_node_whose_peer_is_gone();
  for (const double wild : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(), 1e300}) {
    node.peers[0].health.phi = wild;
    CHECK(parsed(node)["peers"][0]["phi"].get<double>() == 1e6);
  }
}

TEST_CASE("text from elsewhere is escaped, and repaired where it is no UTF-8") {
  NodeSnapshot node;
  node.events.push_back({1, {}, "refused", "n2", "x", "quote \" newline \n byte \xff end"});
  const json event = parsed(node)["events"][0];
  CHECK(event["text"].get<std::string>().starts_with("quote \" newline \n byte "));
  CHECK(to_json(node).find('\n') == std::string::npos);  // one line is one snapshot
}

TEST_CASE("an event alone, and a page for people") {
  const Event event{7, instant_from_us(9), "breaker", "n3", "slow", "n3: breaker open"};
  CHECK(json::parse(to_json(event))["number"] == 7);
  const NodeSnapshot node = snapshot_of_a_node_whose_peer_is_gone();
  CHECK(json::parse(to_json(node, JsonStyle::pretty)) == parsed(node));
  CHECK(to_json(node, JsonStyle::pretty).find("\n  \"id\": \"n1\"") != std::string::npos);
}
