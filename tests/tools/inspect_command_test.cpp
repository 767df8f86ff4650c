#include "exit_code.hpp"
#include "inspect/shown_node.hpp"
#include "inspect_command.hpp"
#include "inspect_fields.hpp"
#include "inspect_show.hpp"
#include "inspect_story.hpp"
#include "looked.hpp"
#include "top_view.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace hawser;
using namespace hawser::tools;
using hawser::test::Looked;
using nlohmann::json;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("inspect: whose view it is, its stance and its peers by state in a few lines") {
  Looked node;
  const std::string text = node.view(InspectView::status);
  CHECK(node.code == exit_fine);
  CHECK(has(text, "n1 of orders, version 0.1.0, at 127.0.0.1:7001, up for 4.0 s"));
  CHECK(has(text, "serving, view for 3.0 s: serves in a view"));
  CHECK(has(text, "1 up, 0 connecting, 0 suspect, 1 unreachable"));
  CHECK(has(text, "12 submitted, 4 held; delivered 4, unreachable 4"));
  CHECK_FALSE(has(text, "fault of the library"));
}

TEST_CASE("inspect: an unreachable peer is a row with its reason and what is due next") {
  Looked node;
  const std::string text = node.view(InspectView::peers);
  CHECK(has(text, "n1 of orders sees:"));
  CHECK(has(text, "n2"));
  CHECK(has(text, "silent for 1.0 s, next in 1.0 s"));
  node.options.peer = "n2";
  CHECK_FALSE(has(node.view(InspectView::peers), "silent"));
  node.options.peer = "n9";
  CHECK(node.view(InspectView::peers).empty());
  CHECK(node.code == exit_unhealthy);
}

TEST_CASE("inspect: channels show their queue, their oldest message and how messages ended") {
  Looked node;
  const std::string text = node.view(InspectView::channels);
  CHECK(has(text, "(replies)"));
  CHECK(has(text, "1.2 s"));
  CHECK(has(text, "delivered 1, unreachable 1"));
}

TEST_CASE("inspect: events since one that is known") {
  Looked node;
  CHECK(has(node.view(InspectView::events), "a session with n2"));
  node.options.since = "41";
  const std::string text = node.view(InspectView::events);
  CHECK(has(text, "n3 is unreachable"));
  CHECK_FALSE(has(text, "a session with n2"));
}

TEST_CASE("inspect: with --json a command says what the endpoint says") {
  Looked node;
  node.options.json = true;
  CHECK(json::parse(node.view(InspectView::status))["ready"] == true);
  CHECK(json::parse(node.view(InspectView::peers))["peers"].size() == 2);
  CHECK(json::parse(node.view(InspectView::channels))["inbound"].size() == 2);
  CHECK(json::parse(node.view(InspectView::events))["events"].size() == 2);
  CHECK(json::parse(node.check())["stance"] == "serving");
}

TEST_CASE("inspect: check is one line, and its exit code says whether the node may act") {
  Looked node;
  CHECK(node.check() == "READY n1 is serving (view) for 3.0 s\n");
  CHECK(node.code == exit_fine);
  NodeSnapshot cut_off = test::shown_node();
  cut_off.stance = Stance::isolated;
  cut_off.stance_reason.cause = "lease";
  Looked isolated{cut_off};
  CHECK(isolated.check() == "NOT READY n1 is isolated (lease) for 3.0 s\n");
  CHECK(isolated.code == exit_unhealthy);
}

TEST_CASE("inspect: wrong options and silence have exit codes of their own") {
  std::vector<std::string> at;
  {
    Looked node;
    at = node.options.at;
    for (const std::string wrong : {" ", "9001", "127.0.0.1:0", "127.0.0.1:99999"}) {
      node.options.at = {wrong};
      node.view(InspectView::status);
      CHECK(node.code == exit_usage);
    }
    node.options.at = at;
    node.options.timeout = "5";
    node.check();
    CHECK(node.code == exit_usage);
    node.options.timeout = "5s";
    node.options.peer = "No Id";
    node.view(InspectView::peers);
    CHECK(node.code == exit_usage);
  }
  InspectOptions gone;
  gone.at = at;
  CHECK(run_inspect(InspectView::status, gone) == exit_unreachable);
  CHECK(run_check(gone) == exit_unreachable);
}

