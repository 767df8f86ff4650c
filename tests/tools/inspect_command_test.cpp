#include "exit_code.hpp"
#include <hawser/inspect/http_server.hpp>
#include "inspect/shown_node.hpp"
#include "inspect_command.hpp"
#include "inspect_show.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>

using namespace hawser;
using namespace hawser::tools;
using nlohmann::json;

namespace {

// A node's endpoints, and what the commands say about them.
class Looked {
 public:
  explicit Looked(NodeSnapshot snapshot = test::shown_node())
      : snapshot_(std::move(snapshot)),
        server_({}, {[](std::function<void()> what) { what(); }, [this] { return snapshot_; }}) {
    options.at = server_.endpoint().text();
  }

  std::string view(InspectView which) {
    return said([&](std::FILE* out) { return run_inspect(which, options, out); });
  }
  std::string check() {
    return said([&](std::FILE* out) { return run_check(options, out); });
  }

  InspectOptions options;
  int code = -1;

 private:
  std::string said(const std::function<int(std::FILE*)>& run) {
    std::FILE* const out = std::tmpfile();
    code = run(out);
    std::rewind(out);
    std::string text;
    std::array<char, 4096> room;
    std::size_t got = 0;
    while ((got = std::fread(room.data(), 1, room.size(), out)) > 0) text.append(room.data(), got);
    std::fclose(out);
    return text;
  }

  NodeSnapshot snapshot_;
  HttpServer server_;
};

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
  node.options.since = 41;
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
  std::string at;
  {
    Looked node;
    at = node.options.at;
    for (const std::string wrong : {"", "9001", "127.0.0.1:0", "127.0.0.1:99999"}) {
      node.options.at = wrong;
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
  std::FILE* const nowhere = std::fopen("/dev/null", "w");
  REQUIRE(nowhere != nullptr);
  {
    Terminal terminal{nowhere};
    for (const json& odd : {json(nullptr), json::array(), json{{"peers", 3}, {"ledger", "x"}},
                            json{{"peers", {1, nullptr, {{"id", 5}, {"reason", 7}}}}, {"channels", {"a"}}}}) {
      show_status(odd, terminal);
      show_peers(odd, terminal);
      show_channels(odd, terminal);
      show_events(odd, terminal);
    }
  }
  std::fclose(nowhere);
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
