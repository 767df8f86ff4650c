// Live streams and actions over real sockets: what readers get, and what those do who do not read.
#include <hawser/inspect/http_server.hpp>
#include "inspect/asked_node.hpp"
#include "inspect/http_client.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string token_of_streams = "0123456789abcdef";

// As fast as a test likes it.
HttpServerOptions lively(Duration loop_time = patient().loop_time) {
  HttpServerOptions options = patient();
  options.loop_time = loop_time;
  options.stream_interval = 1ms;
  options.site.writes = true;
  options.site.token = token_of_streams;
  return options;
}

NodeSnapshot node_with_a_long_story() {
  NodeSnapshot node = shown_node();
  node.peers[0].health.reason.detail.assign(8u << 20, 'x');  // more than sockets hold
  return node;
}

std::string post(const std::string& target, const std::string& token, const std::string& more = {}) {
  return "POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nAuthorization: Bearer " + token +
         "\r\n" + more + "\r\n";
}

std::string word_of(const HttpReply& reply) { return json::parse(reply.body)["error"].get<std::string>(); }

}  // namespace

TEST_CASE("http stream: snapshots go on coming, transitions once, and the place is taken up again") {
  ShownNode node;
  const HttpServer server{lively(), node.source()};
  HttpClient client{server.endpoint()};
  client.ask("/api/v1/stream");
  std::string text = client.hear("event: snapshot", 3);
  CHECK(text.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"));
  CHECK(text.find("retry: 1000\n\n") != std::string::npos);
  CHECK(text.find("id: 3-41\nevent: transition\n") < text.find("id: 3-42\nevent: transition\n"));
  CHECK(text.find("3-42", text.find("3-42") + 1) == std::string::npos);
  CHECK(server.stats().streams == 1);

  HttpClient again{server.endpoint()};
  again.say("GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nLast-Event-ID: 3-41\r\n\r\n");
  text = again.hear("event: snapshot", 1);
  CHECK(text.find("id: 3-41") == std::string::npos);
  CHECK(text.find("id: 3-42") != std::string::npos);
  HttpClient by_address{server.endpoint()};
  by_address.ask("/api/v1/stream?since=3-42");
  text = by_address.hear("event: snapshot", 1);
  CHECK(text.find("event: transition") == std::string::npos);
}

TEST_CASE("http stream: who goes is noticed, and nobody looks at the node any more") {
  ShownNode node;
  const HttpServer server{lively(), node.source()};
  auto client = std::make_unique<HttpClient>(server.endpoint());
  client->ask("/api/v1/stream");
  client->hear("event: snapshot", 2);
  client.reset();
  REQUIRE(becomes([&] { return server.stats().streams == 0 && server.stats().open == 0; }));
  CHECK(server.stats().streams_dropped == 0);
  // One look may still be under way. After it, only the client that asks now causes any.
  HttpClient other{server.endpoint()};
  CHECK(other.get("/healthz").status == 200);
  const int before = node.taken;
  for (int i = 0; i < 400; ++i) REQUIRE(other.get("/healthz").status == 200);
  CHECK(node.taken <= before + 401);  // one that was under way; a looker of every millisecond would add many
  other.ask("/api/v1/stream");
  CHECK(other.hear("event: snapshot", 2).find("event: snapshot") != std::string::npos);
}

TEST_CASE("http stream: beyond the limit there are none, and one that goes makes room") {
  ShownNode node;
  HttpServerOptions options = lively();
  options.streams_max = 2;
  const HttpServer server{options, node.source()};
  std::deque<HttpClient> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back(server.endpoint()).ask("/api/v1/stream");
    readers.back().hear("event: snapshot", 1);
  }
  const HttpReply refused = http_get(server.endpoint(), "/api/v1/stream");
  CHECK(refused.status == 503);
  CHECK(word_of(refused) == "too_many_streams");
  CHECK(server.stats().streams_refused == 1);
  CHECK(http_get(server.endpoint(), "/healthz").status == 200);
  readers.pop_front();
  REQUIRE(becomes([&] { return server.stats().streams == 1; }));
  HttpClient next{server.endpoint()};
  next.ask("/api/v1/stream");
  CHECK(next.hear("event: snapshot", 1).find("200 OK") != std::string::npos);
}

