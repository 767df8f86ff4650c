#include <hawser/base/random.hpp>
#include <hawser/base/ring.hpp>

#include <catch2/catch.hpp>

#include <deque>
#include <memory>
#include <string>

TEST_CASE("a ring behaves like a deque, whatever the order of operations") {
  hawser::Random random{7};
  hawser::Ring<std::uint64_t> ring;
  std::deque<std::uint64_t> model;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t dice = random.below(100);
    if (dice < 52) {
      const std::uint64_t value = random.next();
      ring.push_back(value);
      model.push_back(value);
    } else if (dice < 95 && !model.empty()) {
      REQUIRE(ring.take_front() == model.front());
      model.pop_front();
    } else if (dice < 99 && !model.empty()) {
      ring.pop_back();
      model.pop_back();
    } else if (dice == 99 && random.below(50) == 0) {
      ring.clear();
      model.clear();
    }
    REQUIRE(ring.size() == model.size());
    REQUIRE(ring.empty() == model.empty());
    if (!model.empty()) {
      const std::size_t place = random.below(model.size());
      REQUIRE(ring[place] == model[place]);
      REQUIRE(ring.front() == model.front());
      REQUIRE(ring.back() == model.back());
    }
  }
}

TEST_CASE("a ring in steady state never grows") {
  hawser::Ring<int> ring;
  for (int i = 0; i < 5; ++i) ring.push_back(i);
  const std::size_t capacity = ring.capacity();
  for (int i = 5; i < 10'000; ++i) {
    ring.push_back(i);
    REQUIRE(ring.take_front() == i - 5);
  }
  CHECK(ring.capacity() == capacity);
}

TEST_CASE("a ring owns move-only elements and destroys each exactly once") {
  auto counter = std::make_shared<int>(0);
  {
    hawser::Ring<std::unique_ptr<std::shared_ptr<int>>> ring;
    for (int i = 0; i < 100; ++i) ring.push_back(std::make_unique<std::shared_ptr<int>>(counter));
    REQUIRE(counter.use_count() == 101);
    for (int i = 0; i < 30; ++i) ring.pop_front();
    REQUIRE(counter.use_count() == 71);
    hawser::Ring<std::unique_ptr<std::shared_ptr<int>>> other = std::move(ring);
    REQUIRE(ring.empty());  // NOLINT: a moved-from ring is empty and usable
    ring.push_back(std::make_unique<std::shared_ptr<int>>(counter));
    REQUIRE(counter.use_count() == 72);
    ring = std::move(other);
    REQUIRE(counter.use_count() == 71);
  }
  CHECK(counter.use_count() == 1);
}

TEST_CASE("an element of the ring may be pushed into the same ring while it grows") {
  hawser::Ring<std::string> ring;
  ring.push_back("a string too long for the small buffer of the library");
  while (ring.size() < 64) ring.emplace_back(ring.front());
  for (std::size_t i = 0; i < ring.size(); ++i) REQUIRE(ring[i] == ring.front());
}
