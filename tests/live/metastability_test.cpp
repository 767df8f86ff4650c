// The model of tests/resilience/metastability_test.cpp over real sockets: a server of one worker, a stall, retries.
//
// 80 calls a second in an open loop, 10 ms of service each, the worker stalls for ten seconds, four attempts. A naive
// client never gets its server back; the defaults do. Both pairs run at the same time, each side on a thread of its
// own.
#include <hawser/base/random.hpp>
#include <hawser/interconnect/zmq/pipeline_timers.hpp>
#include <hawser/resilience/load_shedder.hpp>
#include "resilience/metastable_clients.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>
#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using hawser::model::default_client;
using hawser::model::naive_client;

namespace {

using Tcp = asio::ip::tcp;
using StallClock = StdPipelineClock<std::chrono::steady_clock>;

constexpr Duration service{10'000};
constexpr Duration call_deadline{5'000'000};
constexpr std::int64_t calls_per_second = 80;
constexpr std::size_t stall_from = 3;  // seconds
constexpr std::size_t stall_to = 13;
constexpr std::size_t last_call = 30;

std::chrono::steady_clock::time_point steady_at(Instant at) {
  return std::chrono::steady_clock::time_point{std::chrono::microseconds{to_us(at)}};
}

// id, microseconds until the deadline, priority; the answer is the id and whether it was shed.
using Question = std::array<std::uint64_t, 3>;
using Reply = std::array<std::uint64_t, 2>;

class StallingServer {
 public:
  StallingServer(const std::optional<LoadShedderConfig>& shedder, Instant start) : start_(start) {
    if (shedder) shedder_.emplace(*shedder, clock_.now());
    asio::co_spawn(io_, serve(), asio::detached);
    thread_ = std::thread{[this] { io_.run(); }};
  }
  ~StallingServer() {
    io_.stop();
    thread_.join();
  }
  Tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

 private:
  struct Work {
    std::uint64_t id = 0;
    Instant admitted{};
  };

  asio::awaitable<void> serve() {
    co_await acceptor_.async_accept(socket_, asio::use_awaitable);
    socket_.set_option(Tcp::no_delay{true});
    for (;;) {
      Question question{};
      auto [error, bytes] =
          co_await asio::async_read(socket_, asio::buffer(question), asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      take(question);
    }
  }
  void take(const Question& question) {
    works_.push_back(std::make_unique<Work>(Work{question[0], clock_.now()}));
    Work* const work = works_.back().get();
    if (!shedder_) {
      queue_.push_back(work);
      return start_work();
    }
    const Instant deadline = clock_.now() + Duration{static_cast<std::int64_t>(question[1])};
    const ShedAnswer answer = shedder_->offer({static_cast<std::uint8_t>(question[2]), deadline, work}, clock_.now());
    if (answer.rejection) reply(*work, true);
    if (answer.admitted) queue_.push_back(work);
    settle();
  }
  void settle() {
    while (const auto event = shedder_->poll(clock_.now())) {
      auto* const work = static_cast<Work*>(event->owner);
      if (event->rejection) {
        reply(*work, true);
      } else {
        work->admitted = clock_.now();
        queue_.push_back(work);
      }
    }
    start_work();
  }
  void start_work() {
    if (busy_ || queue_.empty()) return;
    busy_ = true;
    Work* const work = queue_.front();
    queue_.pop_front();
    // A timer that comes late must not make the worker slower: it goes on from when the last work should have ended.
    const Instant now = clock_.now();
    const Instant begins = went_on_ ? free_at_ : now;
    const Instant from = start_ + Duration{std::int64_t{stall_from} * 1'000'000};
    const Instant to = start_ + Duration{std::int64_t{stall_to} * 1'000'000};
    free_at_ = begins + service;
    if (free_at_ > from && begins < to) free_at_ = to + service;
    timer_.expires_at(steady_at(free_at_));
    timer_.async_wait([this, work](const boost::system::error_code& error) {
      if (error) return;
      busy_ = false;
      went_on_ = !queue_.empty();
      reply(*work, false);
      if (!shedder_) return start_work();
      shedder_->finished(clock_.now(), clock_.now() - work->admitted);
      settle();
    });
  }
  void reply(const Work& work, bool shed) {
    const Reply bytes{work.id, shed ? std::uint64_t{1} : std::uint64_t{0}};
    boost::system::error_code ignored;
    asio::write(socket_, asio::buffer(bytes), ignored);
  }

  StallClock clock_;
  Instant start_;
  asio::io_context io_;
  Tcp::acceptor acceptor_{io_, Tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  Tcp::socket socket_{io_};
  asio::steady_timer timer_{io_};
  std::optional<LoadShedder> shedder_;
  std::vector<std::unique_ptr<Work>> works_;
  std::deque<Work*> queue_;
  Instant free_at_{};
  bool busy_ = false;
  bool went_on_ = false;
  std::thread thread_;
};

struct StallSecond {
  std::uint64_t calls = 0;
  std::uint64_t sends = 0;
  std::uint64_t good = 0;
};

class StalledClient {
 public:
  StalledClient(const PipelineConfig& config, const Tcp::endpoint& server, Instant start)
      : start_(start), pipeline_(clock_, config, 1), seconds_(last_call + 1) {
    socket_.connect(server);
    socket_.set_option(Tcp::no_delay{true});
    asio::co_spawn(io_, read(), asio::detached);
    asio::co_spawn(io_, call_on(), asio::detached);
    thread_ = std::thread{[this] { io_.run(); }};
  }
  // Waits until all calls have ended.
  void join() { thread_.join(); }

  StallSecond sum(std::size_t from, std::size_t to) const {
    StallSecond all;
    for (std::size_t i = from; i < to; ++i) {
      all.calls += seconds_[i].calls;
      all.sends += seconds_[i].sends;
      all.good += seconds_[i].good;
    }
    return all;
  }
  std::optional<std::size_t> recovered(std::size_t from) const {
    for (std::size_t i = from; i + 3 < seconds_.size(); ++i) {
      const StallSecond next = sum(i, i + 3);
      if (next.good * 100 >= next.calls * 95) return i;
    }
    return std::nullopt;
  }

 private:
  struct Pending {
    asio::steady_timer rings;
    std::optional<bool> shed;
  };

  asio::awaitable<void> read() {
    for (;;) {
      Reply reply{};
      auto [error, bytes] =
          co_await asio::async_read(socket_, asio::buffer(reply), asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
      const auto found = pending_.find(reply[0]);
      if (found == pending_.end()) continue;
      found->second->shed = reply[1] != 0;
      found->second->rings.cancel();
    }
  }
  asio::awaitable<Attempted<int>> ask(Attempt attempt) {
    const std::uint64_t id = ++last_id_;
    ++second_of(clock_.now()).sends;
    const Question question{id, static_cast<std::uint64_t>(until(clock_.now(), attempt.deadline).count()), 4};
    asio::write(socket_, asio::buffer(question));
    Pending pending{asio::steady_timer{io_, std::chrono::steady_clock::time_point::max()}, std::nullopt};
    pending_[id] = &pending;
    co_await pending.rings.async_wait(asio::as_tuple(asio::use_awaitable));
    pending_.erase(id);
    // Nobody answered: its time is over.
    if (!pending.shed) throw boost::system::system_error{asio::error::operation_aborted};
    Attempted<int> said{1, {}};
    if (*pending.shed) said = {std::nullopt, {AttemptEnd::overloaded, true, std::nullopt}};
    co_return said;
  }
  asio::awaitable<void> one_call() {
    const Instant began = clock_.now();
    ++second_of(began).calls;
    ++under_way_;
    CallOptions options;
    options.deadline = began + call_deadline;
    const auto operation = [this](const Attempt& attempt) { return ask(attempt); };
    const auto result = co_await run_async(pipeline_, timers_, options, operation);
    if (result.cause == PipelineCause::answered && clock_.now() <= options.deadline) ++second_of(began).good;
    if (--under_way_ == 0 && all_begun_) io_.stop();
  }
  asio::awaitable<void> call_on() {
    asio::steady_timer timer{io_};
    Random random{7};
    Instant next = start_;
    const Instant end = start_ + Duration{std::int64_t{last_call} * 1'000'000};
    while (next < end) {
      timer.expires_at(steady_at(next));
      co_await timer.async_wait(asio::use_awaitable);
      asio::co_spawn(io_, one_call(), asio::detached);
      next += Duration{random.between(std::int64_t{0}, 2'000'000 / calls_per_second)};
    }
    all_begun_ = true;
    if (under_way_ == 0) io_.stop();
  }
  StallSecond& second_of(Instant at) {
    const auto second = static_cast<std::size_t>(until(start_, at).count() / 1'000'000);
    return seconds_[std::min(second, last_call)];
  }

  StallClock clock_;
  Instant start_;
  asio::io_context io_;
  Tcp::socket socket_{io_};
  AsioPipelineTimers timers_{io_.get_executor()};
  Pipeline pipeline_;
  std::vector<StallSecond> seconds_;
  std::map<std::uint64_t, Pending*> pending_;
  std::uint64_t last_id_ = 0;
  std::size_t under_way_ = 0;
  bool all_begun_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("over real sockets, a stall of ten seconds ends naive clients for good, and the defaults recover", "[live]") {
  const Instant start = StallClock{}.now() + Duration{200'000};
  StallingServer naive_server{std::nullopt, start};
  StallingServer default_server{LoadShedderConfig{}, start};
  StalledClient naive{naive_client(), naive_server.endpoint(), start};
  StalledClient defaults{default_client(), default_server.endpoint(), start};
  naive.join();
  defaults.join();

  // Before the stall both are fine.
  CHECK(naive.sum(0, stall_from - 1).good * 100 >= naive.sum(0, stall_from - 1).calls * 95);
  CHECK(defaults.sum(0, stall_from - 1).good * 100 >= defaults.sum(0, stall_from - 1).calls * 95);

  CHECK_FALSE(naive.recovered(stall_to));
  const StallSecond late = naive.sum(last_call - 8, last_call);
  INFO("naive, at the end: " << late.good << " good of " << late.calls << ", " << late.sends << " sends");
  CHECK(late.good * 4 < late.calls);
  CHECK(late.sends > late.calls * 2);

  const auto recovered = defaults.recovered(stall_to);
  REQUIRE(recovered);
  INFO("the defaults recovered " << *recovered - stall_to << " s after the stall");
  CHECK(*recovered <= stall_to + 13);  // a window of three seconds has to fit
  const StallSecond all = defaults.sum(0, last_call);
  INFO("the defaults sent " << all.sends << " for " << all.calls << " calls");
  CHECK(all.sends * 10 <= all.calls * 11);
}
