// WorkExecutor: the executor of a coroutine that handles a request. Whatever runs on it works for that request.
//
// A coroutine comes back from every co_await through its executor, so this is where it is remembered on whose behalf it
// goes on; coroutines that it starts on its own executor (`co_await boost::asio::this_coro::executor`, the awaitable
// operators) belong to the same request. All else is the loop's executor.
#pragma once

#include <hawser/interconnect/delivery.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace hawser::detail {

class WorkExecutor {
 public:
  using Inner = boost::asio::any_io_executor;

  WorkExecutor(Inner inner, std::shared_ptr<const Delivery> work) noexcept
      : inner_(std::move(inner)), work_(std::move(work)) {}

  template <typename F>
  void execute(F&& function) const {
    inner_.execute([work = work_, call = std::decay_t<F>(std::forward<F>(function))]() mutable {
      const WorkingFor scope{*work};
      std::move(call)();
    });
  }

  template <typename Property>
  auto query(const Property& property) const
      -> std::enable_if_t<boost::asio::can_query_v<const Inner&, Property>,
                          decltype(boost::asio::query(std::declval<const Inner&>(), property))> {
    return boost::asio::query(inner_, property);
  }
  template <typename Property>
  auto require(const Property& property) const
      -> std::enable_if_t<boost::asio::can_require_v<const Inner&, Property>, WorkExecutor> {
    return WorkExecutor{boost::asio::require(inner_, property), work_};
  }
  template <typename Property>
  auto prefer(const Property& property) const
      -> std::enable_if_t<boost::asio::can_prefer_v<const Inner&, Property>, WorkExecutor> {
    return WorkExecutor{boost::asio::prefer(inner_, property), work_};
  }

  friend bool operator==(const WorkExecutor& one, const WorkExecutor& other) noexcept {
    return one.work_ == other.work_ && one.inner_ == other.inner_;
  }
  friend bool operator!=(const WorkExecutor& one, const WorkExecutor& other) noexcept { return !(one == other); }

 private:
  Inner inner_;
  std::shared_ptr<const Delivery> work_;
};

}  // namespace hawser::detail