TEST_CASE("http stream: a client that never reads is dropped, and others are served meanwhile") {
  ShownNode node{node_with_a_long_story()};
  HttpServerOptions options = lively();
  options.request_time = 1s;
  const HttpServer server{options, node.source()};
  HttpClient deaf{server.endpoint(), 4096};
  deaf.ask("/api/v1/stream");
  REQUIRE(deaf.answer_begins());
  CHECK(http_get(server.endpoint(), "/healthz").status == 200);
  CHECK(becomes([&] { return server.stats().streams_dropped == 1; }));
  CHECK(becomes([&] { return server.stats().open == 0; }));
  CHECK(deaf.ended());
  const std::string page = http_get(server.endpoint(), "/metrics").body;
  CHECK(page.find("hawser_admin_streams_dropped_total 1\n") != std::string::npos);
}

TEST_CASE("http stream: a loop that does not answer is told, and so is that it goes on") {
  ShownNode node;
  node.prompt = false;
  const HttpServer server{lively(20ms), node.source()};
  HttpClient client{server.endpoint()};
  client.ask("/api/v1/stream");
  CHECK(client.hear("event: silent", 2).find("event: snapshot") == std::string::npos);
  node.prompt = true;
  node.go_on();
  CHECK(client.hear("event: snapshot", 2).find("\"node\":\"n1\"") != std::string::npos);
}

TEST_CASE(
    "http: a thousand connections that say nothing, or half of something, leave room for others when they are gone") {
  ShownNode node;
  HttpServerOptions options = lively();
  options.connections_max = 32;
  const HttpServer server{options, node.source()};
  {
    std::deque<HttpClient> crowd;
    for (int i = 0; i < 1000; ++i) {
      HttpClient& one = crowd.emplace_back(server.endpoint());
      if (i % 2 == 0) one.say("GET /api/v1/stream HTTP/1.1\r\nHost: 127.");
    }
    REQUIRE(becomes([&] { return server.stats().accepted == 1000; }));
    CHECK(server.stats().open <= 32);
    CHECK(server.stats().turned_away == 968);
    CHECK(node.taken == 0);  // the node has not been troubled by any of them
  }
  REQUIRE(becomes([&] { return server.stats().open == 0; }));
  CHECK(http_get(server.endpoint(), "/healthz").status == 200);
}

TEST_CASE("http: orders are carried out on the node's loop, and the answer says how it went") {
  ShownNode node;
  const HttpServer server{lively(), node.source()};
  HttpClient client{server.endpoint()};
  client.say(post("/api/v1/actions/reset_breaker?peer=n2&type=Order", token_of_streams));
  HttpReply reply = client.reply();
  CHECK(reply.status == 200);
  CHECK(json::parse(reply.body)["done"] == true);
  CHECK(json::parse(reply.body)["message"] == "so be it");
  REQUIRE(node.orders.size() == 1);
  CHECK(node.orders[0].type == "Order");
  client.say(post("/api/v1/actions/reset_breaker?peer=n9", token_of_streams));
  reply = client.reply();
  CHECK(reply.status == 409);
  CHECK(json::parse(reply.body)["done"] == false);
  client.say(post("/api/v1/actions/reload", token_of_streams));
  reply = client.reply();
  CHECK(reply.status == 501);
  CHECK(word_of(reply) == "not_offered");
  CHECK(server.stats().actions == 1);
  CHECK(server.stats().actions_refused == 0);
}

