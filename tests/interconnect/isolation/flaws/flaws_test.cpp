// Each rule broken on purpose, and the promise seen to break under hardship: on a cluster and a seed known to show it.
// rules_test.cpp has the flaws that chance finds too rarely. The hidden case looks for seeds.
#include "interconnect/isolation/flaws/in_force.hpp"
#include "interconnect/isolation/model/clusters.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>

using namespace hawser;
using namespace hawser::model;

namespace {

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

struct Known {
  Flaw flaw;
  Kind kind;
  std::uint64_t seed;
};

const Known known[]{
    {Flaw::promise_forgotten, Kind::hasty_three, 1}, {Flaw::promises_cleared_by_grant, Kind::hasty_three, 2},
    {Flaw::lease_from_reply, Kind::hasty_three, 2},  {Flaw::support_of_any_epoch, Kind::hasty_five, 1},
    {Flaw::epoch_reused, Kind::hasty_three, 1},      {Flaw::told_at_grant, Kind::hasty_three, 2},
    {Flaw::drift_halved, Kind::hasty_three, 13},
};

}  // namespace

TEST_CASE("flaws: what is broken on purpose is noticed under hardship, and only then") {
  for (const Known& each : known) {
    INFO("flaw " << static_cast<int>(each.flaw) << ", seed " << each.seed);
    CHECK(Model{cluster(each.kind, each.seed)}.run().violation == "");
    InForce in_force{each.flaw};
    CHECK(Model{cluster(each.kind, each.seed)}.run().violation != "");
  }
}

TEST_CASE("flaws: hunt for seeds", "[.]") {
  const char* runs_text = std::getenv("HAWSER_MODEL_RUNS");
  const std::uint64_t runs = runs_text == nullptr ? 100 : std::strtoull(runs_text, nullptr, 10);
  const char* only = std::getenv("HAWSER_FLAW");
  for (int flaw = 1; flaw < flaw_count; ++flaw) {
    if (only != nullptr && std::atoi(only) != flaw) continue;
    InForce in_force{static_cast<Flaw>(flaw)};
    for (int kind = 0; kind < kinds; ++kind) {
      for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        Model model{cluster(static_cast<Kind>(kind), seed)};
        const ModelResult result = model.run();
        if (result.violation.empty() && !result.stuck) continue;
        WARN("flaw " << flaw << " kind " << kind << " seed " << seed << ": " << result.violation);
        break;
      }
    }
  }
}