TEST_CASE("inspect: text from a node cannot drive the terminal, and odd fields show as nothing") {
  NodeSnapshot node = test::shown_node();
  node.events[0].text = "red \x1b[31m alert";
  Looked looked{node};
  CHECK_FALSE(has(looked.view(InspectView::events), "\x1b"));
  Terminal terminal{stdout, false, false, 80};
  for (const json& odd :
       {json(nullptr), json::array(), json{{"peers", 3}, {"ledger", "x"}},
        json{{"peers", {1, nullptr, {{"id", 5}, {"reason", 7}}}}, {"channels", {"a"}}, {"view", {3}}},
        json{{"peers", {{"suspect", INT64_MAX}, {"unreachable", INT64_MAX}}}},
        json{{"node", "n1"},
             {"taken_at_us", INT64_MIN + 5},
             {"peers", json::array({{{"id", "n2"}, {"reason", {{"since_us", 5}, {"next_at_us", 5}}}}})},
             {"channels",
              {{{"peer", "n2"}, {"queued_messages", INT64_MAX}, {"sent_messages", INT64_MIN}},
               {{"peer", "n2"}, {"queued_messages", INT64_MAX}, {"sent_messages", INT64_MIN}},
               {{"peer", "n2"}, {"queued_messages", UINT64_MAX}, {"sent_messages", 1e300}}}}},
        json{{"taken_at_us", INT64_MIN}, {"started_at_us", INT64_MAX}, {"events", {1, {{"at_us", INT64_MAX}}}}}}) {
    Answer answer;
    answer.said = odd;
    for (const std::size_t count : {1u, 2u}) {
      const std::vector<Answer> answers(count, answer);
      status_lines(answers, terminal);
      peers_lines(answers, terminal);
      peer_lines(answers, "n2", terminal);
      channels_lines(answers, terminal);
      events_lines(answers, 5, terminal);
      members_lines(answers, answers, terminal);
      matrix_lines(answers, terminal);
      tell_story({answers, answers, answers, answers}, "n2");
      TopView view;
      view.take(answers, answers, answers);
      view.lines(terminal, 20);
    }
  }
}

TEST_CASE("inspect: numbers from elsewhere have ends that no sum goes beyond") {
  CHECK(plus(INT64_MAX, 1) == INT64_MAX);
  CHECK(plus(INT64_MIN, -1) == INT64_MIN);
  CHECK(plus(INT64_MAX, INT64_MIN) == -1);
  CHECK(ago_us(json{{"taken_at_us", INT64_MIN + 5}}, 5) == INT64_MIN + 1);
  CHECK(ago_us(json{{"taken_at_us", INT64_MAX}}, -1) == INT64_MAX);
}

