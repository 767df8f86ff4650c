#include <hawser/inspect/http_server.hpp>

#include <hawser/base/signals_blocked.hpp>
#include <hawser/inspect/http_replay.hpp>
#include <hawser/inspect/stream_feed.hpp>
#include <hawser/interconnect/runtime.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace hawser {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

constexpr auto to_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t drained_bytes_max = 1u << 20;
constexpr int stream_buffer_bytes = 256 << 10;                // of the kernel, for one stream
constexpr std::chrono::milliseconds accept_again_after{100};  // when no descriptor is left

// Adds to a count for as long as it lives.
template <typename Counter>
class Share {
 public:
  Share(Counter& counter, std::size_t amount) : counter_(counter), amount_(amount) { counter_ += amount_; }
  ~Share() { counter_ -= amount_; }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

 private:
  Counter& counter_;
  std::size_t amount_;
};

Tcp::endpoint resolved(asio::io_context& io, const Endpoint& listen) {
  boost::system::error_code error;
  Tcp::resolver resolver{io};
  const auto found = resolver.resolve(listen.host, std::to_string(listen.port), Tcp::resolver::passive, error);
  if (error || found.empty()) {
    throw StartError("admin.listen " + listen.text() + ": the host is not known (" + error.message() +
                     "): write an address, for example 127.0.0.1:9001");
  }
  return found.begin()->endpoint();
}

// The parser takes no field above 64 KiB.
HttpServerOptions bounded(HttpServerOptions options) {
  options.header_bytes_max = std::clamp<std::size_t>(options.header_bytes_max, 1024, 32u << 10);
  return options;
}

// What a client asked, out of what the parser made of its bytes.
AdminQuestion question_of(const http::request<http::empty_body>& request) {
  AdminQuestion question;
  question.method = std::string{request.method_string()};
  question.target = std::string{request.target()};
  if (request.count(http::field::host) == 1) question.host = std::string{request[http::field::host]};
  question.origin = std::string{request[http::field::origin]};
  question.fetch_site = std::string{request["Sec-Fetch-Site"]};
  question.authorization = std::string{request[http::field::authorization]};
  question.last_event_id = std::string{request["Last-Event-ID"]};
  return question;
}

// What to say about a request that could not be read. Nothing: nobody is there to hear it.
std::optional<AdminAnswer> complaint_about(const boost::system::error_code& error, std::size_t header_bytes_max) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return AdminApi::header_too_large(header_bytes_max);
  }
  const bool gone = error == http::error::end_of_stream || error == beast::error::timeout ||
                    error == asio::error::eof || error.category() == boost::system::system_category();
  if (gone) return std::nullopt;
  return AdminApi::unreadable(error.message());
}

template <typename Body>
void head(http::response<Body>& response, const AdminAnswer& answer, bool keep) {
  response.result(answer.status);
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("X-Content-Type-Options", "nosniff");
  if (!answer.allow.empty()) response.set(http::field::allow, answer.allow);
  if (answer.wants_token) response.set(http::field::www_authenticate, "Bearer");
  if (!answer.policy.empty()) {
    response.set("Content-Security-Policy", answer.policy);
    response.set("Referrer-Policy", "no-referrer");
  }
  response.content_length(answer.body.size());
  response.keep_alive(keep);
}

// The client reads until the connection ends. Beast would wrap each event into a chunk, and nobody needs those.
std::string stream_head() {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + std::string{stream_content_type} +
         "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nretry: 1000\n\n";
}

}  // namespace

class HttpServer::Loop {
 public:
  Loop(HttpServerOptions options, AdminNode node)
      : options_(bounded(std::move(options))), api_(options_.site), node_(std::move(node)) {
    try {
      const Tcp::endpoint at = resolved(io_, options_.listen);
      acceptor_.open(at.protocol());
      acceptor_.set_option(Tcp::acceptor::reuse_address(true));
      acceptor_.bind(at);
      acceptor_.listen();
    } catch (const boost::system::system_error& error) {
      throw StartError("admin.listen " + options_.listen.text() + " cannot be listened on (" + error.code().message() +
                       "): free it, or choose another port");
    }
    bound_ = Endpoint{options_.listen.host, acceptor_.local_endpoint().port()};
    letterbox_->owner = this;
    keep_accepting();
    const SignalsBlocked blocked;
    thread_ = std::thread{[this] { serve(); }};
  }

