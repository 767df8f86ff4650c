// HAWSER_BURN_SEEDS=100:50 plays other seeds in the simulator, HAWSER_BURN_SECONDS=600 burns real sockets that long.
#include "burn.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

using namespace hawser;
using namespace hawser::stories;

namespace {

std::string setting(const char* name, const char* otherwise) {
  const char* const given = std::getenv(name);
  return given == nullptr ? otherwise : given;
}

void print(const Burn& burn) {
  std::cout << burn.messages() << " messages, " << burn.handled() << " handled:";
  const auto outcomes = burn.outcomes();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i] > 0) std::cout << ' ' << to_string(static_cast<OutcomeKind>(i)) << ' ' << outcomes[i];
  }
  std::cout << '\n';
}

}  // namespace

TEST_CASE("burn: everything at once, and every message has its one true end (simulator)", "[burn][simulator]") {
  const std::string seeds = setting("HAWSER_BURN_SEEDS", "1:12");
  const auto colon = seeds.find(':');
  const std::uint64_t first = std::stoull(seeds);
  const std::uint64_t count = colon == std::string::npos ? 1 : std::stoull(seeds.substr(colon + 1));
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO("replay: HAWSER_BURN_SEEDS=" << seed << ":1 stories_tests '[burn][simulator]'");
    const auto pair = simulated_pair(seed);
    Burn burn{*pair, {.seed = seed, .nodes = static_cast<unsigned>(2 + seed % 3), .trouble_max = Duration{1'500'000}}};
    burn.round();
    burn.round();
    CHECK(burn.handled() > 100);
    if (count == 1) print(burn);
  }
}

TEST_CASE("burn: everything at once, and every message has its one true end (sockets)", "[burn][sockets]") {
  const auto seconds = std::chrono::seconds{std::stoll(setting("HAWSER_BURN_SECONDS", "8"))};
  const std::uint64_t seed = std::stoull(setting("HAWSER_BURN_SEED", "1"));
  INFO("HAWSER_BURN_SEED=" << seed);
  const auto pair = socket_pair();
  Burn burn{*pair, {.seed = seed, .lateness = Duration{1'500'000}, .descriptors = true}};
  const Instant end = later(pair->time(), std::chrono::duration_cast<Duration>(seconds));
  do {
    burn.round();
  } while (pair->time() < end);
  CHECK(burn.handled() > 100);
  if (std::getenv("HAWSER_BURN_SECONDS") != nullptr) print(burn);
}
