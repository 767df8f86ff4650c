// How the end of a send reaches its caller: Asio's completion tokens over one type-erased object.
//
// The node holds a Completion for as long as the message is held and finishes it exactly once, at the end of a turn, on
// the loop. From there it goes to the caller's associated executor; without one it runs on the loop.
#pragma once

#include <hawser/base/pooled.hpp>
#include <hawser/interconnect/message.hpp>
#include <hawser/interconnect/outcome.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/prefer.hpp>

#include <memory>
#include <utility>

namespace hawser {

class Completion : public Pooled {
 public:
  Completion() = default;
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  virtual ~Completion() = default;

  // `reply` has an owner only where a request was answered.
  virtual void finish(const Outcome& outcome, InboundBytes reply) = 0;
};

using CompletionPtr = std::unique_ptr<Completion>;

namespace detail {

// Holds the handler and its executor; the executor is told that work is outstanding, so that it does not stop early.
template <typename Handler>
class HandlerCompletion : public Completion {
 public:
  HandlerCompletion(Handler handler, const boost::asio::any_io_executor& loop)
      : executor_(boost::asio::prefer(boost::asio::get_associated_executor(handler, loop),
                                      boost::asio::execution::outstanding_work.tracked)),
        handler_(std::move(handler)) {}

 protected:
  template <typename Value>
  void deliver(Value value) {
    auto executor = std::move(executor_);
    boost::asio::dispatch(executor, [handler = std::move(handler_), value = std::move(value)]() mutable {
      std::move(handler)(std::move(value));
    });
  }

 private:
  using Executor = std::decay_t<decltype(boost::asio::prefer(
      boost::asio::get_associated_executor(std::declval<const Handler&>(),
                                           std::declval<const boost::asio::any_io_executor&>()),
      boost::asio::execution::outstanding_work.tracked))>;
  Executor executor_;
  Handler handler_;
};

template <typename Handler>
class OutcomeCompletion final : public HandlerCompletion<Handler> {
 public:
  using HandlerCompletion<Handler>::HandlerCompletion;
  void finish(const Outcome& outcome, InboundBytes) override { this->deliver(outcome); }
};

template <typename T, typename Handler>
class ReplyCompletion final : public HandlerCompletion<Handler> {
 public:
  using HandlerCompletion<Handler>::HandlerCompletion;
  void finish(const Outcome& outcome, InboundBytes reply) override { this->deliver(read(outcome, std::move(reply))); }

 private:
  static Result<Received<T>> read(const Outcome& outcome, InboundBytes reply) {
    if (!outcome.delivered()) return outcome;
    if (!PayloadReader::plausible(reply.payload)) return malformed();
    try {
      return Received<T>{std::move(reply)};
    } catch (const kj::Exception&) {
      return malformed();
    }
  }
  // The request was handled; only its answer cannot be read.
  static Outcome malformed() { return {OutcomeKind::refused, Cause::malformed, std::nullopt}; }
};

}  // namespace detail

template <typename Handler>
CompletionPtr make_outcome_completion(Handler handler, const boost::asio::any_io_executor& loop) {
  return std::make_unique<detail::OutcomeCompletion<Handler>>(std::move(handler), loop);
}

template <typename T, typename Handler>
CompletionPtr make_reply_completion(Handler handler, const boost::asio::any_io_executor& loop) {
  return std::make_unique<detail::ReplyCompletion<T, Handler>>(std::move(handler), loop);
}

}  // namespace hawser