  ~Loop() {
    {
      const std::lock_guard lock{letterbox_->mutex};
      letterbox_->owner = nullptr;
    }
    io_.stop();
    thread_.join();
  }

  void set_config(std::string fields) {
    asio::post(io_, [this, fields = std::move(fields)]() mutable { api_.set_config(std::move(fields)); });
  }
  const Endpoint& endpoint() const { return bound_; }
  HttpServerStats stats() const {
    return {accepted_,        turned_away_,     open_,    answers_,        timeouts_, failures_, streams_,
            streams_dropped_, streams_refused_, actions_, actions_refused_};
  }

 private:
  // Where the node's loop puts a snapshot, for as long as somebody wants it.
  struct Letterbox {
    std::mutex mutex;
    Loop* owner = nullptr;
  };
  using Snapshot = std::shared_ptr<const NodeSnapshot>;
  using Place = Share<std::atomic<std::uint64_t>>;

  // What throws, for want of memory or out of a parser, costs its connection and not the process.
  void serve() noexcept {
    while (!io_.stopped()) {
      try {
        io_.run();
      } catch (...) {
        ++failures_;
      }
    }
  }

  void keep_accepting() {
    asio::co_spawn(io_, accept(), [this](std::exception_ptr error) {
      if (error) keep_accepting();
    });
  }

