// Each rule broken on purpose, and the promise seen to break: on a cluster and a seed known to show it.
#include "interconnect/isolation/model/clusters.hpp"

#include <hawser/interconnect/isolation/flaw.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>

using namespace hawser;
using namespace hawser::model;

namespace {

struct InForce {
  explicit InForce(Flaw flaw) { flaw_in_force() = flaw; }
  ~InForce() { flaw_in_force() = Flaw::none; }
  InForce(const InForce&) = delete;
  InForce& operator=(const InForce&) = delete;
};

enum class Kind : int { five, five_durable, hasty_three, hasty_five, hasty_five_durable, hasty_four, referee, tight };
constexpr int kinds = 8;

ModelConfig cluster(Kind kind, std::uint64_t seed) {
  switch (kind) {
    case Kind::five:
      return model_of(5, Strategy::keep_majority, false, seed);
    case Kind::five_durable:
      return model_of(5, Strategy::keep_majority, true, seed);
    case Kind::hasty_three:
      return hasty(model_of(3, Strategy::keep_majority, false, seed));
    case Kind::hasty_five:
      return hasty(model_of(5, Strategy::keep_majority, false, seed));
    case Kind::hasty_five_durable:
      return hasty(model_of(5, Strategy::keep_majority, true, seed));
    case Kind::hasty_four:
      return hasty(model_of(4, Strategy::keep_majority, true, seed));
    case Kind::referee:
      return hasty(model_of(3, Strategy::referee, true, seed));
    case Kind::tight: {
      ModelConfig config = hasty(model_of(5, Strategy::keep_majority, true, seed));
      config.settings.drift_ppm = 200'000;
      config.settings.heartbeat = Duration{20'000};
      config.settings.lease = Duration{1'000'000};
      return config;
    }
  }
  return {};
}

}  // namespace

TEST_CASE("hunt", "[.]") {
  const char* runs_text = std::getenv("HAWSER_MODEL_RUNS");
  const std::uint64_t runs = runs_text == nullptr ? 100 : std::strtoull(runs_text, nullptr, 10);
  const char* only = std::getenv("HAWSER_FLAW");
  for (int flaw = 1; flaw < flaw_count; ++flaw) {
    if (only != nullptr && std::atoi(only) != flaw) continue;
    InForce in_force{static_cast<Flaw>(flaw)};
    for (int kind = 0; kind < kinds; ++kind) {
      std::uint64_t hits = 0;
      std::string seeds;
      std::string first;
      for (std::uint64_t seed = 1; seed <= runs && hits < 4; ++seed) {
        Model model{cluster(static_cast<Kind>(kind), seed)};
        const ModelResult result = model.run();
        if (result.violation.empty() && !result.stuck) continue;
        ++hits;
        seeds += ' ' + std::to_string(seed);
        if (first.empty()) first = result.violation.substr(0, 40);
      }
      if (hits != 0) WARN("flaw " << flaw << " kind " << kind << " seeds" << seeds << ": " << first);
    }
  }
}
