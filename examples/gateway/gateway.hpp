// An HTTP gateway that answers whatever its backends do.
//
// A request goes to the backends in turn; each has a breaker, an adaptive timeout and a bulkhead of its own. What one
// does not answer another is asked for, if the request may be repeated (GET and HEAD) and the budget of retries allows
// it. In front of it all stands a load shedder: what it turns away is answered 503 with Retry-After, by priority
// (header X-Priority, 0 .. 7). When no backend will do, a GET is answered by what it was answered last, with X-Age, or
// 502. Every answer says in X-Answered-By which stage gave it. REQUIRES: an executor that runs one handler at a time.
#pragma once

#include <hawser/interconnect/zmq/pipeline_timers.hpp>
#include <hawser/resilience/pipeline.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace hawser::example {

struct GatewaySettings {
  std::vector<boost::asio::ip::tcp::endpoint> backends;  // at least one
  boost::asio::ip::tcp::endpoint listen{boost::asio::ip::address_v4::loopback(), 0};
  Duration deadline{5'000'000};       // of a request, over all backends
  Duration answers_kept{60'000'000};  // how old an answer may be that is given again
  std::size_t body_max = 1u << 20;    // of requests and answers
  std::size_t connections_max = 1024;
  BreakerConfig breaker{};
  BulkheadConfig bulkhead{};  // of each backend
  TimeoutConfig timeout{};
  RetryBudgetConfig retries{};
  LoadShedderConfig shedder{};
};

class Gateway {
 public:
  // Listens. Throws std::invalid_argument when the settings contradict each other, boost::system::system_error when
  // the address cannot be had.
  Gateway(boost::asio::any_io_executor executor, const GatewaySettings& settings);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway();

  boost::asio::ip::tcp::endpoint endpoint() const;
  ResilienceSnapshot intake() const;
  ResilienceSnapshot backend(std::size_t index) const;
  // Requests that a second backend was asked for.
  std::uint64_t retried() const noexcept;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace hawser::example