  asio::awaitable<void> accept() {
    asio::steady_timer pause{io_};
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(to_tuple);
      if (error) {
        pause.expires_after(accept_again_after);
        co_await pause.async_wait(to_tuple);
        continue;
      }
      ++accepted_;
      if (open_ >= options_.connections_max) {
        ++turned_away_;
        continue;  // the socket goes with this turn
      }
      auto place = std::make_unique<Place>(open_, 1);
      asio::co_spawn(io_, talk(std::move(socket), std::move(place)), asio::detached);
    }
  }

  // One client, for as long as it asks properly.
  asio::awaitable<void> talk(Tcp::socket socket, [[maybe_unused]] std::unique_ptr<Place> place) {
    beast::tcp_stream stream{std::move(socket)};
    beast::flat_buffer buffer{options_.header_bytes_max};
    while (true) {
      http::request_parser<http::empty_body> parser;
      parser.header_limit(static_cast<std::uint32_t>(options_.header_bytes_max));
      stream.expires_after(options_.request_time);
      const auto [error, got] = co_await http::async_read(stream, buffer, parser, to_tuple);
      if (error) {
        if (error == beast::error::timeout) ++timeouts_;
        const std::optional<AdminAnswer> complaint = complaint_about(error, options_.header_bytes_max);
        if (!complaint) co_return;
        if (co_await write(stream, *complaint, false, false)) co_await part(stream);
        co_return;
      }
      const auto& request = parser.get();
      const bool keep = request.keep_alive();
      const bool head_only = request.method() == http::verb::head;
      const bool posted = request.method() == http::verb::post;
      const AdminPlan plan = api_.plan(question_of(request));
      const auto* const reader = std::get_if<StreamPlace>(&plan);
      if (reader != nullptr && streams_ < options_.streams_max) {
        co_await stream_to(stream, *reader);
        co_return;
      }
      const AdminAnswer answer = co_await carry_on(plan, posted);
      if (!co_await write(stream, answer, head_only, keep)) co_return;
      if (keep) continue;
      co_await part(stream);
      co_return;
    }
  }

  // `posted`: an order was asked for. `plan` is the caller's, which waits.
  asio::awaitable<AdminAnswer> carry_on(const AdminPlan& plan, bool posted) {
    if (const auto* const known = std::get_if<AdminAnswer>(&plan)) {
      if (known->status == 401 || (known->status == 403 && posted)) ++actions_refused_;
      co_return *known;
    }
    if (const auto* const order = std::get_if<AdminOrder>(&plan)) co_return co_await carried_out(*order);
    if (std::holds_alternative<StreamPlace>(plan)) {
      ++streams_refused_;
      co_return AdminApi::too_many_streams(options_.streams_max);
    }
    if (waiting_bytes_ > options_.waiting_bytes_max) co_return AdminApi::too_busy();
    const Snapshot snapshot = co_await latest();
    if (snapshot == nullptr) co_return AdminApi::loop_silent(options_.loop_time);
    AdminAnswer answer = api_.answer(std::get<AdminLook>(plan), *snapshot, stats());
    if (waiting_bytes_ > 0 && waiting_bytes_ + answer.body.size() > options_.waiting_bytes_max) {
      co_return AdminApi::too_busy();
    }
    co_return answer;
  }

  // One reader, until it goes or does not read. What it has not taken yet is one text; all else is its place.
  asio::awaitable<void> stream_to(beast::tcp_stream& stream, StreamPlace place) {
    const Place one{streams_, 1};
    boost::system::error_code ignored;
    stream.socket().set_option(asio::socket_base::send_buffer_size{stream_buffer_bytes}, ignored);
    std::string text = stream_head();
    asio::steady_timer bell{io_, asio::steady_timer::time_point::max()};
    if (std::exchange(looking_, true)) {
      text += feed_.news(place);
    } else {
      asio::co_spawn(io_, look_around(), asio::detached);  // nobody looked lately: what the feed has is old
      place.look = feed_.looks();
    }
    while (true) {
      {
        const Share<std::size_t> waiting{waiting_bytes_, text.size()};
        stream.expires_after(options_.request_time);
        const auto [error, sent] = co_await asio::async_write(stream, asio::buffer(text), to_tuple);
        if (error) {
          if (error == beast::error::timeout) ++streams_dropped_;
          co_return;
        }
      }
      stream.expires_never();
      if (place.look == feed_.looks()) {
        bell.expires_at(asio::steady_timer::time_point::max());
        listening_.push_back(&bell);
        co_await bell.async_wait(to_tuple);
        std::erase(listening_, &bell);
      }
      text = feed_.news(place);
    }
  }

  // Once per interval, for as long as somebody reads.
  asio::awaitable<void> look_around() {
    asio::steady_timer pause{io_};
    while (streams_ > 0) {
      pause.expires_after(options_.stream_interval);  // with the time that the look takes
      const Snapshot snapshot = co_await latest();
      try {
        snapshot == nullptr ? feed_.silent(options_.loop_time) : feed_.look(snapshot);
      } catch (const std::exception&) {
        ++failures_;
      }
      for (asio::steady_timer* bell : std::exchange(listening_, {})) bell->cancel();
      co_await pause.async_wait(to_tuple);
    }
    looking_ = false;
  }

  // What the node's loop does when it comes to it, perhaps after we are gone: what it holds outlives io_.
  struct Errand {
    std::atomic<bool> decided{false};  // that it is done, or that it is not: whoever comes first
    // Of our own thread.
    bool ended = false;
    std::optional<AdminResult> result;
    asio::steady_timer* bell = nullptr;  // of who waits for it
  };

  asio::awaitable<AdminAnswer> carried_out(AdminOrder order) {
    if (!node_.carry_out) co_return AdminApi::cannot(order);
    asio::steady_timer bell{io_, options_.loop_time};
    const auto errand = std::make_shared<Errand>();
    errand->bell = &bell;
    node_.post([letterbox = letterbox_, errand, order] {
      const std::lock_guard lock{letterbox->mutex};
      if (letterbox->owner != nullptr) letterbox->owner->run(errand, order);
    });
    co_await bell.async_wait(to_tuple);
    // What nobody has begun is not done later, behind the back of who was told that it failed.
    if (!errand->ended && !errand->decided.exchange(true)) co_return AdminApi::not_carried_out(order);
    if (!errand->ended) {
      bell.expires_after(options_.loop_time);
      co_await bell.async_wait(to_tuple);
    }
    errand->bell = nullptr;
    if (!errand->ended) co_return AdminApi::under_way(order);
    if (!errand->result) co_return AdminApi::cannot(order);
    if (errand->result->done) ++actions_;
    co_return AdminApi::order_result(order, *errand->result);
  }

  // On the node's loop.
  void run(const std::shared_ptr<Errand>& errand, const AdminOrder& order) {
    if (errand->decided.exchange(true)) return;
    std::optional<AdminResult> result;
    try {
      result = node_.carry_out(order);
    } catch (const std::exception& error) {
      result = AdminResult{false, std::string{"it failed: "} + error.what()};
    }
    asio::post(io_, [errand, result = std::move(result)] {
      errand->result = result;
      errand->ended = true;
      if (errand->bell != nullptr) errand->bell->cancel();
    });
  }

  // False when the client is gone or does not read.
  asio::awaitable<bool> write(beast::tcp_stream& stream, const AdminAnswer& answer, bool head_only, bool keep) {
    const Share<std::size_t> waiting{waiting_bytes_, answer.body.size()};
    stream.expires_after(options_.request_time);
    boost::system::error_code failure;
    if (head_only) {
      http::response<http::empty_body> response;
      head(response, answer, keep);
      const auto [error, sent] = co_await http::async_write(stream, response, to_tuple);
      failure = error;
    } else {
      http::response<http::span_body<const char>> response;
      response.body() = {answer.body.data(), answer.body.size()};
      head(response, answer, keep);
      const auto [error, sent] = co_await http::async_write(stream, response, to_tuple);
      failure = error;
    }
    if (failure == beast::error::timeout) ++timeouts_;
    if (!failure) ++answers_;
    co_return !failure;
  }

  // Ends a connection so that the answer arrives: what is still on its way here is read, since closing over unread
  // bytes would reset the connection.
  asio::awaitable<void> part(beast::tcp_stream& stream) {
    boost::system::error_code ignored;
    stream.socket().shutdown(Tcp::socket::shutdown_send, ignored);
    stream.expires_after(options_.request_time);
    std::array<char, 4096> room;
    for (std::size_t drained = 0; drained < drained_bytes_max;) {
      const auto [error, got] = co_await stream.async_read_some(asio::buffer(room), to_tuple);
      if (error) co_return;
      drained += got;
    }
  }

  // A snapshot young enough; null when the node does not answer in time.
  asio::awaitable<Snapshot> latest() {
    if (fresh_) co_return latest_;
    ask();
    asio::steady_timer bell{io_, options_.loop_time};
    waiting_.push_back(&bell);
    const auto [error] = co_await bell.async_wait(to_tuple);
    if (error) co_return latest_;  // rung early: it is here
    std::erase(waiting_, &bell);
    co_return nullptr;
  }

  void ask() {
    if (asked_) return;
    node_.post([letterbox = letterbox_, take = node_.take] {
      const std::lock_guard lock{letterbox->mutex};
      if (letterbox->owner == nullptr) return;
      Snapshot snapshot;
      try {
        snapshot = std::make_shared<const NodeSnapshot>(take());
      } catch (const std::exception&) {
        // The node's loop has better things to do than to die of a look at it; who asked is told that nothing came.
      }
      letterbox->owner->deliver(std::move(snapshot));
    });
    asked_ = true;
  }

  // On the node's loop.
  void deliver(Snapshot snapshot) {
    asio::post(io_, [this, snapshot = std::move(snapshot)]() mutable {
      asked_ = false;
      latest_ = std::move(snapshot);
      fresh_ = latest_ != nullptr;
      for (asio::steady_timer* bell : std::exchange(waiting_, {})) bell->cancel();
      stale_.expires_after(options_.snapshot_reuse);
      stale_.async_wait([this](const boost::system::error_code& error) {
        if (!error) fresh_ = false;
      });
    });
  }

  // Coroutines that still run end with io_, and touch what stands above it.
  const HttpServerOptions options_;
  AdminApi api_;
  const AdminNode node_;
  Endpoint bound_;
  std::shared_ptr<Letterbox> letterbox_ = std::make_shared<Letterbox>();
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> turned_away_{0};
  std::atomic<std::uint64_t> open_{0};
  std::atomic<std::uint64_t> answers_{0};
  std::atomic<std::uint64_t> timeouts_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> streams_{0};
  std::atomic<std::uint64_t> streams_dropped_{0};
  std::atomic<std::uint64_t> streams_refused_{0};
  std::atomic<std::uint64_t> actions_{0};
  std::atomic<std::uint64_t> actions_refused_{0};
  StreamFeed feed_;
  bool looking_ = false;                        // somebody looks around for the feed
  std::vector<asio::steady_timer*> listening_;  // streams that have said all they know
  std::size_t waiting_bytes_ = 0;
  Snapshot latest_;
  bool fresh_ = false;
  bool asked_ = false;
  std::vector<asio::steady_timer*> waiting_;
  asio::io_context io_{1};
  Tcp::acceptor acceptor_{io_};
  asio::steady_timer stale_{io_};
  std::thread thread_;
};

