// What a fuzzer holds any bytes against is what the server says over its sockets, byte for byte.
#include <hawser/inspect/http_replay.hpp>
#include "inspect/asked_node.hpp"
#include "inspect/http_client.hpp"
#include "inspect/shown_node.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace hawser::test;

namespace {

std::string said_over_sockets(const HttpServerOptions& options, const std::string& bytes) {
  ShownNode node;
  const HttpServer server{options, node.source()};
  HttpClient client{server.endpoint()};
  client.say(bytes);
  client.say_no_more();
  return client.hear("never said by anybody", 1);
}

std::string replayed(const HttpServerOptions& options, const std::string& bytes, std::size_t piece) {
  std::string text;
  for (const std::string& answer : replay_http(bytes, piece, options, shown_node()).answers) text += answer;
  return text;
}

}  // namespace

TEST_CASE("http replay: says what the server says, however the bytes are cut") {
  HttpServerOptions options = patient();
  options.site.writes = true;
  options.site.token = "0123456789abcdef";
  const std::string host = "Host: 127.0.0.1\r\n";
  const std::string token = "Authorization: Bearer 0123456789abcdef\r\n";
  for (const std::string& bytes :
       {"GET /healthz HTTP/1.1\r\n" + host + "\r\n",
        "GET /healthz HTTP/1.1\r\n" + host + "\r\nHEAD /api/v1/peers?peer=n2 HTTP/1.1\r\n" + host + "\r\n",
        "GET /api/v1/events?since=x HTTP/1.1\r\n" + host + "Connection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "POST /api/v1/actions/reload HTTP/1.1\r\n" + host + token + "Content-Length: 0\r\n\r\n",
        "POST /api/v1/actions/reload HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n",
        "GET /api/v1/status HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", std::string{"GET /metr"},
        std::string{"\x16\x03"}, std::string{}}) {
    CAPTURE(bytes);
    const std::string said = said_over_sockets(options, bytes);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size() + 1}) {
      CHECK(replayed(options, bytes, piece) == said);
    }
  }
}

TEST_CASE("http replay: between two requests nothing is left to say, in the middle of one there is") {
  const HttpServerOptions options = patient();
  const NodeSnapshot node = shown_node();
  const std::string whole = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  CHECK(replay_http(whole, 5, options, node).at_rest);
  CHECK_FALSE(replay_http(whole + "GET /hea", 5, options, node).at_rest);
  const HttpReplay stream = replay_http("GET /api/v1/stream HTTP/1.1\r\nHost: [::1]\r\n\r\n", 9, options, node);
  REQUIRE(stream.answers.size() == 1);
  CHECK(stream.answers[0].find("text/event-stream") != std::string::npos);
}
