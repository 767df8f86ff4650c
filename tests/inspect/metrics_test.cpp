#include <hawser/inspect/metric_page.hpp>
#include <hawser/inspect/metrics.hpp>
#include "inspect/exposition.hpp"
#include "inspect/shown_node.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <string>
#include <unistd.h>

using namespace hawser;
using namespace hawser::test;

namespace {

std::string faults_of(const Exposition& page) {
  std::string all;
  for (const std::string& fault : page.faults) all += fault + "\n";
  return all;
}

const std::string hostile = "a\"b\\c\nd{e=\"f\"} 1 # \xff \xc3\xa9 \xed\xa0\x80 \xf0\x9f\x9a";

NodeSnapshot node_of_hostile_names() {
  NodeSnapshot node = shown_node();
  node.cluster = hostile;
  node.version = "\n\n# TYPE x counter\nx 1\n";
  node.peers[0].channels[0].name = hostile;
  node.peers[0].inbound[0].name = hostile + hostile + hostile + hostile + hostile;
  node.peers[0].health.breaker.state = "open\"}";
  node.peers[1].channels[0].name = "";
  return node;
}

// Types that share a name, as those of two schemas may.
NodeSnapshot node_of_namesakes() {
  NodeSnapshot node = shown_node();
  node.peers[0].channels.push_back(shown_channel("Order", TypeId{8}));
  InboundSnapshot inbound = node.peers[0].inbound[0];
  inbound.type = TypeId{8};
  node.peers[0].inbound.push_back(inbound);
  return node;
}

}  // namespace

TEST_CASE("exposition: the checker objects to what breaks the grammar") {
  const auto faults = [](std::string text) { return read_exposition(text).faults.size(); };
  const std::string begin = "# HELP a_total Help.\n# TYPE a_total counter\n";
  CHECK(faults(begin + "a_total 1\n") == 0);
  CHECK(faults(begin + "a_total{b=\"c\",d=\"\\\\\\\"\\n\"} 1.5e-3\n") == 0);
  CHECK(faults(begin + "a_total 1") == 1);
  CHECK(faults("a_total 1\n") == 1);
  CHECK(faults(begin + begin) == 1);
  CHECK(faults("# HELP a Help.\n# TYPE a counter\n") == 1);
  CHECK(faults("# HELP a_total Help.\n# TYPE a_total gauge\n") == 1);
  CHECK(faults("# HELP a Help.\n# TYPE a thing\n") == 1);
  CHECK(faults(begin + "a_total -1\n") == 1);
  CHECK(faults(begin + "a_total one\n") == 1);
  CHECK(faults(begin + "a_total \n") == 1);
  CHECK(faults(begin + "a_total 1\na_total 2\n") == 1);
  CHECK(faults(begin + "a_total{b=\"c\"d=\"e\"} 1\n") == 1);
  CHECK(faults(begin + "a_total{b=\"c\",b=\"e\"} 1\n") == 1);
  CHECK(faults(begin + "a_total{b=\"\\x\"} 1\n") == 1);
  CHECK(faults(begin + "a_total{b=\"c} 1\n") == 1);
  CHECK(faults(begin + "a_total{1b=\"c\"} 1\n") == 1);
  CHECK(faults(begin + "a_total{b=\"\xff\"} 1\n") == 1);
  CHECK(faults(begin + "b_total 1\n") == 1);
  CHECK(faults("\n") == 1);
  const std::string h = "# HELP h_seconds Help.\n# TYPE h_seconds histogram\n";
  const std::string end = "h_seconds_bucket{le=\"+Inf\"} 3\nh_seconds_sum 1\nh_seconds_count 3\n";
  CHECK(faults(h + "h_seconds_bucket{le=\"0.5\"} 2\n" + end) == 0);
  CHECK(faults(h + "h_seconds_bucket{le=\"0.5\"} 4\n" + end) == 1);
  CHECK(faults(h + "h_seconds_bucket{le=\"0.5\"} 2\nh_seconds_bucket{le=\"0.25\"} 2\n" + end) == 1);
  CHECK(faults(h + "h_seconds_bucket{le=\"+Inf\"} 3\nh_seconds_sum 1\nh_seconds_count 2\n") == 1);
  CHECK(faults(h + "h_seconds_bucket{le=\"0.5\"} 2\nh_seconds_sum 1\nh_seconds_count 2\n") == 1);
  CHECK(faults(h + "h_seconds 3\n") == 1);
}

