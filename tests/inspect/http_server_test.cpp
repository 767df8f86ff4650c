// The admin endpoints over real sockets: what bad clients do, and what others see of it.
#include <hawser/inspect/http_server.hpp>
#include <hawser/interconnect/runtime.hpp>
#include "inspect/asked_node.hpp"
#include "inspect/http_client.hpp"
#include "inspect/shown_node.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <utility>

using namespace hawser;
using namespace hawser::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr std::size_t more_than_sockets_hold = 16u << 20;

NodeSnapshot node_with_much_to_say() {
  NodeSnapshot node = shown_node();
  node.events[0].text.assign(more_than_sockets_hold, 'x');
  return node;
}

std::string error_of(const HttpReply& reply) {
  return reply.body.empty() ? "" : json::parse(reply.body)["error"].get<std::string>();
}

}  // namespace

TEST_CASE("http: every endpoint answers on one connection, and HEAD says the same without the body") {
  ShownNode node;
  const HttpServer server{patient(), node.source()};
  HttpClient client{server.endpoint()};
  for (const std::string path : {"/healthz", "/readyz", "/metrics", "/api/v1/status", "/api/v1/peers",
                                 "/api/v1/channels", "/api/v1/matrix", "/api/v1/events?since=41"}) {
    CAPTURE(path);
    const HttpReply reply = client.get(path);
    CHECK(reply.status == 200);
    CHECK(reply.body.ends_with('\n'));
    const bool page = path == "/metrics";
    CHECK(reply.headers.at("Content-Type") == (page ? "text/plain; version=0.0.4; charset=utf-8" : "application/json"));
    CHECK(reply.headers.at("Cache-Control") == "no-store");
    if (!page) CHECK(json::parse(reply.body)["node"] == "n1");
    client.ask(path, "HEAD");
    const HttpReply head = client.reply(false);
    CHECK(head.status == 200);
    CHECK(head.headers == reply.headers);
  }
  CHECK(server.stats().accepted == 1);
  CHECK(becomes([&] { return server.stats().answers == 16; }));
}

