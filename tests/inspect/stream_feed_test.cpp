// What a live stream says to readers that stand in different places.
#include <hawser/inspect/stream_feed.hpp>
#include "inspect/shown_node.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace hawser;
using namespace hawser::test;
using nlohmann::json;

namespace {

struct Said {
  std::string id;
  std::string event;
  json data;
};

// As a browser reads it.
std::vector<Said> read_stream(const std::string& text) {
  std::vector<Said> all;
  Said now;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    REQUIRE(end != std::string::npos);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    if (line.starts_with("id: ")) now.id = line.substr(4);
    if (line.starts_with("event: ")) now.event = line.substr(7);
    if (line.starts_with("data: ")) now.data = json::parse(line.substr(6));
    if (line.empty() && !now.event.empty()) all.push_back(std::exchange(now, Said{}));
  }
  return all;
}

std::string events_of(const std::vector<Said>& all) {
  std::string words;
  for (const Said& said : all) words += (words.empty() ? "" : " ") + said.event;
  return words;
}

std::shared_ptr<NodeSnapshot> node_now() { return std::make_shared<NodeSnapshot>(shown_node()); }

}  // namespace

TEST_CASE("stream: a new reader gets the log, a snapshot and the matrix; then only what is new") {
  StreamFeed feed;
  feed.look(node_now());
  StreamPlace place;
  std::vector<Said> said = read_stream(feed.news(place));
  REQUIRE(events_of(said) == "transition transition snapshot matrix");
  CHECK(said[0].id == "3-41");
  CHECK(said[1].id == "3-42");
  CHECK(said[1].data["cause"] == "silent");
  const json& snapshot = said[2].data;
  CHECK(snapshot["api"] == 1);
  CHECK(snapshot["node"] == "n1");
  CHECK(snapshot["status"]["stance"] == "serving");
  CHECK(snapshot["peers"][1]["reason"]["cause"] == "silent");
  CHECK(snapshot["channels"].size() == 4);
  CHECK(snapshot["channels_total"] == 4);
  CHECK(said[3].data["rows"].size() == 3);

  CHECK(read_stream(feed.news(place)).empty());  // it has heard all there is
  const auto later = node_now();
  later->taken_at = instant_from_us(6'000'000);
  later->events.push_back({43, instant_from_us(5'500'000), "stance", {}, "lease", "serving -> isolated"});
  feed.look(later);
  said = read_stream(feed.news(place));
  CHECK(events_of(said) == "transition snapshot");
  CHECK(said[0].id == "3-43");
}

TEST_CASE("stream: one that comes back goes on where it was, unless the node has started again") {
  StreamFeed feed;
  feed.look(node_now());
  StreamPlace back = StreamPlace::parse("3-41").value();
  std::vector<Said> said = read_stream(feed.news(back));
  CHECK(events_of(said) == "transition snapshot matrix");
  CHECK(said[0].id == "3-42");
  StreamPlace of_before = StreamPlace::parse("2-900").value();
  said = read_stream(feed.news(of_before));
  CHECK(events_of(said) == "transition transition snapshot matrix");
  StreamPlace too_late = StreamPlace::parse("3-20").value();
  said = read_stream(feed.news(too_late));
  CHECK(events_of(said) == "gap transition transition snapshot matrix");
  CHECK(said[0].data == json{{"from", 21}, {"to", 40}});
  for (const std::string bad : {"", "3", "3-", "-4", "3-4x", "x-4", "3-99999999999999999999", "-1--1"}) {
    CHECK_FALSE(StreamPlace::parse(bad).has_value());
  }
}

TEST_CASE("stream: a reader that falls behind skips snapshots and no transition") {
  StreamFeed feed;
  StreamPlace slow;
  feed.look(node_now());
  feed.news(slow);
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto node = node_now();
    for (std::uint64_t n = 0; n <= i; ++n) node->events.push_back({43 + n, {}, "lane", "n2", "open", "a lane"});
    feed.look(node);
  }
  const std::string news = feed.news(slow);
  CHECK(events_of(read_stream(news)) == "transition transition transition transition transition snapshot");
}

TEST_CASE("stream: the matrix is said when somebody hears somebody else than before, and not for the time alone") {
  StreamFeed feed;
  StreamPlace place;
  feed.look(node_now());
  feed.news(place);
  const auto later = node_now();
  later->taken_at = instant_from_us(9'000'000);
  feed.look(later);
  CHECK(events_of(read_stream(feed.news(place))) == "snapshot");
  const auto cut = node_now();
  cut->peers[1].health.reason.cause = "cut_outbound";
  feed.look(cut);
  const std::vector<Said> said = read_stream(feed.news(place));
  REQUIRE(events_of(said) == "snapshot matrix");
  CHECK(said[1].data["cuts"][0]["to"] == "n3");
}

TEST_CASE("stream: a loop that does not answer is news as well") {
  StreamFeed feed;
  StreamPlace place;
  CHECK(feed.news(place) == ": nothing new\n\n");
  feed.silent(Duration{1'000'000});
  const std::vector<Said> said = read_stream(feed.news(place));
  REQUIRE(events_of(said) == "silent");
  CHECK(said[0].data["waited_us"] == 1'000'000);
  feed.look(node_now());
  CHECK(events_of(read_stream(feed.news(place))) == "transition transition snapshot matrix");
}

TEST_CASE("stream: of very many channels the worst are shown, and the rest is counted") {
  NodeSnapshot node = shown_node();
  for (int i = 0; i < 300; ++i) node.peers[0].channels.push_back(shown_channel("T" + std::to_string(i), TypeId{100}));
  node.peers[0].channels[150].oldest_age = Duration{9'000'000};
  node.peers[0].channels[250].breaker.state = "open";
  StreamFeed feed;
  feed.look(std::make_shared<NodeSnapshot>(node));
  StreamPlace place;
  const json snapshot = read_stream(feed.news(place))[2].data;
  CHECK(snapshot["channels_total"] == 304);
  REQUIRE(snapshot["channels"].size() == stream_channels_max);
  CHECK(snapshot["channels"][0]["breaker"]["state"] == "open");
  CHECK(snapshot["channels"][1]["oldest_age_us"] == 9'000'000);
}
