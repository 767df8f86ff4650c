#include "gateway/gateway.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string>
#include <utility>

namespace hawser::example {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

struct Answer {
  unsigned status = 200;
  std::string type;
  std::string body;
  std::uint64_t length = 0;  // of the body that a GET would get, when this answers a HEAD
};

std::uint64_t key_of(const Request& request) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char letter : request.target()) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  return hash;
}

std::uint8_t priority_of(const Request& request) {
  const auto text = request["X-Priority"];
  unsigned value = 4;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return static_cast<std::uint8_t>(std::min(value, 7u));
}

// `length`: of the body that a HEAD is told of and does not get.
Response respond(const Request& to, unsigned status, std::string body, std::string_view by, std::uint64_t length = 0) {
  Response response{static_cast<http::status>(status), to.version()};
  response.set("X-Answered-By", beast::string_view{by.data(), by.size()});
  response.keep_alive(to.keep_alive());
  if (to.method() == http::verb::head) {
    response.content_length(std::max<std::uint64_t>(length, body.size()));
    return response;
  }
  response.body() = std::move(body);
  response.prepare_payload();
  return response;
}

}  // namespace

class Gateway::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(const asio::any_io_executor& executor, const GatewaySettings& settings)
      : settings_(settings),
        executor_(executor),
        acceptor_(executor, settings.listen),
        timers_(executor),
        budget_(settings.retries, clock_.now()) {
    if (settings.backends.empty()) throw std::invalid_argument("a gateway needs a backend: `backends` is empty");
    answers_.cached(settings.answers_kept);
    PipelineBuilder one;
    one.deadline(settings.deadline).breaker(settings.breaker).bulkhead(settings.bulkhead).timeout(settings.timeout);
    for (std::size_t i = 0; i < settings.backends.size(); ++i) backends_.push_back(one.seed(i + 1).build(clock_));
    intake_ = PipelineBuilder{}.deadline(settings.deadline).shedder(settings.shedder).build(clock_);
  }

  void start() { asio::co_spawn(executor_, accept(shared_from_this()), asio::detached); }
  void stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

  GatewaySettings settings_;
  asio::any_io_executor executor_;
  Tcp::acceptor acceptor_;
  StdPipelineClock<std::chrono::steady_clock> clock_;
  AsioPipelineTimers timers_;
  std::unique_ptr<Pipeline> intake_;
  std::vector<std::unique_ptr<Pipeline>> backends_;
  RetryBudget budget_;
  FallbackHandler<Answer> answers_{256};
  std::size_t turn_ = 0;
  std::size_t connections_ = 0;
  std::uint64_t retried_ = 0;

 private:
  static asio::awaitable<void> accept(std::shared_ptr<Core> self) {
    asio::steady_timer pause{self->executor_};
    for (;;) {
      auto [error, socket] = co_await self->acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
      if (error == asio::error::operation_aborted || !self->acceptor_.is_open()) co_return;
      if (error) {
        // Most often no descriptor is left: who waits is still there when one is, and until then it would fail at once.
        pause.expires_after(std::chrono::milliseconds{100});
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        if (!self->acceptor_.is_open()) co_return;
        continue;
      }
      if (self->connections_ >= self->settings_.connections_max) continue;
      asio::co_spawn(self->executor_, serve(self, std::move(socket)), asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Core> self, Tcp::socket socket) {
    struct Count {
      explicit Count(std::size_t& count) : count_(count) { ++count_; }
      Count(const Count&) = delete;
      Count& operator=(const Count&) = delete;
      ~Count() { --count_; }
      std::size_t& count_;
    };
    const Count one{self->connections_};
    beast::tcp_stream stream{std::move(socket)};
    beast::flat_buffer buffer;
    for (;;) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(self->settings_.body_max);
      stream.expires_after(std::chrono::seconds{30});
      auto [error, bytes] = co_await http::async_read(stream, buffer, parser, asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      const Request request = parser.release();
      stream.expires_never();
      Response response = co_await self->handle(request);
      stream.expires_after(std::chrono::seconds{30});
      auto [failed, sent] = co_await http::async_write(stream, response, asio::as_tuple(asio::use_awaitable));
      if (failed || !response.keep_alive()) co_return;
    }
  }

  asio::awaitable<Response> handle(const Request& request) {
    CallOptions options;
    options.priority = priority_of(request);
    options.key = key_of(request);
    options.deadline = later(clock_.now(), settings_.deadline);
    const auto operation = [this, &request, options](const Attempt&) { return route(request, options); };
    const auto result = co_await run_async(*intake_, timers_, options, operation);
    if (result.value) {
      const std::string by = "backend";
      Response answer = respond(request, result.value->status, result.value->body, by, result.value->length);
      if (!result.value->type.empty()) answer.set(http::field::content_type, result.value->type);
      co_return answer;
    }
    if (result.stage == PipelineStage::shedder) {
      Response refused =
          respond(request, 503, "too much to do: " + std::string{to_string(result.cause)} + "\n", "shedder");
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(result.retry_after).count();
      refused.set(http::field::retry_after, std::to_string(std::clamp<std::int64_t>(seconds, 1, 60)));
      co_return refused;
    }
    if (request.method() == http::verb::get) {
      const auto kept = answers_.answer({options.key, false, to_string(result.cause)}, clock_.now());
      if (kept.value) {
        Response old = respond(request, kept.value->status, kept.value->body, "fallback");
        if (!kept.value->type.empty()) old.set(http::field::content_type, kept.value->type);
        old.set("X-Age", std::to_string(kept.age.count() / 1'000'000));
        co_return old;
      }
    }
    co_return respond(request, 502, "no backend answered: " + std::string{to_string(result.cause)} + "\n", "nobody");
  }

  // Backends in turn, until one answers. Going on after a real failure is a retry: it must be allowed and paid for.
  asio::awaitable<Attempted<Answer>> route(const Request& request, CallOptions options) {
    const bool repeatable = request.method() == http::verb::get || request.method() == http::verb::head;
    const std::size_t first = turn_++;
    budget_.deposit();
    Attempted<Answer> said{std::nullopt, {AttemptEnd::failure, false, std::nullopt}};
    options.idempotent = repeatable;
    for (std::size_t i = 0; i < backends_.size(); ++i) {
      const std::size_t index = (first + i) % backends_.size();
      const auto operation = [this, &request, index](const Attempt&) { return forward(request, index); };
      auto result = co_await run_async(*backends_[index], timers_, options, operation);
      if (result.value) {
        if (request.method() == http::verb::get && result.value->status == 200) {
          answers_.remember(options.key, *result.value, clock_.now());
        }
        said.value = std::move(result.value);
        said.result = {};
        co_return said;
      }
      if (clock_.now() >= options.deadline) break;
      if (result.attempts == 0) continue;  // it never left: another one costs nothing
      if (!repeatable || i + 1 == backends_.size() || !budget_.withdraw(clock_.now())) break;
      ++retried_;
    }
    co_return said;
  }

  asio::awaitable<Attempted<Answer>> forward(const Request& request, std::size_t index) {
    beast::tcp_stream stream{executor_};
    co_await stream.async_connect(settings_.backends[index], asio::use_awaitable);
    Request onwards{request.method(), request.target(), 11};
    onwards.set(http::field::host, "backend");
    onwards.body() = request.body();
    onwards.keep_alive(false);
    onwards.prepare_payload();
    co_await http::async_write(stream, onwards, asio::use_awaitable);
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(settings_.body_max);
    parser.skip(request.method() == http::verb::head);  // whatever length it tells, no body follows
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    const std::uint64_t length = parser.content_length().value_or(0);
    const Response response = parser.release();
    Attempted<Answer> said;
    // A backend that has too much to do is no broken one; other errors of its own are.
    if (response.result_int() == 503 || response.result_int() == 429) {
      said.result.end = AttemptEnd::overloaded;
    } else if (response.result_int() >= 500) {
      said.result.end = AttemptEnd::failure;
    } else {
      said.value.emplace();
      said.value->status = response.result_int();
      said.value->type = std::string{response[http::field::content_type]};
      said.value->body = response.body();
      said.value->length = length;
    }
    co_return said;
  }
};

Gateway::Gateway(asio::any_io_executor executor, const GatewaySettings& settings)
    : core_(std::make_shared<Core>(executor, settings)) {
  core_->start();
}
Gateway::~Gateway() { core_->stop(); }

Tcp::endpoint Gateway::endpoint() const { return core_->acceptor_.local_endpoint(); }
ResilienceSnapshot Gateway::intake() const { return core_->intake_->snapshot(); }
ResilienceSnapshot Gateway::backend(std::size_t index) const { return core_->backends_.at(index)->snapshot(); }
std::uint64_t Gateway::retried() const noexcept { return core_->retried_; }

}  // namespace hawser::example
