// The gateway on real sockets, with backends that answer, fail, hang, refuse and vanish. Everything runs on one thread.
#include "inspect/http_client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <catch2/catch.hpp>
#include <gateway/gateway.hpp>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

using namespace hawser;
using namespace hawser::example;
using namespace std::chrono_literals;

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;

class ShakyBackend {
 public:
  enum class Mode { answers, fails, hangs, overloaded };

  ShakyBackend(asio::io_context& io, std::string name) : io_(io), name_(std::move(name)) { open({}); }
  Tcp::endpoint endpoint() const { return endpoint_; }
  void vanish() { acceptor_->close(); }
  void come_back() { open(endpoint_); }

  Mode mode = Mode::answers;
  int asked = 0;

 private:
  void open(const std::optional<Tcp::endpoint>& at) {
    acceptor_ = std::make_shared<Tcp::acceptor>(io_, at.value_or(Tcp::endpoint{asio::ip::address_v4::loopback(), 0}));
    endpoint_ = acceptor_->local_endpoint();
    asio::co_spawn(io_, accept(acceptor_), asio::detached);
  }
  asio::awaitable<void> accept(std::shared_ptr<Tcp::acceptor> acceptor) {
    for (;;) {
      auto [error, socket] = co_await acceptor->async_accept(asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
    }
  }
  asio::awaitable<void> serve(Tcp::socket socket) {
    beast::tcp_stream stream{std::move(socket)};
    beast::flat_buffer buffer;
    http::request<http::string_body> request;
    auto [error, bytes] = co_await http::async_read(stream, buffer, request, asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    ++asked;
    if (mode == Mode::hangs) {
      // Until the other end gives up.
      co_await http::async_read(stream, buffer, request, asio::as_tuple(asio::use_awaitable));
      co_return;
    }
    http::response<http::string_body> response{mode == Mode::answers ? http::status::ok
                                               : mode == Mode::fails ? http::status::internal_server_error
                                                                     : http::status::service_unavailable,
                                               11};
    response.keep_alive(false);
    if (request.method() == http::verb::head) {
      response.content_length(name_.size());
    } else {
      response.body() = name_;
      response.prepare_payload();
    }
    co_await http::async_write(stream, response, asio::as_tuple(asio::use_awaitable));
  }

  asio::io_context& io_;
  std::string name_;
  std::shared_ptr<Tcp::acceptor> acceptor_;
  Tcp::endpoint endpoint_;
};

struct Got {
  unsigned status = 0;
  std::string body;
  std::string by;
  std::string age;
  std::string retry_after;
  std::string length;
  std::size_t surplus = 0;  // bytes behind the answer
};

struct GatewayHouse {
  explicit GatewayHouse(const std::function<void(GatewaySettings&)>& change = {}) {
    for (const char* name : {"one", "two"}) backends.push_back(std::make_unique<ShakyBackend>(io, name));
    GatewaySettings settings;
    for (const auto& backend : backends) settings.backends.push_back(backend->endpoint());
    settings.breaker.consecutive_failures = 3;
    settings.breaker.open_for = 200ms;
    settings.breaker.open_max = 200ms;
    settings.breaker.ramp_time = 0us;
    settings.timeout.initial = 200ms;
    if (change) change(settings);
    gateway = std::make_unique<Gateway>(io.get_executor(), settings);
  }

  static asio::awaitable<void> fetch(asio::io_context& io, Tcp::endpoint at, http::verb verb, std::string priority,
                                     std::shared_ptr<std::optional<Got>> got) {
    beast::tcp_stream stream{io};
    co_await stream.async_connect(at, asio::use_awaitable);
    http::request<http::string_body> request{verb, "/a", 11};
    request.set("X-Priority", priority);
    request.keep_alive(false);
    request.prepare_payload();
    co_await http::async_write(stream, request, asio::use_awaitable);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.skip(verb == http::verb::head);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    char more = 0;
    auto [ended, behind] = co_await stream.async_read_some(asio::buffer(&more, 1), asio::as_tuple(asio::use_awaitable));
    const auto& response = parser.get();
    got->emplace(Got{response.result_int(), response.body(), std::string{response["X-Answered-By"]},
                     std::string{response["X-Age"]}, std::string{response[http::field::retry_after]},
                     std::string{response[http::field::content_length]}, buffer.size() + behind});
  }
  std::shared_ptr<std::optional<Got>> begin(http::verb verb = http::verb::get, const std::string& priority = "4") {
    auto got = std::make_shared<std::optional<Got>>();
    asio::co_spawn(io, fetch(io, gateway->endpoint(), verb, priority, got), asio::detached);
    return got;
  }
  template <typename F>
  bool run_until(F reached) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!reached()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      io.run_one_for(50ms);
    }
    return true;
  }
  Got get(http::verb verb = http::verb::get) {
    const auto got = begin(verb);
    REQUIRE(run_until([&] { return got->has_value(); }));
    return **got;
  }

  asio::io_context io;
  std::vector<std::unique_ptr<ShakyBackend>> backends;
  std::unique_ptr<Gateway> gateway;
};

}  // namespace

TEST_CASE("gateway: backends take turns, and what one does not answer another is asked for") {
  GatewayHouse house;
  CHECK(house.get().body == "one");
  CHECK(house.get().body == "two");
  house.backends[0]->mode = ShakyBackend::Mode::fails;
  for (int i = 0; i < 4; ++i) {
    const Got got = house.get();
    CHECK(got.status == 200);
    CHECK(got.body == "two");
    CHECK(got.by == "backend");
  }
  CHECK(house.gateway->retried() == 2);
  // A POST that failed is not made again: nobody knows what it did.
  int posts_failed = 0;
  for (int i = 0; i < 2; ++i) posts_failed += house.get(http::verb::post).status == 502 ? 1 : 0;
  CHECK(posts_failed == 1);
}

