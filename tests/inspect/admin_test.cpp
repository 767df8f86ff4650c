// The admin endpoints of a real node.
#include <hawser/inspect/admin.hpp>
#include "inspect/exposition.hpp"
#include "inspect/http_client.hpp"
#include "inspect/token_file.hpp"
#include "interconnect/zmq/real_loop.hpp"

#include <catch2/catch.hpp>
#include <messages.capnp.h>
#include <nlohmann/json.hpp>

#include <future>
#include <string>

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

Config config_of_a_lonely_node() {
  Config config;
  config.id = "n1";
  config.peers = {{"n2", {"127.0.0.1", 1}}};  // where nobody listens
  config.admin.listen = "127.0.0.1:0";
  return config;
}

// Asks from another thread, as a probe does, while the loop runs here.
HttpReply ask(RealLoop& loop, const HttpServer& server, const std::string& target) {
  auto reply = std::async(std::launch::async, [&] { return http_get(server.endpoint(), target); });
  REQUIRE(loop.until([&] { return reply.wait_for(0s) == std::future_status::ready; }, 30s));
  return reply.get();
}

}  // namespace

TEST_CASE("admin: a node serves what it sees, and is not ready once it stops") {
  RealLoop loop;
  Node node{loop.runtime, config_of_a_lonely_node()};
  const auto admin = serve_admin(node);
  REQUIRE(admin != nullptr);
  CHECK(ask(loop, *admin, "/readyz").status == 200);
  const json peers = json::parse(ask(loop, *admin, "/api/v1/peers").body)["peers"];
  REQUIRE(peers.size() == 2);
  CHECK(peers[0]["id"] == "n1");  // what it sends to itself
  CHECK(peers[1]["id"] == "n2");
  const json states = json::parse(ask(loop, *admin, "/api/v1/status").body)["peers"];
  CHECK(states["up"] == 0);  // of others
  const Exposition page = read_exposition(ask(loop, *admin, "/metrics").body);
  CHECK(page.faults.empty());
  CHECK(page.values.at("hawser_node_ledger_imbalance_messages") == "0");

  bool stopped = false;
  node.stop(0s, [&] { stopped = true; });
  REQUIRE(loop.until([&] { return stopped; }));
  const HttpReply reply = ask(loop, *admin, "/readyz");
  CHECK(reply.status == 503);
  CHECK(json::parse(reply.body)["ready"] == false);
}

TEST_CASE("admin: what an operator asks is done by the node, and is in its event log") {
  const TokenFile token{"0123456789abcdef\n", 0600};
  RealLoop loop;
  Config config = config_of_a_lonely_node();
  config.admin.writes = true;
  config.admin.token_file = token.path();
  Node node{loop.runtime, config};
  std::string level;
  AdminHooks hooks;
  hooks.log_level = [&](std::string_view word) {
    level = word;
    return AdminResult{true, "the log says more"};
  };
  const auto admin = serve_admin(node, hooks);
  const auto order = [&](const std::string& what) {
    auto reply = std::async(std::launch::async, [&] {
      HttpClient client{admin->endpoint()};
      client.say("POST /api/v1/actions/" + what + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n" +
                 "Authorization: Bearer 0123456789abcdef\r\n\r\n");
      return client.reply();
    });
    REQUIRE(loop.until([&] { return reply.wait_for(0s) == std::future_status::ready; }, 30s));
    return reply.get();
  };
  CHECK(order("reset_breaker?peer=n2").status == 200);
  CHECK(order("reset_breaker?peer=n9").status == 409);
  CHECK(order("isolate").status == 409);  // there is no strategy
  CHECK(order("reload").status == 501);
  CHECK(order("log_level?level=debug").status == 200);
  CHECK(level == "debug");
  std::string causes;
  const json events = json::parse(ask(loop, *admin, "/api/v1/events").body)["events"];
  for (const json& event : events) {
    if (event["kind"] == "admin") causes += event["cause"].get<std::string>() + " ";
  }
  CHECK(causes == "reset_breaker reset_breaker isolate log_level ");
  const json shown = json::parse(ask(loop, *admin, "/api/v1/config").body);
  CHECK(shown["writes"] == true);
  CHECK(shown.dump().find("0123456789abcdef") == std::string::npos);
  CHECK(shown.dump().find(token.path()) != std::string::npos);
}

TEST_CASE("admin: a node that alone is its quorum serves no more when it is isolated by hand") {
  RealLoop loop;
  Config config;
  config.id = "n1";
  config.strategy = Strategy::keep_majority;
  Node node{loop.runtime, config};
  REQUIRE(loop.until([&] { return static_cast<bool>(node.may_serve()); }));
  CHECK(node.isolate());
  CHECK_FALSE(static_cast<bool>(node.may_serve()));  // at once, not with the next turn
  REQUIRE(loop.until([&] { return node.stance() == Stance::isolated; }));
}

TEST_CASE("admin: nothing is served unless the configuration says where") {
  RealLoop loop;
  Config config = config_of_a_lonely_node();
  config.admin.listen = "";
  Node node{loop.runtime, config};
  CHECK(serve_admin(node) == nullptr);
}

TEST_CASE("admin: options come from the configuration, and the name to listen on may be asked for") {
  Config config;
  config.admin.listen = "localhost:9001";
  config.admin.hosts = "  n1.example   n1 ";
  config.admin.connections_max = 7;
  config.admin.request_time = 3s;
  const HttpServerOptions options = admin_options(config);
  CHECK(options.listen == Endpoint{"localhost", 9001});
  CHECK(options.site.hosts == std::vector<std::string>{"n1.example", "n1", "localhost"});
  CHECK(options.connections_max == 7);
  CHECK(options.request_time == 3s);
}

TEST_CASE("admin: every message counts once in its type's queue wait, and one handler in so many is timed") {
  constexpr int messages = 100;
  RealLoop loop;
  Node node{loop.runtime, config_of_a_lonely_node()};
  const auto admin = serve_admin(node);
  int handled = 0;
  int ended = 0;
  node.on<Note>([&](Note::Reader) { ++handled; });
  for (int i = 0; i < messages; ++i) {
    Message<Note> note;
    node.peer("n1").send(note, {}, [&](const Outcome&) { ++ended; });
  }
  REQUIRE(loop.until([&] { return handled == messages && ended == messages; }));
  const Exposition page = read_exposition(ask(loop, *admin, "/metrics").body);
  CHECK(page.values.at("hawser_type_queue_wait_seconds_count{type=\"Note\"}") == std::to_string(messages));
  const int timed = (messages + 15) / 16;
  CHECK(page.values.at("hawser_type_handler_seconds_count{type=\"Note\"}") == std::to_string(timed));
}
