// The pipeline for coroutines: the same stages, nobody blocked, and a timeout that cancels.
//
//   auto answer = co_await run_async(*pipeline, timers, options, operation, &fallback);
//
// `operation` takes an Attempt and returns awaitable<T> or awaitable<Attempted<T>>. When the attempt's time is over its
// Asio operations are cancelled (terminal), and the attempt ends as timed out once the coroutine has ended: one that
// ignores cancellation is only counted late. Cancelling the caller cancels the attempt or the wait, and the call ends
// as `ignored`. REQUIRES: the coroutine's executor runs one handler at a time (a loop of one thread, or a strand), and
// the timers call on it; the operation, the pipeline and the timers outlive the call. T is default constructible.
#pragma once

#include <hawser/resilience/pipeline.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>

namespace hawser {

// Wakes at an instant of the pipeline's clock. In the simulator a virtual one, else any Asio timer behind it.
class PipelineTimers {
 public:
  // Runs `what` at or soon after `at`, never from inside this call; `never` does not come. The id is not 0.
  virtual std::uint64_t at(Instant at, UniqueFunction<void()> what) = 0;
  // A cancelled timer does not run. Past and unknown ids are ignored.
  virtual void cancel(std::uint64_t id) noexcept = 0;

 protected:
  ~PipelineTimers() = default;
};

namespace pipeline_detail {

// Suspends once and is resumed once, by whichever of several events comes first; all but the first are ignored.
class Doorbell {
 public:
  void ring() {
    if (std::exchange(rung_, true) || !waiting_) return;
    std::exchange(waiting_, {})();
  }
  auto wait() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
        [this](auto handler) {
          const auto executor = boost::asio::get_associated_executor(handler);
          waiting_ = [executor, handler = std::move(handler)]() mutable {
            boost::asio::post(executor, std::move(handler));
          };
          if (rung_) std::exchange(waiting_, {})();
        },
        boost::asio::use_awaitable);
  }

 private:
  bool rung_ = false;
  UniqueFunction<void()> waiting_;
};

template <typename A>
struct Awaited;
template <typename T, typename E>
struct Awaited<boost::asio::awaitable<T, E>> {
  using Return = T;
  using Value = typename Returned<T>::Value;
};
template <typename F>
using AwaitedOf = Awaited<std::invoke_result_t<F&, const Attempt&>>;

// Forwards what cancels the caller for as long as it lives.
class CancelForward {
 public:
  template <typename F>
  CancelForward(const boost::asio::cancellation_slot& slot, F forward) : slot_(slot) {
    if (slot_.is_connected()) slot_.assign(std::move(forward));
  }
  CancelForward(const CancelForward&) = delete;
  CancelForward& operator=(const CancelForward&) = delete;
  ~CancelForward() {
    if (slot_.is_connected()) slot_.clear();
  }

 private:
  boost::asio::cancellation_slot slot_;
};

// One attempt, cancelled at its deadline or with its caller.
template <typename T, typename F>
boost::asio::awaitable<AttemptResult> attempt_async(Pipeline& pipeline, PipelineTimers& timers, PipelineCall& call,
                                                    F& operation, Pipeline::Ended<T>& ended) {
  using Return = typename AwaitedOf<F>::Return;
  const auto executor = co_await boost::asio::this_coro::executor;
  const boost::asio::cancellation_state state = co_await boost::asio::this_coro::cancellation_state;
  const auto cancel = std::make_shared<boost::asio::cancellation_signal>();
  const auto timed_out = std::make_shared<bool>(false);
  const std::uint64_t timer = timers.at(call.attempt_deadline(), [cancel, timed_out] {
    *timed_out = true;
    cancel->emit(boost::asio::cancellation_type::terminal);
  });
  AttemptResult result{AttemptEnd::failure, call.options().idempotent, std::nullopt};
  ended.error = nullptr;
  {
    const CancelForward forward{state.slot(), [cancel](boost::asio::cancellation_type type) { cancel->emit(type); }};
    const Attempt attempt = pipeline.attempt_of(call);
    auto token = boost::asio::as_tuple(boost::asio::bind_cancellation_slot(cancel->slot(), boost::asio::use_awaitable));
    // Named, because g++ 12 destroys such temporaries of a co_await twice.
    boost::asio::awaitable<Return> work = operation(attempt);
    if constexpr (std::is_void_v<Return>) {
      auto [error] = co_await boost::asio::co_spawn(executor, std::move(work), std::move(token));
      ended.error = error;
      if (!error) ended.value.emplace();
    } else {
      auto [error, value] = co_await boost::asio::co_spawn(executor, std::move(work), std::move(token));
      ended.error = error;
      if (!error) {
        Attempted<T> said = Returned<Return>::say(std::move(value));
        ended.value = std::move(said.value);
        result = said.result;
      }
    }
    if constexpr (std::is_void_v<Return>) {
      if (!ended.error) result = {};
    }
  }
  timers.cancel(timer);
  if (ended.error && *timed_out) result.end = AttemptEnd::timeout;
  const boost::asio::cancellation_state after = co_await boost::asio::this_coro::cancellation_state;
  if (ended.error && after.cancelled() != boost::asio::cancellation_type::none) result.end = AttemptEnd::ignored;
  co_return result;
}