TEST_CASE("gateway: to HEAD it says how long the body would be, without one, whoever answers") {
  GatewayHouse house;
  Got got = house.get(http::verb::head);
  CHECK(got.status == 200);
  CHECK(got.by == "backend");
  CHECK(got.length == "3");  // one, two
  CHECK(got.surplus == 0);
  for (auto& backend : house.backends) backend->mode = ShakyBackend::Mode::overloaded;
  got = house.get(http::verb::head);
  CHECK(got.status == 502);
  CHECK(std::stoul(got.length) > 0);
  CHECK(got.surplus == 0);
  CHECK(house.gateway->backend(0).breaker == BreakerState::closed);
}

TEST_CASE("gateway: while no descriptor is left it waits for one, and then serves who has waited") {
  GatewayHouse house;
  // Both backends wait for connections by now, and what was open for that is closed.
  for (int i = 0; i < 2; ++i) REQUIRE(house.get().status == 200);
  house.io.poll();
  test::HttpClient client{Endpoint{"127.0.0.1", house.gateway->endpoint().port()}};
  client.ask("/a");
  const int next = ::dup(0);
  ::close(next);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none_left{static_cast<rlim_t>(next), before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);
  // One that tries again at once, since the connection is there, would run a hundred thousand times meanwhile.
  asio::steady_timer a_while{house.io, 300ms};
  bool over = false;
  a_while.async_wait([&over](const boost::system::error_code&) { over = true; });
  int turns = 0;
  while (!over) turns += static_cast<int>(house.io.run_one());
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(turns < 1000);
  CHECK(house.backends[0]->asked + house.backends[1]->asked == 2);
  auto reply = std::async(std::launch::async, [&client] { return client.reply(); });
  REQUIRE(house.run_until([&] { return reply.wait_for(0s) == std::future_status::ready; }));
  CHECK(reply.get().status == 200);
}

TEST_CASE("gateway: a backend that hangs is left alone after a few timeouts, and asked again when it answers") {
  GatewayHouse house;
  CHECK(house.get().status == 200);
  house.backends[1]->mode = ShakyBackend::Mode::hangs;
  REQUIRE(house.run_until([&] {
    CHECK(house.get().status == 200);
    return house.gateway->backend(1).breaker == BreakerState::open;
  }));
  house.backends[1]->mode = ShakyBackend::Mode::answers;
  REQUIRE(house.run_until([&] { return house.get().body == "two"; }));
  REQUIRE(house.run_until([&] {
    house.get();
    return house.gateway->backend(1).breaker == BreakerState::closed;
  }));
}

TEST_CASE("gateway: without a backend a GET gets its last answer with its age, a POST an honest 502, and it heals") {
  GatewayHouse house;
  CHECK(house.get().status == 200);
  for (auto& backend : house.backends) backend->vanish();
  const Got old = house.get();
  CHECK(old.status == 200);
  CHECK(old.by == "fallback");
  CHECK_FALSE(old.age.empty());
  CHECK(old.age.find_first_not_of("0123456789") == std::string::npos);
  const Got post = house.get(http::verb::post);
  CHECK(post.status == 502);
  CHECK(post.by == "nobody");
  for (auto& backend : house.backends) backend->come_back();
  CHECK(house.run_until([&] { return house.get().by == "backend"; }));
}

TEST_CASE("gateway: what is too much is shed with 503 and Retry-After, the least important first") {
  GatewayHouse house{[](GatewaySettings& settings) {
    settings.shedder.limit.limit_min = settings.shedder.limit.limit_initial = settings.shedder.limit.limit_max = 2;
    settings.shedder.queue_max = 2;
    settings.timeout.initial = settings.timeout.timeout_max = 1s;
    settings.timeout.timeout_min = 1s;
  }};
  for (auto& backend : house.backends) backend->mode = ShakyBackend::Mode::hangs;
  // Two are let in, two wait.
  std::vector<std::shared_ptr<std::optional<Got>>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(house.begin(http::verb::get, "4"));
    REQUIRE(house.run_until(
        [&] { return house.gateway->intake().running + house.gateway->intake().waiting == calls.size(); }));
  }
  const auto low = house.begin(http::verb::get, "1");
  REQUIRE(house.run_until([&] { return low->has_value(); }));
  CHECK((*low)->status == 503);
  CHECK((*low)->by == "shedder");
  CHECK((*low)->retry_after == "1");
  for (auto& backend : house.backends) backend->mode = ShakyBackend::Mode::answers;
  const auto high = house.begin(http::verb::get, "7");
  REQUIRE(house.run_until([&] { return high->has_value(); }));
  CHECK((*high)->status == 200);
  // It took the place of one that waited.
  int shed = 0;
  REQUIRE(house.run_until([&] {
    shed = 0;
    int ended = 0;
    for (const auto& call : calls) {
      if (!call->has_value()) continue;
      ++ended;
      shed += (*call)->status == 503 ? 1 : 0;
    }
    return ended == 4;
  }));
  CHECK(shed >= 1);
}

TEST_CASE("gateway: an overloaded backend opens no breaker, and settings that make no sense are refused") {
  GatewayHouse house;
  for (auto& backend : house.backends) backend->mode = ShakyBackend::Mode::overloaded;
  for (int i = 0; i < 10; ++i) CHECK(house.get().status == 502);
  CHECK(house.gateway->backend(0).breaker == BreakerState::closed);
  CHECK(house.gateway->backend(1).breaker == BreakerState::closed);
  GatewaySettings none;
  CHECK_THROWS_WITH((Gateway{house.io.get_executor(), none}), Catch::Contains("backends"));
}