TEST_CASE("http: two questions in one breath get two answers in order") {
  ShownNode node;
  const HttpServer server{patient(), node.source()};
  HttpClient client{server.endpoint()};
  client.say(
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(client.reply().status == 200);
  CHECK(client.reply().status == 404);
  CHECK(client.ended());
}

TEST_CASE("http: a wrong host, two hosts or none are refused and the connection goes on") {
  ShownNode node;
  const HttpServer server{patient(), node.source()};
  HttpClient client{server.endpoint()};
  client.say("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  HttpReply reply = client.reply();
  CHECK(reply.status == 403);
  CHECK(error_of(reply) == "wrong_host");
  client.say("GET /metrics HTTP/1.1\r\n\r\n");
  CHECK(error_of(client.reply()) == "no_host");
  client.say("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n");
  CHECK(error_of(client.reply()) == "no_host");
  CHECK(client.get("/metrics").status == 200);
  CHECK(node.taken == 1);  // the node was not troubled by the others
}

TEST_CASE("http: what is no request, or wants to change something, is told so") {
  ShownNode node;
  const HttpServer server{patient(), node.source()};
  const auto said = [&](const std::string& text) {
    HttpClient client{server.endpoint()};
    client.say(text);
    const HttpReply reply = client.reply();
    if (reply.status == 405) CHECK(reply.headers.at("Allow") == "GET, HEAD");
    return std::pair{reply.status, error_of(reply)};
  };
  using Said = std::pair<int, std::string>;
  CHECK(said("POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n") ==
        Said{405, "method_not_allowed"});
  CHECK(said("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello") == Said{400, "bad_request"});
  CHECK(said("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n") ==
        Said{400, "bad_request"});
  CHECK(said("GET /metrics HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n") == Said{400, "bad_request"});
  CHECK(said(std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11} + "\r\n\r\n") == Said{400, "bad_request"});
  CHECK(said("GET / HTTP/9.9\r\n\r\n") == Said{400, "bad_request"});
  HttpClient half{server.endpoint()};
  half.say("GET /metrics HTTP/1.1\r\nHost: 127");
  half.say_no_more();
  CHECK(half.reply().status == 400);
  CHECK(half.ended());
}

TEST_CASE("http: huge headers are refused, whether in one line or in many") {
  ShownNode node;
  const HttpServer server{patient(), node.source()};
  HttpClient one{server.endpoint()};
  one.say("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + std::string(64u << 10, 'x') + "\r\n\r\n");
  HttpReply reply = one.reply();
  CHECK(reply.status == 431);
  CHECK(error_of(reply) == "header_too_large");
  one.say_no_more();
  CHECK(one.ended());
  HttpClient many{server.endpoint()};
  std::string lines;
  for (int i = 0; i < 4000; ++i) lines += "X-" + std::to_string(i) + ": y\r\n";
  many.say("GET /metrics HTTP/1.1\r\n" + lines + "\r\n");
  CHECK(many.reply().status == 431);
  HttpClient target{server.endpoint()};
  target.say("GET /" + std::string(64u << 10, 'x') + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  CHECK(target.reply().status == 431);
  CHECK(node.taken == 0);
}

TEST_CASE("http: however large a header is allowed to be, it is no larger than the parser can bear") {
  ShownNode node;
  HttpServerOptions options = patient();
  options.header_bytes_max = 1u << 30;
  const HttpServer server{options, node.source()};
  HttpClient client{server.endpoint()};
  client.say("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + std::string(256u << 10, 'x') + "\r\n\r\n");
  CHECK(client.reply().status == 431);
  CHECK(http_get(server.endpoint(), "/metrics").status == 200);
  CHECK(server.stats().failures == 0);
}

TEST_CASE("http: a node of which no snapshot can be taken is not healthy, until one can") {
  std::atomic<bool> broken{true};
  const HttpServer server{patient(),
                          {[](std::function<void()> what) { what(); },
                           [&broken] {
                             if (broken) throw std::runtime_error{"no memory"};
                             return shown_node();
                           }}};
  HttpClient client{server.endpoint()};
  CHECK(client.get("/healthz").status == 503);
  broken = false;
  CHECK(client.get("/healthz").status == 200);
}

TEST_CASE("http: half a request is given up after its time, and nobody waits for it") {
  ShownNode node;
  HttpServerOptions options = patient();
  options.request_time = 200ms;
  const HttpServer server{options, node.source()};
  HttpClient silent{server.endpoint()};
  HttpClient half{server.endpoint()};
  half.say("GET /metrics HTTP/1.1\r\nHost: 127.0");
  CHECK(http_get(server.endpoint(), "/metrics").status == 200);
  CHECK(half.ended());
  CHECK(silent.ended());
  CHECK(becomes([&] { return server.stats().open == 0; }));
  CHECK(server.stats().timeouts == 2);
}

TEST_CASE("http: connections beyond the limit are closed at once, and one that ends makes room") {
  ShownNode node;
  HttpServerOptions options = patient();
  options.connections_max = 3;
  const HttpServer server{options, node.source()};
  std::deque<HttpClient> inside;
  for (int i = 0; i < 3; ++i) CHECK(inside.emplace_back(server.endpoint()).get("/healthz").status == 200);
  for (int i = 0; i < 500; ++i) {
    HttpClient outside{server.endpoint()};
    REQUIRE(outside.ended());
  }
  CHECK(server.stats().turned_away == 500);
  CHECK(server.stats().open == 3);
  for (HttpClient& client : inside) CHECK(client.get("/healthz").status == 200);
  inside.pop_front();
  REQUIRE(becomes([&] { return server.stats().open == 2; }));
  CHECK(http_get(server.endpoint(), "/healthz").status == 200);
}

TEST_CASE("http: a client that does not read is given up after its time, and others are served meanwhile") {
  ShownNode node{node_with_much_to_say()};
  HttpServerOptions options = patient();
  options.request_time = 2s;
  const HttpServer server{options, node.source()};
  HttpClient slow{server.endpoint(), 4096};
  slow.ask("/api/v1/events");
  CHECK(slow.answer_begins());
  CHECK(http_get(server.endpoint(), "/healthz").status == 200);
  CHECK(becomes([&] { return server.stats().timeouts == 1; }));
  CHECK(becomes([&] { return server.stats().open == 0; }));
  CHECK(slow.ended());
}

TEST_CASE("http: what waits for slow readers is bounded, and said so to others until they go") {
  ShownNode node{node_with_much_to_say()};
  HttpServerOptions options = patient();
  options.waiting_bytes_max = more_than_sockets_hold / 2;
  const HttpServer server{options, node.source()};
  auto slow = std::make_unique<HttpClient>(server.endpoint(), 4096);
  slow->ask("/api/v1/events");
  REQUIRE(slow->answer_begins());
  const HttpReply refused = http_get(server.endpoint(), "/api/v1/events");
  CHECK(refused.status == 503);
  CHECK(error_of(refused) == "too_busy");
  slow.reset();
  REQUIRE(becomes([&] { return server.stats().open == 0; }));
  CHECK(http_get(server.endpoint(), "/api/v1/events").body.size() > more_than_sockets_hold);
}

TEST_CASE("http: a loop that does not answer makes the node unhealthy until it goes on") {
  ShownNode node;
  node.prompt = false;
  HttpServerOptions options = patient();
  options.loop_time = 50ms;
  const HttpServer server{options, node.source()};
  for (const std::string path : {"/healthz", "/readyz", "/metrics"}) {
    const HttpReply reply = http_get(server.endpoint(), path);
    CHECK(reply.status == 503);
    CHECK(error_of(reply) == "loop_silent");
  }
  CHECK(http_get(server.endpoint(), "/nothing").status == 404);
  node.prompt = true;
  node.go_on();
  CHECK(becomes([&] { return http_get(server.endpoint(), "/healthz").status == 200; }));
}

TEST_CASE("http: however many ask, the node is asked once at a time, and not again while its answer is young") {
  ShownNode node;
  node.prompt = false;
  HttpServerOptions options = patient();
  options.snapshot_reuse = 10min;
  const HttpServer server{options, node.source()};
  std::deque<HttpClient> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(server.endpoint()).ask("/healthz");
  REQUIRE(becomes([&] { return node.is_asked(); }));
  node.go_on();
  for (HttpClient& client : clients) CHECK(client.reply().status == 200);
  CHECK(http_get(server.endpoint(), "/metrics").status == 200);
  CHECK(node.taken == 1);
}

TEST_CASE("http: a server that stops ends every connection, and takes no more snapshots") {
  ShownNode node{node_with_much_to_say()};
  std::optional<HttpServer> server{std::in_place, patient(), node.source()};
  HttpClient idle{server->endpoint()};
  HttpClient half{server->endpoint()};
  HttpClient slow{server->endpoint(), 4096};
  HttpClient waiting{server->endpoint()};
  CHECK(idle.get("/healthz").status == 200);
  half.say("GET /met");
  slow.ask("/api/v1/events");
  REQUIRE(slow.answer_begins());
  node.prompt = false;
  waiting.ask("/healthz");
  REQUIRE(becomes([&] { return node.is_asked(); }));
  const int taken = node.taken;
  const Endpoint at = server->endpoint();
  server.reset();
  CHECK(idle.ended());
  CHECK(half.ended());
  CHECK(slow.ended());
  CHECK(waiting.ended());
  node.go_on();
  CHECK(node.taken == taken);
  CHECK_FALSE(HttpClient{at}.connected());
}

TEST_CASE("http: an address that cannot be had is told with what to do") {
  ShownNode node;
  const HttpServer first{patient(), node.source()};
  HttpServerOptions taken = patient();
  taken.listen = first.endpoint();
  CHECK_THROWS_WITH(HttpServer(taken, node.source()),
                    Catch::Contains("admin.listen 127.0.0.1:") && Catch::Contains("choose another port"));
  taken.listen = {"no-such-host.invalid", 1};
  CHECK_THROWS_AS(HttpServer(taken, node.source()), StartError);
}