// Until woken, until `until`, or until the caller is cancelled.
inline boost::asio::awaitable<void> wait_async(PipelineTimers& timers, std::shared_ptr<Doorbell> bell, Instant until) {
  const boost::asio::cancellation_state state = co_await boost::asio::this_coro::cancellation_state;
  const std::uint64_t timer = timers.at(until, [bell] { bell->ring(); });
  {
    const CancelForward forward{state.slot(), [bell](boost::asio::cancellation_type) { bell->ring(); }};
    co_await bell->wait();
  }
  timers.cancel(timer);
}

}  // namespace pipeline_detail

template <typename F>
using PipelineValueOf = std::conditional_t<std::is_void_v<typename pipeline_detail::AwaitedOf<F>::Return>,
                                           std::monostate, typename pipeline_detail::AwaitedOf<F>::Value>;

template <typename F, typename T = PipelineValueOf<F>>
boost::asio::awaitable<PipelineResult<T>> run_async(Pipeline& pipeline, PipelineTimers& timers, CallOptions options,
                                                    F operation, FallbackHandler<T>* fallback = nullptr) {
  namespace asio = boost::asio;
  const auto executor = co_await asio::this_coro::executor;
  // A cancelled caller is told by the result, not by an exception at the next suspension.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  PipelineCall call{options};
  Pipeline::Ended<T> ended;
  {
    const std::lock_guard lock{pipeline.mutex()};
    pipeline.core().begin(call, pipeline.clock().now());
    if (fallback != nullptr && options.writes && fallback->read_only()) pipeline.core().refuse_write(call);
  }
  for (;;) {
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    const bool gone = state.cancelled() != asio::cancellation_type::none || options.stop.stop_requested();
    std::shared_ptr<pipeline_detail::Doorbell> bell;
    PipelineStep step;
    {
      const std::lock_guard lock{pipeline.mutex()};
      const Instant now = pipeline.clock().now();
      call.wake = {};
      if (gone) pipeline.core().abandon(call, now);
      step = pipeline.core().step(call, now);
      if (step.kind == PipelineStep::Kind::wait) {
        bell = std::make_shared<pipeline_detail::Doorbell>();
        // Other callers may be on other threads; the bell is rung on this one.
        call.wake = [executor, bell] { asio::post(executor, [bell] { bell->ring(); }); };
      }
      pipeline.wake_waiting();
    }
    if (step.kind == PipelineStep::Kind::done) break;
    if (step.kind == PipelineStep::Kind::wait) {
      co_await pipeline_detail::wait_async(timers, bell, step.until);
      continue;
    }
    const AttemptResult result = co_await pipeline_detail::attempt_async<T>(pipeline, timers, call, operation, ended);
    const std::lock_guard lock{pipeline.mutex()};
    pipeline.core().attempt_ended(call, result, pipeline.clock().now());
    pipeline.wake_waiting();
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return pipeline.finish<T>(call, std::move(ended), fallback);
}

}  // namespace hawser