namespace {

// Hands out a text in pieces, as a socket might, and then says that no more comes.
class Pieces {
 public:
  Pieces(std::string_view text, std::size_t most) : text_(text), most_(most) {}

  template <typename Buffers>
  std::size_t read_some(const Buffers& into, boost::system::error_code& error) {
    error = {};
    const std::size_t took = asio::buffer_copy(into, asio::buffer(text_.substr(0, most_)));
    if (text_.empty() && asio::buffer_size(into) > 0) error = asio::error::eof;
    text_.remove_prefix(took);
    return took;
  }
  template <typename Buffers>
  std::size_t read_some(const Buffers& into) {
    boost::system::error_code error;
    const std::size_t took = read_some(into, error);
    if (error) throw boost::system::system_error{error};
    return took;
  }

 private:
  std::string_view text_;
  std::size_t most_;
};

std::string written(const AdminAnswer& answer, bool head_only, bool keep) {
  http::response<http::empty_body> response;
  head(response, answer, keep);
  std::string text;
  http::serializer<false, http::empty_body> serializer{response};
  boost::system::error_code error;
  while (!serializer.is_done()) {
    serializer.next(error, [&](boost::system::error_code&, const auto& buffers) {
      const std::string piece = beast::buffers_to_string(buffers);
      text += piece;
      serializer.consume(piece.size());
    });
    if (error) break;
  }
  return head_only ? text : text + answer.body;
}

AdminAnswer answer_now(const AdminApi& api, const AdminPlan& plan, const NodeSnapshot& node) {
  if (const auto* const known = std::get_if<AdminAnswer>(&plan)) return *known;
  if (const auto* const order = std::get_if<AdminOrder>(&plan)) return AdminApi::cannot(*order);
  return api.answer(std::get<AdminLook>(plan), node, {});
}

}  // namespace

