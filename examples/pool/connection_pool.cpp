#include "pool/connection_pool.hpp"

#include <algorithm>
#include <utility>

namespace hawser::example {
namespace {

SteadyTime steady(Instant at) { return SteadyTime{std::chrono::microseconds{to_us(at)}}; }

}  // namespace

ConnectionPool::ConnectionPool(const PoolSettings& settings) : settings_(settings) {
  creation_ =
      PipelineBuilder{}.deadline(settings.deadline).breaker(settings.breaker).timeout(settings.timeout).build(clock_);
  BulkheadConfig walls;
  walls.capacity = settings.connections;
  walls.groups = {BulkheadGroup{"orders", 3, 0, 0, 16, settings.wait_max},
                  BulkheadGroup{"reports", 3, 0, 0, 16, settings.wait_max}};
  calls_ = PipelineBuilder{}
               .deadline(settings.deadline)
               .breaker(settings.breaker)
               .bulkhead(walls)
               .timeout(settings.timeout)
               .build(clock_);
}

PoolAnswer ConnectionPool::get(Partition partition, const std::string& key) {
  return run(partition, "get " + key, false);
}

PoolAnswer ConnectionPool::set(Partition partition, const std::string& key, const std::string& value) {
  return run(partition, "set " + key + " " + value, true);
}

std::size_t ConnectionPool::idle() const {
  const std::lock_guard lock{mutex_};
  return idle_.size();
}

std::uint64_t ConnectionPool::invalid() const {
  const std::lock_guard lock{mutex_};
  return invalid_;
}

PoolAnswer ConnectionPool::run(Partition partition, const std::string& line, bool writes) {
  CallOptions options;
  options.group = static_cast<std::uint32_t>(partition);
  options.writes = writes;
  options.idempotent = !writes;
  // Made for this call: what it asks the replica for is in the line.
  FallbackHandler<std::string> fallback{1};
  fallback.custom("replica", [&](const FallbackRequest&) { return ask_replica(line); })
      .refuse_failed_writes("the primary does not answer: reads only");
  const auto result = calls_->run(
      options, [&](const Attempt& attempt) { return ask(line, attempt.deadline); }, fallback);
  return {result.value, result.stage, result.cause, result.fallback, result.took};
}

Attempted<std::string> ConnectionPool::ask(const std::string& line, Instant deadline) {
  const Attempted<std::string> failed{std::nullopt, {AttemptEnd::failure, true, std::nullopt}};
  auto socket = take(deadline);
  if (!socket) return failed;
  if (!socket->send(line, steady(deadline))) return failed;
  auto answer = socket->receive(steady(deadline));
  // A connection whose answer is still to come is of no use to the next one.
  if (!answer) return {std::nullopt, {clock_.now() >= deadline ? AttemptEnd::timeout : AttemptEnd::failure, true, {}}};
  const std::lock_guard lock{mutex_};
  idle_.push_back({std::move(*socket), clock_.now()});
  return {std::move(answer), {}};
}

// The one used last is the one most likely to live. Who has a place in the bulkhead finds a connection or may make one.
std::optional<LineSocket> ConnectionPool::take(Instant deadline) {
  for (;;) {
    std::optional<Idle> found;
    {
      const std::lock_guard lock{mutex_};
      if (idle_.empty()) break;
      found.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
    const Instant now = clock_.now();
    if (now - found->since <= settings_.validate_after) return std::move(found->socket);
    const SteadyTime until = steady(std::min(deadline, now + settings_.validate_within));
    if (found->socket.send("ping", until) && found->socket.receive(until) == "pong") return std::move(found->socket);
    const std::lock_guard lock{mutex_};
    ++invalid_;
  }
  return create(deadline);
}

std::optional<LineSocket> ConnectionPool::create(Instant deadline) {
  CallOptions options;
  options.deadline = deadline;
  std::optional<LineSocket> made;
  creation_->run(options, [&](const Attempt& attempt) -> Attempted<int> {
    const SteadyTime until = steady(std::min(attempt.deadline, clock_.now() + settings_.validate_within));
    auto socket = LineSocket::connect(settings_.primary, until);
    // A frozen process still has connections accepted for it by its kernel: only an answer proves anything.
    if (!socket || !socket->send("ping", until) || socket->receive(until) != "pong") {
      return {std::nullopt, {AttemptEnd::failure, true, std::nullopt}};
    }
    made = std::move(socket);
    return {1, {}};
  });
  return made;
}

std::optional<std::string> ConnectionPool::ask_replica(const std::string& line) {
  const SteadyTime until = std::chrono::steady_clock::now() + std::chrono::microseconds{settings_.validate_within};
  auto socket = LineSocket::connect(settings_.replica, until);
  if (!socket || !socket->send(line, until)) return std::nullopt;
  return socket->receive(until);
}

}  // namespace hawser::example
