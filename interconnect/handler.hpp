// From a user's function to what the inbox can start.
//
// A handler takes `T::Reader` or `const Unread<T>&` (plain: runs on the loop, what it is given lives until it returns)
// or `Received<T>` (owns its bytes: coroutines, and handlers on the pool), then optionally `const Delivery&`. It
// returns nothing, or a Message<R> that answers the request; a coroutine returns Task<> or Task<Message<R>>. A handler
// that throws has failed: the sender is told `refused`.
#pragma once

#include <hawser/interconnect/coroutine.hpp>
#include <hawser/interconnect/delivery.hpp>
#include <hawser/interconnect/message.hpp>
#include <hawser/interconnect/outcome.hpp>
#include <hawser/interconnect/work_executor.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace hawser {

// Where a handler runs.
enum class RunOn : std::uint8_t {
  loop,  // default: no hop, and it must not block
  pool,  // a worker thread; takes Received<T>
};

struct HandlerOptions {
  RunOn run_on = RunOn::loop;
};

// How far an asynchronous handler has come: one that waited for a thread says `started`, or else `too_late` and no
// more.
enum class HandlerStage : std::uint8_t { started, too_late, ended };

// What became of one message at its handler. A reply has bytes only where the handler gave one.
struct HandlerEnd {
  bool failed = false;
  Cause cause = Cause::none;
  EncodedMessage reply;
  HandlerStage stage = HandlerStage::ended;
};

// Told when an asynchronous handler is done, from any thread.
using HandlerDone = std::function<void(HandlerEnd)>;

// Asked only by those that need them: the pool's threads start with the first question.
class HandlerExecutors {
 public:
  virtual boost::asio::any_io_executor loop() = 0;
  virtual boost::asio::any_io_executor pool() = 0;

 protected:
  ~HandlerExecutors() = default;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Runs to the end and says how it ended, or starts, returns nothing, and tells `done` later. Never throws.
  virtual std::optional<HandlerEnd> start(const Delivery& delivery, const InboundBytes& bytes,
                                          HandlerExecutors& executors, const HandlerDone& done) = 0;
  virtual bool asynchronous() const noexcept = 0;
  // It has not begun when start() returns: its verdict waits until it says `started` or `too_late`.
  virtual bool begins_later() const noexcept { return false; }
};

namespace detail {

template <typename R>
struct TaskValue {
  static constexpr bool is_task = false;
  using type = R;
};
template <typename R>
struct TaskValue<Task<R>> {
  static constexpr bool is_task = true;
  using type = R;
};

HandlerEnd failed_end(std::exception_ptr error) noexcept;

template <typename R>
HandlerEnd answered_end(const Message<R>& reply) {
  return {false, Cause::none, reply.encode()};
}

template <typename F, typename Argument>
decltype(auto) call(F& function, Argument&& argument, const Delivery& delivery) {
  if constexpr (std::is_invocable_v<F&, Argument, const Delivery&>) {
    return std::invoke(function, std::forward<Argument>(argument), delivery);
  } else {
    return std::invoke(function, std::forward<Argument>(argument));
  }
}

template <typename T, typename F>
inline constexpr bool takes_reader =
    std::is_invocable_v<F&, typename T::Reader, const Delivery&> || std::is_invocable_v<F&, typename T::Reader>;
template <typename T, typename F>
inline constexpr bool takes_received =
    std::is_invocable_v<F&, Received<T>, const Delivery&> || std::is_invocable_v<F&, Received<T>>;

template <typename T, typename F>
inline constexpr bool takes_unread =
    std::is_invocable_v<F&, const Unread<T>&, const Delivery&> || std::is_invocable_v<F&, const Unread<T>&>;

template <typename T, typename F>
class UnreadHandler final : public Handler {
 public:
  explicit UnreadHandler(F function) : function_(std::move(function)) {}

  std::optional<HandlerEnd> start(const Delivery& delivery, const InboundBytes& bytes, HandlerExecutors&,
                                  const HandlerDone&) override {
    const WorkingFor scope{delivery};
    try {
      const Unread<T> message{bytes};
      if constexpr (std::is_void_v<decltype(call(function_, message, delivery))>) {
        call(function_, message, delivery);
        return HandlerEnd{};
      } else {
        return answered_end(call(function_, message, delivery));
      }
    } catch (...) {
      return failed_end(std::current_exception());
    }
  }
  bool asynchronous() const noexcept override { return false; }

 private:
  F function_;
};

template <typename T, typename F>
class PlainHandler final : public Handler {
 public:
  explicit PlainHandler(F function) : function_(std::move(function)) {}

