#include "config_effects.hpp"

#include <catch2/catch.hpp>

using namespace hawser;
using namespace hawser::tools;
using namespace std::chrono_literals;

TEST_CASE("standard deviations of silence for a phi are those of the normal distribution") {
  CHECK(deviations_at(8) == Approx(5.612).margin(0.001));
  CHECK(deviations_at(10) == Approx(6.361).margin(0.001));
  CHECK(deviations_at(12) == Approx(7.034).margin(0.001));
  CHECK(deviations_at(300) < 37.5);
}

TEST_CASE("with the defaults a dead peer goes unnoticed for seven tenths of a second") {
  Config config;
  config.peers = {{"n2", {"127.0.0.1", 7002}}, {"n3", {"127.0.0.1", 7003}}};
  const ConfigEffects effects = effects_of(config);
  CHECK(effects.deviation == 20ms);
  CHECK(effects.unreachable_after > 711ms);
  CHECK(effects.unreachable_after < 713ms);
  CHECK(effects.suspect_after < effects.unreachable_after);
  CHECK(effects.memory_max == 512u << 20);
}

TEST_CASE("delays grow to the cap of a silent peer, which grows with the cluster") {
  Config config;
  config.peers = {{"n2", {"127.0.0.1", 7002}}};
  CHECK(effects_of(config).backoff == std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1s});
  config.peers.resize(100, {"n2", {"127.0.0.1", 7002}});
  CHECK(effects_of(config).silent_cap == 5s);
  CHECK(effects_of(config).dials_per_second == Approx(40));
  config.peers.resize(2000, {"n2", {"127.0.0.1", 7002}});
  CHECK(effects_of(config).silent_cap == 60s);
  config.reconnect.cap = 2s;
  CHECK(effects_of(config).silent_cap == 2s);
}

TEST_CASE("a factor of one never grows, and is no endless loop") {
  Config config;
  config.reconnect.factor_permille = 1000;
  CHECK(effects_of(config).backoff == std::vector<Duration>{100ms});
}
