#include <hawser/base/short_lock.hpp>

#include <catch2/catch.hpp>

#include <mutex>
#include <thread>
#include <vector>

using hawser::ShortLock;

TEST_CASE("short lock: who holds it is alone") {
  ShortLock lock;
  REQUIRE(lock.try_lock());
  CHECK_FALSE(lock.try_lock());
  lock.unlock();
  REQUIRE(lock.try_lock());
  lock.unlock();
}

TEST_CASE("short lock: many threads lose no count, whether they sleep for it or not") {
  constexpr int threads = 6;
  constexpr int rounds = 20'000;
  ShortLock lock;
  long count = 0;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < rounds; ++i) {
        const std::lock_guard held{lock};
        const long seen = count;
        if (i % 500 == 0) std::this_thread::yield();  // long enough for the others to go to sleep
        count = seen + 1;
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  CHECK(count == long{threads} * rounds);
}