TEST_CASE("http: orders without the token, or from elsewhere, do nothing and are counted") {
  ShownNode node;
  const HttpServer server{lively(), node.source()};
  HttpClient client{server.endpoint()};
  client.say(post("/api/v1/actions/isolate", "0123456789abcdeF"));
  HttpReply reply = client.reply();
  CHECK(reply.status == 401);
  CHECK(reply.headers.at("WWW-Authenticate") == "Bearer");
  client.say(post("/api/v1/actions/isolate", token_of_streams, "Origin: http://evil.example\r\n"));
  reply = client.reply();
  CHECK(reply.status == 403);
  CHECK(word_of(reply) == "cross_origin");
  client.say(post("/api/v1/actions/isolate", token_of_streams, "Sec-Fetch-Site: cross-site\r\n"));
  CHECK(client.reply().status == 403);
  CHECK(node.orders.empty());
  CHECK(server.stats().actions_refused == 3);
}

TEST_CASE("http: an order to which the loop does not come is not carried out behind anybody's back") {
  ShownNode node;
  node.prompt = false;
  const HttpServer server{lively(20ms), node.source()};
  HttpClient client{server.endpoint()};
  client.say(post("/api/v1/actions/isolate", token_of_streams));
  const HttpReply reply = client.reply();
  CHECK(reply.status == 503);
  CHECK(word_of(reply) == "not_carried_out");
  node.prompt = true;
  node.go_on();
  CHECK(node.orders.empty());
}

TEST_CASE("http: an order that has begun and takes long is told as under way, and its end is of no harm") {
  ShownNode node;
  std::mutex busy;
  busy.lock();
  AdminNode source = node.source();
  std::thread loop;
  source.post = [&](std::function<void()> what) { loop = std::thread{std::move(what)}; };
  source.carry_out = [&](const AdminOrder&) -> std::optional<AdminResult> {
    const std::lock_guard until{busy};
    return AdminResult{true, "at last"};
  };
  {
    const HttpServer server{lively(20ms), source};
    HttpClient client{server.endpoint()};
    client.say(post("/api/v1/actions/isolate", token_of_streams));
    const HttpReply reply = client.reply();
    CHECK(reply.status == 503);
    CHECK(word_of(reply) == "under_way");
    CHECK(server.stats().actions == 0);
    busy.unlock();
  }
  loop.join();
}

TEST_CASE("http: an order that nobody comes to outlives the server, and does nothing") {
  ShownNode node;
  node.prompt = false;
  {
    const HttpServer server{lively(10min), node.source()};
    HttpClient client{server.endpoint()};
    client.say(post("/api/v1/actions/isolate", token_of_streams));
    REQUIRE(becomes([&] { return node.is_asked(); }));
  }
  node.prompt = true;
  node.go_on();  // with the address sanitizer: what it holds belongs to nobody who is gone
  CHECK(node.orders.empty());
}

TEST_CASE("http stream: a page of another site gets none, and so takes none from who may") {
  ShownNode node;
  const HttpServer server{lively(), node.source()};
  HttpClient foreign{server.endpoint()};
  foreign.say("GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\n\r\n");
  const HttpReply reply = foreign.reply();
  CHECK(reply.status == 403);
  CHECK(word_of(reply) == "cross_origin");
  HttpClient own{server.endpoint()};
  own.say("GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n\r\n");
  CHECK(own.hear("event: snapshot", 1).find("200 OK") != std::string::npos);
}

TEST_CASE("http: what is in force is shown as it was last told") {
  ShownNode node;
  HttpServerOptions options = lively();
  options.site.config = R"("keys":[])";
  HttpServer server{options, node.source()};
  CHECK(json::parse(http_get(server.endpoint(), "/api/v1/config").body)["keys"].empty());
  server.set_config(R"("keys":[{"key":"ttl"}])");
  CHECK(json::parse(http_get(server.endpoint(), "/api/v1/config").body)["keys"].size() == 1);
}

TEST_CASE("http: the page comes with its policy") {
  ShownNode node;
  const HttpServer server{lively(), node.source()};
  const HttpReply page = http_get(server.endpoint(), "/");
  CHECK(page.status == 200);
  CHECK(page.headers.at("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.headers.at("Content-Security-Policy").starts_with("default-src 'none'"));
  CHECK(page.headers.at("Referrer-Policy") == "no-referrer");
  CHECK(node.taken == 0);  // even of a node that is stuck the page can be had
}
