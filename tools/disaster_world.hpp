// A small world on virtual time in which services fail: backends with queues, and nodes that call them in an open loop.
//
// The world is a model; what decides in it is shipped: a Caller drives a PipelineCore, a Backend may stand behind a
// LoadShedder. Invariants: a run is a function of its seed; every call that began ends at most once, and exactly once
// when the world runs on; `done` of a job is called at most once, never from inside ask(). Single-threaded.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/timer_queue.hpp>
#include <hawser/resilience/pipeline_core.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace hawser::tools {

class DisasterWorld {
 public:
  explicit DisasterWorld(std::uint64_t seed) : random_(seed) {}
  DisasterWorld(const DisasterWorld&) = delete;
  DisasterWorld& operator=(const DisasterWorld&) = delete;

  Instant now() const noexcept { return now_; }
  Random& random() noexcept { return random_; }
  void at(Instant when, UniqueFunction<void()> what) { timers_.add(std::max(when, now_), std::move(what)); }
  void after(Duration delay, UniqueFunction<void()> what) { timers_.add(later(now_, delay), std::move(what)); }
  // `what` about `per_second` times a second from now until `end`, at random distances.
  void often(std::int64_t per_second, Instant end, std::function<void()> what);
  // `what` every `period` from now until `end`.
  void every(Duration period, Instant end, std::function<void()> what);
  void run_until(Instant end);

 private:
  Instant now_{};
  Random random_;
  TimerQueue timers_;
};

using DisasterDone = std::function<void(const AttemptResult&)>;

struct DisasterJob {
  std::uint8_t priority = 4;
  Instant deadline = never;  // told to a backend that can use it
  bool deep = false;         // goes on to what is behind the backend
  DisasterDone done;
};

// Workers behind a queue. Half a round trip is a quarter of a millisecond.
class DisasterBackend {
 public:
  struct Settings {
    std::uint32_t workers = 8;
    Duration service{10'000};  // the mean; each job takes between half and one and a half of it
    // In front of the workers; without one the queue has no end, and nobody looks at deadlines.
    std::optional<LoadShedderConfig> shedder;
    // Who is asked after our own service, for deep jobs; the worker waits for it.
    std::function<void(const DisasterJob&, DisasterDone)> next;
    // How much slower work is while so many jobs are held, in permille; at least 1000.
    std::function<std::int64_t(std::size_t)> drag;
  };

  DisasterBackend(DisasterWorld& world, Settings settings);

  void ask(DisasterJob job);

  // --- what may happen to it ---
  void slow_down(std::int64_t permille) noexcept { slow_permille_ = permille; }
  // It hears nothing and says nothing, and what it held is lost without a word; until set_silent(false).
  void set_silent(bool silent);
  // Its process is gone: jobs are refused by the machine, those it held are reset; until set_refusing(false).
  void set_refusing(bool refusing);

  std::size_t held() const noexcept { return busy_ + queue_.size() + (shedder_ ? shedder_->waiting() : 0); }
  std::size_t queued() const noexcept { return queue_.size(); }
  std::uint32_t workers() const noexcept { return settings_.workers; }
  std::uint64_t worked() const noexcept { return worked_; }

 private:
  struct Taken {
    DisasterJob job;
    Instant admitted{};
  };

  void arrive(const std::shared_ptr<Taken>& taken);
  void settle();
  void work();
  void finish(const std::shared_ptr<Taken>& taken, const AttemptResult& result);
  void answer(const std::shared_ptr<Taken>& taken, const AttemptResult& result);
  void lose(bool say_so);

  DisasterWorld& world_;
  Settings settings_;
  std::optional<LoadShedder> shedder_;
  std::vector<std::shared_ptr<Taken>> here_;  // all that wait at the shedder, by ticket order
  std::deque<std::shared_ptr<Taken>> queue_;
  std::vector<std::shared_ptr<Taken>> working_;
  std::size_t busy_ = 0;
  std::int64_t slow_permille_ = 1000;
  bool silent_ = false;
  bool refusing_ = false;
  std::uint64_t life_ = 0;
  std::uint64_t worked_ = 0;
};

// A time during which a breaker was open: from its opening until a call was let through as a probe.
struct DisasterOpening {
  Instant from{};
  Instant until = never;  // not yet
};

// One node's way to somewhere: a PipelineCore and its calls under way. What it measures is what a bystander with a
// watch sees, not what the core says of itself.
class DisasterCaller {
 public:
  // Makes one attempt.
  using Operation = std::function<void(const PipelineCall&, DisasterDone)>;
  using Ended = std::function<void(const PipelineCall&)>;

  // `threads` above 0: so many calls run at once, the others wait in line without an end, as a pool is written every
  // day.
  DisasterCaller(DisasterWorld& world, const PipelineConfig& config, std::uint64_t seed, std::size_t threads = 0)
      : world_(world), core_(config, seed, world.now()), threads_(threads) {}

  void call(const CallOptions& options, Operation operation, Ended ended);
  PipelineCore& core() noexcept { return core_; }

  // How long 95 % of the attempts that ended in the last `span` took at most, answered or timed out; zero without any.
  Duration p95(Duration span) const;
  const std::vector<DisasterOpening>& openings() const noexcept { return openings_; }

 private:
  struct Attempt {
    Instant ended{};
    Duration took{0};
  };
  struct Call {
    explicit Call(const CallOptions& options) : call(options) {}
    PipelineCall call;
    Operation operation;
    Ended ended;
    std::uint64_t turn = 0;     // what was planned in an earlier one is void
    std::uint32_t attempt = 0;  // under way; 0: none
    Instant attempt_began{};
    bool over = false;
  };

  void begin(const std::shared_ptr<Call>& call);
  void advance(const std::shared_ptr<Call>& call);
  void attempt_ended(const std::shared_ptr<Call>& call, std::uint32_t attempt, const AttemptResult& result);
  void look_at_breaker();

  DisasterWorld& world_;
  PipelineCore core_;
  std::vector<Attempt> attempts_;
  std::vector<DisasterOpening> openings_;
  std::size_t threads_;
  std::size_t running_ = 0;
  std::deque<std::shared_ptr<Call>> line_;
};

// Several ways to an answer, asked one after the other until one gives it: what a gateway does. A way that refused
// locally costs nothing; going on after a real failure is a retry and needs a token.
class DisasterRoute {
 public:
  struct Way {
    DisasterCaller* caller;
    DisasterCaller::Operation operation;
  };
  // How it ended (of the last way), how many ways were tried before, and why the first one did not do.
  using Ended = std::function<void(const PipelineCall&, std::size_t, PipelineCause)>;

  explicit DisasterRoute(DisasterWorld& world) : world_(world), budget_(RetryBudgetConfig{}, world.now()) {}
  void call(const CallOptions& options, std::vector<Way> ways, Ended ended);

 private:
  void go(const CallOptions& options, const std::shared_ptr<std::vector<Way>>& ways, std::size_t index,
          PipelineCause first, const Ended& ended);

  DisasterWorld& world_;
  RetryBudget budget_;
};

}  // namespace hawser::tools
