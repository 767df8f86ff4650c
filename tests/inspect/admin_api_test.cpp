#include <hawser/inspect/admin_api.hpp>
#include <hawser/inspect/metrics.hpp>
#include "inspect/shown_node.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <variant>

using namespace hawser;
using namespace hawser::test;
using nlohmann::json;

namespace {

const AdminApi api{AdminSite{{"n1.example"}, false, {}, {}}};

AdminAnswer ask(const NodeSnapshot& node, const std::string& target, const std::string& method = "GET",
                const std::string& host = "127.0.0.1:9001") {
  AdminQuestion question;
  question.method = method;
  question.target = target;
  question.host = host;
  const AdminPlan plan = api.plan(question);
  if (const auto* const known = std::get_if<AdminAnswer>(&plan)) return *known;
  return api.answer(std::get<AdminLook>(plan), node, {});
}

unsigned status_by_host(const std::string& host) { return ask(shown_node(), "/healthz", "GET", host).status; }

}  // namespace

TEST_CASE("admin: whose view it is stands on top, and unreachable peers are rows") {
  const NodeSnapshot node = shown_node();
  for (const std::string path : {"status", "peers", "channels", "events", "matrix", "config"}) {
    CAPTURE(path);
    const json said = json::parse(ask(node, "/api/v1/" + path).body);
    CHECK(said["api"] == 1);
    CHECK(said["node"] == "n1");
    CHECK(said["cluster"] == "orders");
    CHECK(said["taken_at_us"] == 5'000'000);
  }
  const json status = json::parse(ask(node, "/api/v1/status").body);
  CHECK(status["ready"] == true);
  CHECK(status["stance"] == "serving");
  CHECK(status["peers"] == json{{"connecting", 0}, {"up", 1}, {"suspect", 0}, {"unreachable", 1}});
  CHECK(status["ledger"]["imbalance"] == 0);
  CHECK_FALSE(status.contains("events"));
  const json peers = json::parse(ask(node, "/api/v1/peers").body)["peers"];
  REQUIRE(peers.size() == 2);
  CHECK(peers[1]["id"] == "n3");
  CHECK(peers[1]["state"] == "unreachable");
  CHECK(peers[1]["reason"]["cause"] == "silent");
  CHECK(peers[1]["reason"]["next_at_us"] == 6'000'000);
  CHECK_FALSE(peers[1].contains("channels"));
  const json channels = json::parse(ask(node, "/api/v1/channels").body);
  REQUIRE(channels["channels"].size() == 4);
  CHECK(channels["channels"][0]["peer"] == "n2");
  CHECK(channels["channels"][0]["oldest_age_us"] == 1'250'000);
  CHECK(channels["inbound"][0]["verdicts"]["expired"] == 2);
}

TEST_CASE("admin: one peer alone, and events after one that is known") {
  const NodeSnapshot node = shown_node();
  CHECK(json::parse(ask(node, "/api/v1/peers?peer=n3").body)["peers"].size() == 1);
  const json channels = json::parse(ask(node, "/api/v1/channels?peer=n3").body);
  CHECK(channels["channels"].size() == 2);
  CHECK(channels["channels"][0]["peer"] == "n3");
  CHECK(json::parse(ask(node, "/api/v1/events").body)["events"].size() == 2);
  const json events = json::parse(ask(node, "/api/v1/events?since=41").body)["events"];
  REQUIRE(events.size() == 1);
  CHECK(events[0]["cause"] == "silent");
  CHECK(json::parse(ask(node, "/api/v1/events?since=42").body)["events"].empty());
}

TEST_CASE("admin: ready only while the node may act, and the reason otherwise") {
  NodeSnapshot node = shown_node();
  CHECK(ask(node, "/readyz").status == 200);
  CHECK(ask(node, "/healthz").status == 200);

  node.stance = Stance::isolated;
  node.stance_reason.cause = "lease";
  node.serving_until = Instant{};
  const AdminAnswer isolated = ask(node, "/readyz");
  CHECK(isolated.status == 503);
  CHECK(json::parse(isolated.body)["stance"] == "isolated");
  CHECK(json::parse(isolated.body)["cause"] == "lease");
  CHECK(json::parse(isolated.body)["ready"] == false);
  CHECK(ask(node, "/healthz").status == 200);  // it is well, and may not act

  node.stance = Stance::joining;
  CHECK(ask(node, "/readyz").status == 503);

  node.stance = Stance::serving;  // as a node without a strategy that has been told to stop
  CHECK(json::parse(ask(node, "/readyz").body)["cause"] == "stopping");
  CHECK(ask(node, "/readyz").status == 503);

  node.serving_until = node.taken_at;  // the lease ends at this very instant
  CHECK(ask(node, "/readyz").status == 503);
}

