// One client node, one server with one worker, on virtual time: the model in which retries keep an overload alive.
//
// Calls arrive in an open loop, however the earlier ones fare. The client is the shipped PipelineCore, the server
// either a plain unbounded queue or the shipped LoadShedder in front of its worker, which may stall for a while.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/timer_queue.hpp>
#include <hawser/resilience/pipeline_core.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace hawser::model {

struct Options {
  std::int64_t calls_per_second = 80;
  std::int64_t calls_before = 0;  // when above 0: the rate of the first five seconds
  Duration service{10'000};
  Duration stall_from{20'000'000};
  Duration stall_for{0};
  Duration length{60'000'000};
  Duration deadline{5'000'000};
  std::uint32_t urgent_permille = 0;  // of the calls, with the highest priority; the others are of 0 .. 6
  PipelineConfig client;
  std::optional<LoadShedderConfig> server;
  std::uint64_t seed = 1;
};

struct Second {
  std::uint64_t calls = 0;
  std::uint64_t sends = 0;
  std::uint64_t good = 0;  // answered before their deadline, counted where they began
};

class Model {
 public:
  explicit Model(const Options& options)
      : options_(options), random_(options.seed), client_(options.client, options.seed, now_) {
    if (options.server) shedder_.emplace(*options.server, now_);
    seconds.resize(static_cast<std::size_t>(options.length.count() / 1'000'000) + 1);
    timers_.add(now_, [this] { arrive(); });
    while (timers_.next() <= Instant{} + options.length) {
      now_ = std::max(now_, timers_.next());
      timers_.pop_due(now_)();
    }
  }

  std::vector<Second> seconds;
  std::uint64_t urgent = 0;
  std::uint64_t urgent_good = 0;

  Second sum(std::size_t from, std::size_t to) const {
    Second all;
    for (std::size_t i = from; i < to; ++i) {
      all.calls += seconds[i].calls;
      all.sends += seconds[i].sends;
      all.good += seconds[i].good;
    }
    return all;
  }
  // The first second from `from` on after which three in a row answer at least 95 % of their calls.
  std::optional<std::size_t> recovered(std::size_t from) const {
    for (std::size_t i = from; i + 3 < seconds.size(); ++i) {
      const Second next = sum(i, i + 3);
      if (next.good * 100 >= next.calls * 95) return i;
    }
    return std::nullopt;
  }
  const PipelineCore& client() const { return client_; }
  const LoadShedder& shedder() const { return *shedder_; }

 private:
  struct Caller {
    explicit Caller(const CallOptions& options) : call(options) {}
    PipelineCall call;
    std::uint32_t waiting_for = 0;  // the attempt whose answer it waits for
    bool done = false;
  };
  struct Request {
    Caller* from;
    std::uint32_t attempt;
    Instant admitted;
  };

  void arrive() {
    CallOptions options;
    options.deadline = now_ + options_.deadline;
    options.priority =
        random_.below(1000) < options_.urgent_permille ? std::uint8_t{7} : static_cast<std::uint8_t>(random_.below(7));
    // Those that begin at the very end are not asked for their answer.
    const bool counted = now_ + options_.deadline < Instant{} + options_.length;
    urgent += options.priority == 7 && counted ? 1 : 0;
    callers_.push_back(std::make_unique<Caller>(options));
    Caller& caller = *callers_.back();
    ++second_of(now_).calls;
    client_.begin(caller.call, now_);
    advance(caller);
    const bool before = options_.calls_before > 0 && now_ < Instant{} + Duration{5'000'000};
    const std::int64_t mean = 1'000'000 / (before ? options_.calls_before : options_.calls_per_second);
    timers_.add(now_ + Duration{random_.between(std::int64_t{0}, 2 * mean)}, [this] { arrive(); });
  }

  void advance(Caller& caller) {
    const PipelineStep step = client_.step(caller.call, now_);
    if (step.kind == PipelineStep::Kind::done) return finish(caller);
    if (step.kind == PipelineStep::Kind::wait) {
      timers_.add(step.until, [this, &caller] { advance(caller); });
      return;
    }
    const std::uint32_t attempt = caller.waiting_for = caller.call.attempts();
    ++second_of(now_).sends;
    timers_.add(later(step.until, Duration{1}),
                [this, &caller, attempt] { end(caller, attempt, AttemptEnd::timeout); });
    receive(caller, attempt, step.until);
  }

  void end(Caller& caller, std::uint32_t attempt, AttemptEnd how) {
    if (caller.waiting_for != attempt) return;
    caller.waiting_for = 0;
    client_.attempt_ended(caller.call, {how, true, std::nullopt}, now_);
    advance(caller);
  }

  void finish(Caller& caller) {
    if (std::exchange(caller.done, true)) return;
    const bool good = caller.call.cause() == PipelineCause::answered && now_ <= caller.call.options().deadline;
    second_of(caller.call.began()).good += good ? 1 : 0;
    const bool counted = caller.call.began() + options_.deadline < Instant{} + options_.length;
    urgent_good += good && counted && caller.call.options().priority == 7 ? 1 : 0;
  }

  // --- the server ---
  void receive(Caller& caller, std::uint32_t attempt, Instant deadline) {
    requests_.push_back(std::make_unique<Request>(Request{&caller, attempt, now_}));
    Request* const request = requests_.back().get();
    if (!shedder_) {
      queue_.push_back(request);
      return work();
    }
    const ShedAnswer answer = shedder_->offer({caller.call.options().priority, deadline, request}, now_);
    if (answer.rejection) return refuse(*request);
    if (answer.admitted) queue_.push_back(request);
    settle();
  }
  void refuse(const Request& request) {
    Caller* const caller = request.from;
    const std::uint32_t attempt = request.attempt;
    timers_.add(now_, [this, caller, attempt] { end(*caller, attempt, AttemptEnd::overloaded); });
  }
  void settle() {
    while (const auto event = shedder_->poll(now_)) {
      auto* const request = static_cast<Request*>(event->owner);
      if (event->rejection) {
        refuse(*request);
      } else {
        request->admitted = now_;
        queue_.push_back(request);
      }
    }
    work();
  }
  void work() {
    if (busy_ || queue_.empty()) return;
    const Instant from = Instant{} + options_.stall_from;
    const Instant to = from + options_.stall_for;
    busy_ = true;
    Request* const request = queue_.front();
    queue_.pop_front();
    Instant done = now_ + options_.service;
    if (done > from && now_ < to) done = to + options_.service;
    timers_.add(done, [this, request] {
      busy_ = false;
      end(*request->from, request->attempt, AttemptEnd::success);
      if (shedder_) {
        shedder_->finished(now_, now_ - request->admitted);
        settle();
      }
      work();
    });
  }

  Second& second_of(Instant at) { return seconds[static_cast<std::size_t>(to_us(at) / 1'000'000)]; }

  Options options_;
  Random random_;
  Instant now_{};
  PipelineCore client_;
  std::optional<LoadShedder> shedder_;
  TimerQueue timers_;
  std::vector<std::unique_ptr<Caller>> callers_;
  std::vector<std::unique_ptr<Request>> requests_;
  std::deque<Request*> queue_;
  bool busy_ = false;
};

}  // namespace hawser::model
