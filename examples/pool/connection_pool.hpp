// A pool of connections to a store that keeps its head when the store does not.
//
// Making a connection stands behind a breaker and is validated with a timeout; each partition of callers has its own
// floor of connections, so that reports cannot take those of orders; when all are in use the call is refused after a
// short wait; a call has an adaptive timeout, and the breaker over all calls makes them fail fast. Reads that fail are
// answered by a read replica, with a note that they were; writes are refused as read-only. Thread safe.
#pragma once

#include <hawser/resilience/pipeline.hpp>
#include "pool/line_socket.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace hawser::example {

enum class Partition : std::uint32_t { orders, reports };

struct PoolSettings {
  std::uint16_t primary = 0;
  std::uint16_t replica = 0;
  std::uint32_t connections = 8;       // of which 3 are the orders' own, and 3 the reports'
  Duration wait_max{50'000};           // for a connection when all are in use
  Duration validate_after{1'000'000};  // a connection unused for so long is asked first whether it still is one
  Duration validate_within{100'000};
  BreakerConfig breaker{};
  TimeoutConfig timeout{};
  Duration deadline{1'000'000};
};

struct PoolAnswer {
  std::optional<std::string> value;  // what the store said
  PipelineStage stage = PipelineStage::operation;
  PipelineCause cause = PipelineCause::answered;
  FallbackSource fallback = FallbackSource::none;
  Duration took{0};
};

class ConnectionPool {
 public:
  // Throws std::invalid_argument when the settings contradict each other.
  explicit ConnectionPool(const PoolSettings& settings);

  PoolAnswer get(Partition partition, const std::string& key);
  PoolAnswer set(Partition partition, const std::string& key, const std::string& value);

  ResilienceSnapshot calls() const { return calls_->snapshot(); }
  ResilienceSnapshot creation() const { return creation_->snapshot(); }
  std::size_t idle() const;
  // Connections that failed when they were asked whether they still were one.
  std::uint64_t invalid() const;

 private:
  using Clock = StdPipelineClock<std::chrono::steady_clock>;
  struct Idle {
    LineSocket socket;
    Instant since;
  };

  PoolAnswer run(Partition partition, const std::string& line, bool writes);
  Attempted<std::string> ask(const std::string& line, Instant deadline);
  std::optional<LineSocket> take(Instant deadline);
  std::optional<LineSocket> create(Instant deadline);
  std::optional<std::string> ask_replica(const std::string& line);

  PoolSettings settings_;
  Clock clock_;
  std::unique_ptr<Pipeline> creation_;
  std::unique_ptr<Pipeline> calls_;
  mutable std::mutex mutex_;
  std::vector<Idle> idle_;
  std::uint64_t invalid_ = 0;
};

}  // namespace hawser::example