TEST_CASE("metrics: a page is valid exposition, whatever the node looks like") {
  NodeSnapshot wild = shown_node();
  wild.peers[0].health.phi = std::numeric_limits<double>::quiet_NaN();
  wild.peers[1].health.phi = std::numeric_limits<double>::infinity();
  wild.serving_until = never;
  for (const NodeSnapshot& node : {NodeSnapshot{}, shown_node(), node_of_hostile_names(), node_of_namesakes(), wild}) {
    const Exposition page = read_exposition(to_metrics(node));
    CHECK(faults_of(page) == "");
    CHECK(page.values.size() > 60);
  }
}

TEST_CASE("metrics: peers, books, queues and breakers are what the snapshot says") {
  Exposition page = read_exposition(to_metrics(shown_node()));
  const auto value = [&](const std::string& series) {
    const auto found = page.values.find(series);
    return found == page.values.end() ? "absent" : found->second;
  };
  CHECK(value("hawser_node_info{cluster=\"orders\",node=\"n1\",version=\"0.1.0\",strategy=\"keep_majority\"}") == "1");
  CHECK(value("hawser_node_uptime_seconds") == "4.000000");
  CHECK(value("hawser_node_stance{stance=\"serving\"}") == "1");
  CHECK(value("hawser_node_stance{stance=\"isolated\"}") == "0");
  CHECK(value("hawser_node_stance_age_seconds") == "3.000000");
  CHECK(value("hawser_node_may_serve") == "1");
  CHECK(value("hawser_node_lease_remaining_seconds") == "0.750000");
  CHECK(value("hawser_view_epoch") == "4");
  CHECK(value("hawser_view_members") == "2");
  CHECK(value("hawser_view_settled") == "1");
  CHECK(value("hawser_node_local_health{health=\"late\"}") == "1");
  CHECK(value("hawser_node_local_health{health=\"healthy\"}") == "0");
  CHECK(value("hawser_node_stalls_total") == "2");
  CHECK(value("hawser_intake_level{level=\"limit\"}") == "1");
  CHECK(value("hawser_intake_pressure") == "640");
  CHECK(value("hawser_intake_priority_min") == "4");
  CHECK(value("hawser_intake_turned_away_total{reason=\"guard\"}") == "9");
  CHECK(value("hawser_intake_turned_away_total{reason=\"cannot_finish\"}") == "5");
  CHECK(value("hawser_intake_requests{where=\"waiting\"}") == "3");
  CHECK(value("hawser_node_events_total") == "42");
  CHECK(value("hawser_node_messages_submitted_total") == "12");
  CHECK(value("hawser_node_messages_ended_total{outcome=\"unreachable\"}") == "4");
  CHECK(value("hawser_node_messages_ended_total{outcome=\"closed\"}") == "0");
  CHECK(value("hawser_node_message_causes_total{cause=\"silent\"}") == "4");
  CHECK(value("hawser_node_ledger_imbalance_messages") == "0");
  CHECK(value("hawser_peer_state{peer=\"n3\",state=\"unreachable\"}") == "1");
  CHECK(value("hawser_peer_state{peer=\"n2\",state=\"unreachable\"}") == "0");
  CHECK(value("hawser_peer_state_age_seconds{peer=\"n3\"}") == "1.000000");
  CHECK(value("hawser_peer_cause{peer=\"n3\",cause=\"silent\"}") == "1");
  CHECK(value("hawser_peer_phi{peer=\"n3\"}") == "12.5");
  CHECK(value("hawser_peer_round_trip_seconds{peer=\"n3\"}") == "absent");
  CHECK(value("hawser_peer_suspicions_total{peer=\"n3\"}") == "3");
  CHECK(value("hawser_peer_mistakes_total{peer=\"n3\"}") == "2");
  CHECK(value("hawser_peer_mistakes_promised{peer=\"n3\"}") == "0.5");
  CHECK(value("hawser_peer_mistake_seconds_total{peer=\"n3\"}") == "0.500000");
  CHECK(value("hawser_peer_accuracy{peer=\"n3\"}") == "0.75");
  CHECK(value("hawser_peer_accuracy{peer=\"n2\"}") == "1");
  CHECK(value("hawser_peer_detection_seconds{peer=\"n3\"}") == "0.000000");
  CHECK(value("hawser_peer_detected_seconds{peer=\"n3\"}") == "0.800000");
  CHECK(value("hawser_peer_breaker_state{peer=\"n3\",state=\"open\"}") == "1");
  CHECK(value("hawser_peer_ledger_imbalance_messages{peer=\"n2\"}") == "0");
  CHECK(value("hawser_lane_state{peer=\"n2\",lane=\"control\",state=\"open\"}") == "1");
  CHECK(value("hawser_lane_dials_total{peer=\"n2\",lane=\"bulk\"}") == "3");
  const std::string order = "{peer=\"n2\",type=\"Order\",role=\"send\"";
  CHECK(value("hawser_channel_messages_submitted_total" + order + "}") == "3");
  CHECK(value("hawser_channel_messages_ended_total" + order + ",outcome=\"delivered\"}") == "1");
  CHECK(value("hawser_channel_messages_ended_total" + order + ",outcome=\"closed\"}") == "absent");
  CHECK(value("hawser_channel_message_causes_total" + order + ",cause=\"silent\"}") == "1");
  CHECK(value("hawser_channel_messages_queued" + order + "}") == "1");
  CHECK(value("hawser_channel_held_bytes" + order + "}") == "25");
  CHECK(value("hawser_channel_oldest_age_seconds" + order + "}") == "1.250000");
  CHECK(value("hawser_channel_breaker_state" + order + ",state=\"closed\"}") == "1");
  CHECK(value("hawser_channel_messages_submitted_total{peer=\"n2\",type=\"Order\",role=\"reply\"}") == "3");
  CHECK(value("hawser_inbound_verdicts_total{peer=\"n2\",type=\"Order\",verdict=\"expired\"}") == "2");
}