TEST_CASE("inspect: times are short, and none is below zero") {
  CHECK(about_time(-5) == "0 us");
  CHECK(about_time(850) == "850 us");
  CHECK(about_time(12'345) == "12 ms");
  CHECK(about_time(3'240'000) == "3.2 s");
  CHECK(about_time(270'000'000) == "4.5 min");
  CHECK(about_time(25'560'000'000) == "7.1 h");
  CHECK(about_time(259'200'000'000) == "3.0 d");
}

TEST_CASE("inspect: several nodes side by side, and where they contradict each other") {
  Looked one;
  NodeSnapshot other = test::shown_node();
  other.id = "n3";
  other.peers.clear();
  other.peers.push_back(test::shown_peer("n1", PeerState::up, "recovered"));
  other.peers.push_back(test::shown_peer("n2", PeerState::suspect, "cut_inbound"));
  Looked two{other};
  one.options.at.push_back(two.options.at[0]);
  const std::string text = one.view(InspectView::peers);
  CHECK(one.code == exit_fine);
  CHECK(has(text, "n1 says"));
  CHECK(has(text, "unreachable (silent)"));
  CHECK(has(text, "! n1 says n3 is unreachable (silent), and n3 itself answers here: it is alive"));
  CHECK(has(text, "n3 says n2 is suspect (cut_inbound)"));
  CHECK(has(one.view(InspectView::status), "n3"));
  one.options.json = true;
  const json both = json::parse(one.view(InspectView::peers));
  CHECK(both["nodes"].size() == 2);
  CHECK(both["nodes"][1]["answer"]["node"] == "n3");
  CHECK(both["disagreements"].size() == 2);
}

TEST_CASE("inspect: one of several that does not answer is named, and the others are shown all the same") {
  Looked one;
  {
    Looked gone;
    one.options.at.push_back(gone.options.at[0]);
  }
  CHECK(has(one.view(InspectView::status), "no answer"));
  CHECK(one.code == exit_unreachable);
  CHECK(
      has(one.check(), "NOT READY 1 of 2: n1 is serving (view) for 3.0 s; " + one.options.at[1] + " does not answer"));
  CHECK(one.code == exit_unreachable);
  one.options.json = true;
  const json both = json::parse(one.view(InspectView::status));
  CHECK(both["nodes"][1]["answer"].is_null());
  CHECK_FALSE(both["nodes"][1]["problem"].get<std::string>().empty());
}

TEST_CASE("inspect: why tells the chain of causes, and what to do") {
  Looked node;
  node.options.peer = "n3";
  const std::string text = node.view(InspectView::why);
  CHECK(node.code == exit_fine);
  CHECK(has(text, "n3 is unreachable for n1, since 1.0 s ago"));
  CHECK(has(text, "silent (for a reason): nothing comes from it"));
  CHECK(has(text, "of 10 heartbeats it answered 0; phi is 12.5"));
  CHECK(has(text, "the breaker of the peer is open"));
  CHECK(has(text, "n3 is unreachable [peer_state, silent]"));
  CHECK(has(text, "See whether its process runs"));
  // Whoever is late itself is a poor witness.
  CHECK(has(text, "n1 itself is late"));
  node.options.peer = "n2";
  CHECK(has(node.view(InspectView::why), "n2 is up for n1"));
  node.options.peer = "n1";
  CHECK(has(node.view(InspectView::why), "n1 itself answers: it is serving"));
  node.options.peer = "n9";
  CHECK(node.view(InspectView::why).empty());
  CHECK(node.code == exit_unhealthy);
  node.options.peer = "n3";
  node.options.json = true;
  const json told = json::parse(node.view(InspectView::why));
  CHECK(told["steps"][0]["what"] == "verdict");
  CHECK(told["seen"][0]["peer"]["state"] == "unreachable");
}

TEST_CASE("inspect: members are those of the view, and the others beside them") {
  Looked node;
  const std::string text = node.view(InspectView::members);
  CHECK(has(text, "n1: view of epoch 4, 2 members, settled"));
  CHECK(has(text, "n1 (itself)"));
  CHECK(has(text, "n3"));
  node.options.json = true;
  const json said = json::parse(node.view(InspectView::members));
  CHECK(said["view"].size() == 2);
  CHECK(said["peers"].size() == 2);
}

TEST_CASE("inspect: one peer at length") {
  Looked node;
  node.options.peer = "n2";
  const std::string text = node.view(InspectView::peers);
  CHECK(has(text, "n2 at "));
  CHECK(has(text, "heartbeats  10 sent, 0 answered"));
  CHECK(has(text, "lane        control open"));
}

TEST_CASE("inspect: events no older than a duration, and as they come") {
  Looked node;
  node.options.since = "1.5s";
  std::string text = node.view(InspectView::events);
  CHECK(has(text, "n3 is unreachable"));
  CHECK_FALSE(has(text, "a session with n2"));
  node.options.since.clear();
  node.options.follow = true;
  node.options.looks = 2;
  node.options.interval = "50ms";
  text = node.view(InspectView::events);
  CHECK(node.code == exit_fine);
  // The second look finds nothing new, and says nothing again.
  CHECK(text.find("a session with n2") == text.rfind("a session with n2"));
  node.options.json = true;
  text = node.view(InspectView::events);
  CHECK(json::parse(text.substr(0, text.find('\n')))["node"] == "n1");
  node.options.since = "yesterday";
  node.view(InspectView::events);
  CHECK(node.code == exit_usage);
}

TEST_CASE("inspect: to watch is to look again, a frame after the other where there is no terminal") {
  Looked node;
  node.options.watch = true;
  node.options.looks = 3;
  node.options.interval = "50ms";
  const std::string text = node.view(InspectView::status);
  std::size_t frames = 0;
  for (std::size_t at = 0; (at = text.find("n1 of orders", at)) != std::string::npos; ++at) ++frames;
  CHECK(frames == 3);
}