  std::optional<HandlerEnd> start(const Delivery& delivery, const InboundBytes& bytes, HandlerExecutors&,
                                  const HandlerDone&) override {
    const WorkingFor scope{delivery};
    try {
      PayloadReader reader{bytes.payload};
      using R = decltype(call(function_, reader.template root<T>(), delivery));
      if constexpr (std::is_void_v<R>) {
        call(function_, reader.template root<T>(), delivery);
        return HandlerEnd{};
      } else {
        return answered_end(call(function_, reader.template root<T>(), delivery));
      }
    } catch (...) {
      return failed_end(std::current_exception());
    }
  }
  bool asynchronous() const noexcept override { return false; }

 private:
  F function_;
};

// The coroutine owns what it was given; it runs on the loop and may outlive the message's node.
template <typename T, typename F>
class CoroutineHandler final : public Handler {
 public:
  explicit CoroutineHandler(F function) : function_(std::make_shared<F>(std::move(function))) {}

  std::optional<HandlerEnd> start(const Delivery& delivery, const InboundBytes& bytes, HandlerExecutors& executors,
                                  const HandlerDone& done) override {
    const WorkingFor scope{delivery};
    try {
      // Only a request has anything to pass on.
      boost::asio::any_io_executor executor = executors.loop();
      if (delivery.request) executor = WorkExecutor{executor, std::make_shared<const Delivery>(delivery)};
      boost::asio::co_spawn(executor, run(function_, Received<T>{bytes}, delivery, done), [](std::exception_ptr) {});
      return std::nullopt;
    } catch (...) {
      return failed_end(std::current_exception());
    }
  }
  bool asynchronous() const noexcept override { return true; }

 private:
  static Task<> run(std::shared_ptr<F> function, Received<T> message, Delivery delivery, HandlerDone done) {
    HandlerEnd end;
    try {
      using R = typename TaskValue<decltype(call(*function, std::move(message), delivery))>::type;
      auto work = call(*function, std::move(message), delivery);
      if constexpr (std::is_void_v<R>) {
        co_await std::move(work);
      } else {
        R reply = co_await std::move(work);
        end = answered_end(reply);
      }
    } catch (...) {
      end = failed_end(std::current_exception());
    }
    done(std::move(end));
  }

  std::shared_ptr<F> function_;
};

template <typename T, typename F>
class PoolHandler final : public Handler {
 public:
  explicit PoolHandler(F function) : function_(std::make_shared<F>(std::move(function))) {}

  std::optional<HandlerEnd> start(const Delivery& delivery, const InboundBytes& bytes, HandlerExecutors& executors,
                                  const HandlerDone& done) override {
    boost::asio::post(executors.pool(), [function = function_, bytes, delivery, done] {
      const bool gone = delivery.cancelled();
      if (gone || delivery.remaining() <= Duration::zero()) {
        done({false, gone ? Cause::cancelled : Cause::in_inbox, {}, HandlerStage::too_late});
        return;
      }
      done({false, Cause::none, {}, HandlerStage::started});
      const WorkingFor scope{delivery};
      HandlerEnd end;
      try {
        using R = decltype(call(*function, Received<T>{bytes}, delivery));
        if constexpr (std::is_void_v<R>) {
          call(*function, Received<T>{bytes}, delivery);
        } else {
          end = answered_end(call(*function, Received<T>{bytes}, delivery));
        }
      } catch (...) {
        end = failed_end(std::current_exception());
      }
      done(std::move(end));
    });
    return std::nullopt;
  }
  bool asynchronous() const noexcept override { return true; }
  bool begins_later() const noexcept override { return true; }

 private:
  std::shared_ptr<F> function_;
};

}  // namespace detail

template <typename T, typename F>
std::unique_ptr<Handler> make_handler(F function, HandlerOptions options) {
  static_assert(detail::takes_reader<T, F> || detail::takes_received<T, F> || detail::takes_unread<T, F>,
                "a handler takes T::Reader, const Unread<T>& or Received<T>, then optionally const Delivery&");
  if constexpr (detail::takes_reader<T, F>) {
    HAWSER_ASSERT(options.run_on == RunOn::loop,
                  "a handler on the pool takes Received<T>: a Reader ends with the turn");
    return std::make_unique<detail::PlainHandler<T, F>>(std::move(function));
  } else if constexpr (detail::takes_unread<T, F>) {
    HAWSER_ASSERT(options.run_on == RunOn::loop,
                  "a handler on the pool takes Received<T>: an Unread ends with the turn");
    return std::make_unique<detail::UnreadHandler<T, F>>(std::move(function));
  } else if constexpr (detail::TaskValue<decltype(detail::call(std::declval<F&>(), std::declval<Received<T>>(),
                                                               std::declval<const Delivery&>()))>::is_task) {
    return std::make_unique<detail::CoroutineHandler<T, F>>(std::move(function));
  } else {
    HAWSER_ASSERT(options.run_on == RunOn::pool, "a plain handler on the loop takes T::Reader");
    return std::make_unique<detail::PoolHandler<T, F>>(std::move(function));
  }
}

}  // namespace hawser
