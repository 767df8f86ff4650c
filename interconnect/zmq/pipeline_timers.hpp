// Timers for pipeline_async.hpp on real time: one Asio timer behind however many waits.
//
//   StdPipelineClock<std::chrono::steady_clock> clock;
//   AsioPipelineTimers timers{io.get_executor()};
//   auto answer = co_await run_async(*pipeline, timers, options, operation);
//
// Instants are those of StdPipelineClock<std::chrono::steady_clock>. Needs no node and no ZeroMQ: it lives here because
// only this room knows real time. REQUIRES: at() and cancel() are called, and what is due runs, on one executor that
// runs one handler at a time: an io_context of one thread, or a strand. Destroying it drops the waits.
#pragma once

#include <hawser/base/timer_queue.hpp>
#include <hawser/resilience/pipeline_async.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

namespace hawser {

class AsioPipelineTimers final : public PipelineTimers {
 public:
  explicit AsioPipelineTimers(const boost::asio::any_io_executor& executor) : core_(std::make_shared<Core>(executor)) {}
  AsioPipelineTimers(const AsioPipelineTimers&) = delete;
  AsioPipelineTimers& operator=(const AsioPipelineTimers&) = delete;
  ~AsioPipelineTimers() { core_->stop(); }

  std::uint64_t at(Instant at, UniqueFunction<void()> what) override {
    const TimerQueue::Key key = core_->queue.add(at, std::move(what));
    core_->arm();
    return static_cast<std::uint64_t>(key);
  }
  void cancel(std::uint64_t id) noexcept override { core_->queue.cancel(TimerQueue::Key{id}); }
  // How many waits there are.
  std::size_t waiting() const noexcept { return core_->queue.size(); }

 private:
  // Shared with the handler of the Asio timer, which may come after this object has gone.
  struct Core : std::enable_shared_from_this<Core> {
    explicit Core(const boost::asio::any_io_executor& executor) : timer(executor) {}

    static Instant now() {
      return Instant{std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())};
    }
    // Waits for the earliest, unless that is being waited for. A cancelled one may wake it for nothing.
    void arm() {
      const Instant next = queue.next();
      if (next == never || next >= armed_for || running) return;
      armed_for = next;
      // In steps of an hour: what lies far ahead would overflow Asio's clock.
      const Duration left = until(now(), next);
      timer.expires_after(left < Duration{std::chrono::hours{1}} ? left : Duration{std::chrono::hours{1}});
      timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) self->run();
      });
    }
    void run() {
      armed_for = never;
      running = true;
      const Instant due = now();
      while (UniqueFunction<void()> what = queue.pop_due(due)) what();
      running = false;
      arm();
    }
    void stop() {
      queue.clear();
      timer.cancel();
    }

    boost::asio::steady_timer timer;
    TimerQueue queue;
    Instant armed_for = never;
    bool running = false;
  };

  std::shared_ptr<Core> core_;
};

}  // namespace hawser