HttpReplay replay_http(std::string_view bytes, std::size_t piece_bytes, const HttpServerOptions& wanted,
                       const NodeSnapshot& node) {
  const HttpServerOptions options = bounded(wanted);
  const AdminApi api{options.site};
  Pieces pieces{bytes, piece_bytes};
  beast::flat_buffer buffer{options.header_bytes_max};
  HttpReplay replay;
  while (true) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(options.header_bytes_max));
    boost::system::error_code error;
    http::read(pieces, buffer, parser, error);
    if (error) {
      const std::optional<AdminAnswer> complaint = complaint_about(error, options.header_bytes_max);
      if (complaint) replay.answers.push_back(written(*complaint, false, false));
      replay.at_rest = !complaint;
      return replay;
    }
    const auto& request = parser.get();
    const AdminPlan plan = api.plan(question_of(request));
    if (std::holds_alternative<StreamPlace>(plan)) {
      replay.answers.push_back(stream_head());
      return replay;
    }
    const AdminAnswer answer = answer_now(api, plan, node);
    replay.answers.push_back(written(answer, request.method() == http::verb::head, request.keep_alive()));
    if (!request.keep_alive()) return replay;
  }
}

HttpServer::HttpServer(HttpServerOptions options, AdminNode node)
    : loop_(std::make_unique<Loop>(std::move(options), std::move(node))) {}
HttpServer::~HttpServer() = default;
Endpoint HttpServer::endpoint() const { return loop_->endpoint(); }
HttpServerStats HttpServer::stats() const { return loop_->stats(); }
void HttpServer::set_config(std::string fields) { loop_->set_config(std::move(fields)); }

}  // namespace hawser