TEST_CASE("metrics: histograms are cumulative, in seconds, and of one type with all peers together") {
  NodeSnapshot node = shown_node();
  node.peers[0].channels[0].queue_waits.record(Duration{100});
  node.peers[1].channels[0].queue_waits.record(Duration{100});
  node.peers[1].channels[0].queue_waits.record(Duration{60'000'000});
  node.peers[0].channels[1].queue_waits.record(Duration{1});  // of replies: not counted
  node.peers[0].inbound[0].handler_times.record(Duration{3'000});
  node.peers[0].round_trips.record(Duration{700});
  node.loop_lags.record(Duration{0});
  Exposition page = read_exposition(to_metrics(node));
  CHECK(faults_of(page) == "");
  const std::string wait = "hawser_type_queue_wait_seconds";
  CHECK(page.values[wait + "_bucket{type=\"Order\",le=\"6.4e-05\"}"] == "0");
  CHECK(page.values[wait + "_bucket{type=\"Order\",le=\"0.000128\"}"] == "2");
  CHECK(page.values[wait + "_bucket{type=\"Order\",le=\"33.554432\"}"] == "2");
  CHECK(page.values[wait + "_bucket{type=\"Order\",le=\"+Inf\"}"] == "3");
  CHECK(page.values[wait + "_count{type=\"Order\"}"] == "3");
  CHECK(page.values[wait + "_sum{type=\"Order\"}"] == "60.000200");
  CHECK(page.values["hawser_type_handler_seconds_count{type=\"Order\"}"] == "1");
  CHECK(page.values["hawser_peer_heartbeat_seconds_count{peer=\"n2\"}"] == "1");
  CHECK(page.values["hawser_node_timer_lag_seconds_count"] == "1");
}

TEST_CASE("metrics: books that do not balance show, and two mistakes do not hide each other") {
  NodeSnapshot node = shown_node();
  node.peers[0].channels[0].ledger.submitted.messages += 2;
  node.peers[0].channels[1].ledger.submitted.messages -= 2;
  node.ledger.submitted.messages += 1;
  Exposition page = read_exposition(to_metrics(node));
  CHECK(page.values["hawser_peer_ledger_imbalance_messages{peer=\"n2\"}"] == "4");
  CHECK(page.values["hawser_peer_ledger_imbalance_messages{peer=\"n3\"}"] == "0");
  CHECK(page.values["hawser_node_ledger_imbalance_messages"] == "1");
}

TEST_CASE("metrics: without a strategy there is no view and no lease, and a node that stops may not serve") {
  NodeSnapshot node = shown_node();
  node.strategy = "none";
  node.serving_until = Instant{};
  Exposition page = read_exposition(to_metrics(node));
  CHECK_FALSE(page.values.contains("hawser_view_epoch"));
  CHECK_FALSE(page.values.contains("hawser_node_lease_remaining_seconds"));
  CHECK(page.values["hawser_node_may_serve"] == "0");
}

TEST_CASE("metrics: the same node gives the same bytes, whatever was asked before") {
  const std::string first = to_metrics(node_of_hostile_names());
  to_metrics(shown_node());
  CHECK(to_metrics(node_of_hostile_names()) == first);
}

TEST_CASE("metrics: names from elsewhere are escaped, repaired, and cut between characters") {
  CHECK(metric_label("a", "plain") == "a=\"plain\"");
  CHECK(metric_label("a", "q\" b\\ n\n") == "a=\"q\\\" b\\\\ n\\n\"");
  CHECK(metric_label("a", "\xff") == "a=\"\xef\xbf\xbd\"");
  CHECK(metric_label("a", "\xe2\x82") == "a=\"\xef\xbf\xbd\xef\xbf\xbd\"");
  const std::string euro = "\xe2\x82\xac";
  std::string many;
  for (int i = 0; i < 100; ++i) many += euro;
  CHECK(metric_label("a", many) == "a=\"" + many.substr(0, 126) + "\"");
}

TEST_CASE("metrics: types of one name are told apart, and one without a name is called by its id") {
  Exposition page = read_exposition(to_metrics(node_of_namesakes()));
  CHECK(page.values.contains("hawser_channel_held_bytes{peer=\"n2\",type=\"Order@0x0000000000000007\",role=\"send\"}"));
  CHECK(page.values.contains("hawser_channel_held_bytes{peer=\"n2\",type=\"Order@0x0000000000000008\",role=\"send\"}"));
  CHECK(page.values.contains("hawser_channel_held_bytes{peer=\"n2\",type=\"Order\",role=\"reply\"}"));
  page = read_exposition(to_metrics(node_of_hostile_names()));
  CHECK(page.values.contains("hawser_channel_held_bytes{peer=\"n3\",type=\"0x0000000000000007\",role=\"send\"}"));
}

TEST_CASE("metrics: channels beyond the limit are left out and counted") {
  NodeSnapshot node = shown_node();
  node.peers[1].channels.clear();
  std::vector<ChannelSnapshot>& channels = node.peers[0].channels;
  for (std::size_t i = channels.size(); i < metric_rows_max + 5; ++i) {
    channels.push_back(shown_channel("T" + std::to_string(i), TypeId{100 + i}));
  }
  const std::string page = to_metrics(node);
  CHECK(page.find("\nhawser_metrics_rows_omitted 5\n") != std::string::npos);
  CHECK(page.find("type=\"T" + std::to_string(metric_rows_max - 1) + "\"") != std::string::npos);
  CHECK(page.find("type=\"T" + std::to_string(metric_rows_max) + "\"") == std::string::npos);
}

TEST_CASE("metrics: promtool has nothing to say against a page") {
  const char* const named = std::getenv("HAWSER_PROMTOOL");
  const std::string tool = named == nullptr ? "promtool" : named;
  if (std::system(("command -v " + tool + " >/dev/null 2>&1").c_str()) != 0) {
    WARN("SKIPPED: there is no promtool here. `./run setup metrics` installs it, HAWSER_PROMTOOL names another.");
    return;
  }
  const std::filesystem::path base =
      std::filesystem::temp_directory_path() / ("hawser-metrics-" + std::to_string(::getpid()));
  const std::string page = base.string() + ".page";
  const std::string said = base.string() + ".said";
  for (const NodeSnapshot& node : {shown_node(), node_of_hostile_names(), node_of_namesakes()}) {
    std::ofstream{page} << to_metrics(node);
    const int code = std::system((tool + " check metrics <" + page + " >" + said + " 2>&1").c_str());
    std::ifstream file{said};
    CHECK(std::string{std::istreambuf_iterator<char>{file}, {}} == "");
    CHECK(code == 0);
  }
  std::filesystem::remove(page);
  std::filesystem::remove(said);
}

TEST_CASE("metrics: prints the table for docs/operations.md", "[.table]") { std::cout << metrics_reference_markdown(); }

TEST_CASE("docs/operations.md holds the table of metrics as it is") {
  std::ifstream file{std::filesystem::path{HAWSER_SOURCE_DIR} / "docs" / "operations.md"};
  REQUIRE(file);
  const std::string page{std::istreambuf_iterator<char>{file}, {}};
  // When this fails, replace the part between the marks by what `inspect_tests '[.table]'` prints.
  const std::string begin = "<!-- metrics: from the tables in inspect/metrics_*.cpp -->\n";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find("<!-- end of metrics -->");
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  CHECK(page.substr(from + begin.size(), to - from - begin.size()) == metrics_reference_markdown());
}
