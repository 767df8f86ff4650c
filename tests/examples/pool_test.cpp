// The pool example against real store processes: frozen, slowed, killed. It waits for events, with generous bounds.
#include <catch2/catch.hpp>
#include <pool/connection_pool.hpp>
#include <pool/store_process.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace hawser;
using namespace hawser::example;
using namespace std::chrono_literals;

namespace {

struct StoreHouse {
  StoreProcess primary{HAWSER_STORE, false};
  StoreProcess replica{HAWSER_STORE, true};
  PoolSettings settings = [this] {
    PoolSettings it;
    it.primary = primary.port();
    it.replica = replica.port();
    it.breaker.consecutive_failures = 3;
    it.breaker.open_for = 200ms;
    it.breaker.open_max = 500ms;
    it.breaker.ramp_time = 0us;
    it.breaker.slow_limit = 500ms;
    it.timeout.initial = 300ms;
    it.timeout.timeout_max = 2s;
    it.validate_within = 500ms;
    it.deadline = 3s;
    return it;
  }();
  ConnectionPool pool{settings};

  bool by_primary(const PoolAnswer& answer) const {
    return answer.cause == PipelineCause::answered && answer.stage == PipelineStage::operation;
  }
  // Calls until a call ends as wanted; false when half a minute is over.
  template <typename F>
  bool until(F reached) {
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < end) {
      if (reached(pool.get(Partition::orders, "k1"))) return true;
      std::this_thread::yield();
    }
    return false;
  }
  // Reads are answered by the replica, fast, and writes are refused; then, with `heal`, all of it by the primary.
  template <typename F>
  void survive(F heal) {
    REQUIRE(until([](const PoolAnswer& answer) { return answer.cause == PipelineCause::breaker_open; }));
    const PoolAnswer read = pool.get(Partition::reports, "k2");
    CHECK(read.value == "value v2");
    CHECK(read.fallback == FallbackSource::custom);
    CHECK(read.stage == PipelineStage::fallback);
    const PoolAnswer write = pool.set(Partition::orders, "k1", "lost");
    CHECK_FALSE(write.value);
    CHECK(write.fallback == FallbackSource::read_only);
    heal();
    CHECK(until([this](const PoolAnswer& answer) { return by_primary(answer); }));
    CHECK(until([this](const PoolAnswer&) { return pool.calls().breaker == BreakerState::closed; }));
    CHECK(pool.set(Partition::orders, "k3", "kept").value == "ok");
    CHECK(pool.get(Partition::orders, "k3").value == "value kept");
  }
};

}  // namespace

TEST_CASE("pool: a frozen primary is passed over after a few timeouts, and asked again when it thaws") {
  StoreHouse house;
  REQUIRE(house.by_primary(house.pool.get(Partition::orders, "k1")));
  house.primary.freeze();
  house.survive([&] { house.primary.thaw(); });
}

TEST_CASE("pool: a slow primary is passed over like a dead one") {
  StoreHouse house;
  REQUIRE(house.by_primary(house.pool.get(Partition::orders, "k1")));
  house.primary.slow(1500);
  house.survive([&] { house.primary.slow(0); });
}

TEST_CASE("pool: a killed primary is passed over, and new connections are made when it is back") {
  StoreHouse house;
  REQUIRE(house.by_primary(house.pool.get(Partition::orders, "k1")));
  house.primary.kill();
  house.survive([&] { house.primary.start(); });
  CHECK(house.pool.creation().count(PipelineCause::answered) >= 2);
}

TEST_CASE("pool: reports that take all they may leave the orders their connections, and the rest fails fast") {
  StoreHouse house;
  house.settings.timeout.initial = house.settings.timeout.timeout_max = 2s;
  house.settings.breaker.slow_limit = forever;
  house.settings.wait_max = 20ms;
  house.settings.validate_within = 2s;
  ConnectionPool pool{house.settings};
  REQUIRE(pool.get(Partition::orders, "k1").value == "value v1");
  house.primary.slow(400);
  std::atomic<int> refused{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> reports;
  for (int i = 0; i < 12; ++i) {
    reports.emplace_back([&] {
      const PoolAnswer answer = pool.get(Partition::reports, "k2");
      refused += answer.cause == PipelineCause::bulkhead_wait_expired ? 1 : 0;
      answered += answer.cause == PipelineCause::answered ? 1 : 0;
    });
  }
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (pool.calls().bulkhead_in_use < 5 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(pool.calls().bulkhead_in_use >= 5);
  const PoolAnswer order = pool.get(Partition::orders, "k1");
  CHECK(order.cause == PipelineCause::answered);
  for (std::thread& report : reports) report.join();
  // Eight connections, three of them the orders' own.
  CHECK(answered <= 5);
  CHECK(refused >= 7);
}

TEST_CASE("pool: a connection that was idle for long is asked whether it still is one") {
  StoreHouse house;
  house.settings.validate_after = 1us;
  ConnectionPool pool{house.settings};
  REQUIRE(pool.get(Partition::orders, "k1").value == "value v1");
  CHECK(pool.idle() == 1);
  house.primary.kill();
  house.primary.start();
  // The old one is found out before it costs the call anything.
  const PoolAnswer answer = pool.get(Partition::orders, "k1");
  CHECK(answer.cause == PipelineCause::answered);
  CHECK(answer.value == "value v1");
  CHECK(pool.invalid() == 1);
}
