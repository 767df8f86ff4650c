// Prints `scenario seed hash` for a few runs: the lines must be the same for every compiler and optimisation level.
#include "scenarios.hpp"

#include <cinttypes>
#include <cstdio>

int main() {
  for (const auto& scenario : hawser::determinism::scenarios()) {
    for (const std::uint64_t seed : {1u, 2u, 42u}) {
      std::printf("%.*s %" PRIu64 " %016" PRIx64 "\n", static_cast<int>(scenario.name.size()), scenario.name.data(),
                  seed, hawser::determinism::trace_hash(scenario, seed));
      std::fflush(stdout);
    }
  }
}
