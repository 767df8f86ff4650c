#include <hawser/base/random.hpp>
#include <hawser/detector/phi_accrual.hpp>

#include <catch2/catch.hpp>

#include <cmath>

using namespace std::chrono_literals;
using hawser::Duration;
using hawser::Instant;
using hawser::instant_from_us;
using hawser::PhiAccrualDetector;
using hawser::PhiConfig;

namespace {

constexpr Instant start = instant_from_us(1'000'000);

// A link whose replies come every interval, give or take a uniform jitter.
struct Link {
  PhiAccrualDetector detector;
  Instant now = start;
  hawser::Random random;

  explicit Link(std::uint64_t seed, const PhiConfig& config = {}) : detector(config, start), random(seed) {}
  void beat(int times, Duration jitter) {
    for (int i = 0; i < times; ++i) {
      now += detector.config().interval + random.between(-jitter, jitter);
      detector.heartbeat(now);
    }
  }
};

}  // namespace

TEST_CASE("silence is detected at mean + pause + z(threshold) x deviation, to the microsecond") {
  Link link{1};
  link.beat(600, 0ms);
  // The floor of the deviation is 10 % of the interval: 20 ms.
  CHECK(link.detector.deviation() == 20ms);
  CHECK(link.detector.suspect_at(8.0) - link.now == Duration{200'000 + 400'000 + 112'241});
  CHECK(link.detector.suspect_at(10.0) - link.now == Duration{200'000 + 400'000 + 127'227});
  CHECK(link.detector.suspect_at(12.0) - link.now == Duration{200'000 + 400'000 + 140'690});
}

TEST_CASE("a peer that never answers is suspected on the configured interval alone") {
  const PhiAccrualDetector detector{{}, start};
  CHECK(detector.phi(start + 600ms) < 1.0);
  CHECK(detector.suspect_at(8.0) > start + 800ms);
  CHECK(detector.suspect_at(8.0) < start + 1s);
}

TEST_CASE("suspect_at is the inverse of phi: at that microsecond it is reached, one before it is not") {
  const double threshold = GENERATE(0.5, 1.0, 2.0, 2.6, 3.0, 5.0, 8.0, 12.0, 40.0, 300.0);
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Link link{seed, {.window = 200 + seed * 20}};
    link.beat(static_cast<int>(seed * 30), Duration{static_cast<std::int64_t>(seed) * 5'000});
    const Instant at = link.detector.suspect_at(threshold);
    REQUIRE(link.detector.phi(at) >= threshold);
    REQUIRE(link.detector.phi(at - 1us) < threshold);
  }
}

TEST_CASE("phi is finite, never negative and never falls while the silence grows from nothing to the end of time") {
  Link link{4};
  link.beat(300, 60ms);
  double last = 0.0;
  for (Duration silence = 0us; silence < 5s; silence += 137us) {
    const double phi = link.detector.phi(link.now + silence);
    REQUIRE(phi >= last);
    REQUIRE(link.detector.phi_empirical(link.now + silence) <= phi);
    last = phi;
  }
  CHECK(last > 100.0);
  CHECK(std::isfinite(link.detector.phi(hawser::never)));
  CHECK(link.detector.phi(hawser::never) > last);
  CHECK(link.detector.phi(link.now - 1s) == 0.0);
  const PhiAccrualDetector early{{}, Instant::min()};
  CHECK(std::isfinite(early.phi(hawser::never)));
}

TEST_CASE("within the acceptable pause phi is zero") {
  Link link{5};
  link.beat(100, 10ms);
  CHECK(link.detector.phi(link.now + 400ms) == 0.0);
  CHECK(link.detector.phi(link.now + 1s) > 0.0);
}

TEST_CASE("an outage does not enter the window: after a heal, detection is as fast as before") {
  Link link{6};
  link.beat(500, 5ms);
  const Duration before = link.detector.silence_until(8.0);
  link.now += 30s;
  link.detector.outage_over(link.now);
  CHECK(link.detector.phi(link.now) == 0.0);
  link.now += 90ms;
  link.detector.heartbeat(link.now);
  CHECK(link.detector.silence_until(8.0) == before);
  CHECK(link.detector.outages() == 1);

  Link poisoned{6};
  poisoned.beat(500, 5ms);
  poisoned.now += 30s;
  poisoned.detector.heartbeat(poisoned.now);
  CHECK(poisoned.detector.silence_until(8.0) > 5s);
}

TEST_CASE("long gaps that end by themselves are recorded, whatever their phi was") {
  Link link{7};
  link.beat(500, 5ms);
  const Duration before = link.detector.silence_until(8.0);
  link.now = link.detector.suspect_at(5.0) + 1ms;
  link.detector.heartbeat(link.now);
  CHECK(link.detector.silence_until(8.0) > before);
}

TEST_CASE("a few very long gaps do not slow a low threshold down, and its promised mistakes are still kept") {
  hawser::Random random{8};
  PhiAccrualDetector detector{{.acceptable_pause = 0ms, .window = 1000}, start};
  Instant now = start;
  int mistakes = 0;
  int gaps = 0;
  for (int i = 0; i < 40'000; ++i) {
    const Duration gap =
        random.chance(996'000) ? random.between(Duration{180'000}, Duration{220'000}) : Duration{10'000'000};
    if (i > 2'000) {
      ++gaps;
      mistakes += now + gap > detector.suspect_at(2.0) ? 1 : 0;
    }
    now += gap;
    detector.heartbeat(now);
  }
  // The Gaussian alone would wait for mean + 2.3 x deviation, over 1.5 s.
  CHECK(detector.deviation() > 500ms);
  CHECK(detector.silence_until(2.0) < 225ms);
  CHECK(mistakes < gaps / 100 * 13 / 10);
  CHECK(mistakes > gaps / 100 / 2);
}

TEST_CASE("a stall of our own is no silence of the peer's, and not a sample either") {
  Link link{9};
  link.beat(500, 5ms);
  const Instant before = link.detector.suspect_at(8.0);
  const Duration learned = link.detector.silence_until(8.0);
  link.detector.excuse(3s);
  CHECK(link.detector.suspect_at(8.0) == before + 3s);
  CHECK(link.detector.phi(link.now + 3s + 300ms) == 0.0);
  link.now += 3s + 100ms;
  link.detector.heartbeat(link.now);
  CHECK(link.detector.silence_until(8.0) == learned);
  link.detector.excuse(-1s);
  CHECK(link.detector.last_heard() == link.now);
}

TEST_CASE("a clock that stands still or runs backwards breaks nothing") {
  PhiAccrualDetector detector{{}, start};
  for (int i = 0; i < 100; ++i) detector.heartbeat(start);
  detector.heartbeat(start - 5s);
  CHECK(detector.last_heard() == start);
  CHECK(detector.phi(start) == 0.0);
  detector.excuse(hawser::forever);
  CHECK(detector.suspect_at(8.0) == hawser::never);
}