TEST_CASE("admin: metrics are what the renderer says, under Prometheus' own type") {
  const AdminAnswer page = ask(shown_node(), "/metrics");
  CHECK(page.content_type == "text/plain; version=0.0.4; charset=utf-8");
  const HttpServerStats quiet;
  CHECK(page.body == to_metrics(shown_node(), &quiet));
}

TEST_CASE("admin: what cannot be answered says what to do") {
  const NodeSnapshot node = shown_node();
  const auto error = [](const AdminAnswer& answer) { return json::parse(answer.body)["error"].get<std::string>(); };
  const AdminAnswer nothing = ask(node, "/metric");
  CHECK(nothing.status == 404);
  CHECK(json::parse(nothing.body)["paths"].size() == 15);
  CHECK(ask(node, "/api/v1/peers/").status == 404);
  CHECK(ask(node, "/metrics%00").status == 404);

  const AdminAnswer posted = ask(node, "/metrics", "POST");
  CHECK(posted.status == 405);
  CHECK(posted.allow == "GET, HEAD");
  CHECK(ask(node, "/metrics", "HEAD").status == 200);
  CHECK(ask(node, "/metrics", "get").status == 405);

  CHECK(error(ask(node, "metrics")) == "bad_target");
  CHECK(error(ask(node, "http://127.0.0.1/metrics")) == "bad_target");
  CHECK(ask(node, "").status == 400);
  for (const std::string target :
       {"/metrics?x=1", "/api/v1/peers?id=n2", "/api/v1/peers?peer=N2", "/api/v1/peers?peer", "/api/v1/events?since=-1",
        "/api/v1/events?since=1x", "/api/v1/events?since=", "/api/v1/events?since=99999999999999999999",
        "/api/v1/peers?peer=n2&peer=n3", "/?x=1", "/api/v1/stream?since=7", "/api/v1/stream?since=x-1"}) {
    CAPTURE(target);
    CHECK(ask(node, target).status == 400);
    CHECK(error(ask(node, target)) == "bad_query");
  }
  CHECK(ask(node, "/api/v1/peers?").status == 200);
  CHECK(ask(node, "/api/v1/peers?peer=n9").status == 404);
  CHECK(error(ask(node, "/api/v1/peers?peer=n9")) == "no_such_peer");

  // What is told back is short, and whole JSON, whatever it was.
  const AdminAnswer wild = ask(node, "/" + std::string(5000, '\xff') + "\"\n");
  CHECK(json::parse(wild.body)["error"] == "not_found");
  CHECK(wild.body.size() < 1000);
}

TEST_CASE("admin: a name that a web page could have made up is turned away") {
  CHECK(status_by_host("127.0.0.1") == 200);
  CHECK(status_by_host("127.0.0.1:9001") == 200);
  CHECK(status_by_host("10.1.2.3:80") == 200);
  CHECK(status_by_host("[::1]:9001") == 200);
  CHECK(status_by_host("[::1]") == 200);
  CHECK(status_by_host("localhost:9001") == 200);
  CHECK(status_by_host("LocalHost") == 200);
  CHECK(status_by_host("n1.example:9001") == 200);
  CHECK(status_by_host("evil.example:9001") == 403);
  CHECK(status_by_host("localhost.evil.example") == 403);
  CHECK(status_by_host("127.0.0.1.evil.example") == 403);
  CHECK(status_by_host("127.0.0.1:x") == 403);
  CHECK(status_by_host("127.0.0.1:9001@evil.example") == 403);
  CHECK(status_by_host("[::1") == 403);
  CHECK(status_by_host("[::1]9001") == 403);
  CHECK(status_by_host(":9001") == 403);
  CHECK(status_by_host("") == 400);
}

TEST_CASE("admin: the page is one file that its policy lets run, and nothing else") {
  const AdminAnswer page = ask(shown_node(), "/");
  CHECK(page.status == 200);
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(page.body.starts_with("<!DOCTYPE html>"));
  for (const std::string policy : {"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-",
                                   "connect-src 'self'", "frame-ancestors 'none'"}) {
    CAPTURE(policy);
    CHECK(page.policy.find(policy) != std::string_view::npos);
  }
  CHECK(page.policy.find("unsafe") == std::string_view::npos);
  // No network: nothing is fetched from elsewhere. The name of SVG is a name, not an address.
  std::string text = page.body;
  for (std::size_t at = 0; (at = text.find("http://www.w3.org/2000/svg")) != std::string::npos;) text.erase(at, 26);
  CHECK(text.find("http://") == std::string::npos);
  CHECK(text.find("https://") == std::string::npos);
  CHECK(text.find("<!--") == std::string::npos);  // every part was put in
}
