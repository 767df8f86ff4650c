// Clusters under random hardship: nobody who was removed serves, and all come back when it is over.
#include "interconnect/isolation/model/clusters.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>

using namespace hawser;
using namespace hawser::model;

namespace {

// HAWSER_MODEL_RUNS: how many seeds of each cluster; HAWSER_MODEL_SEED: the first.
std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void survive(const ModelConfig& base) {
  const std::uint64_t runs = number_from("HAWSER_MODEL_RUNS", 12);
  const std::uint64_t first = number_from("HAWSER_MODEL_SEED", 1);
  std::uint64_t faults = 0;
  std::uint64_t changes = 0;
  std::uint64_t rejoins = 0;
  Duration slowest{0};
  for (std::uint64_t i = 0; i < runs; ++i) {
    ModelConfig config = base;
    config.seed = first + i;
    Model model{config};
    const ModelResult result = model.run();
    INFO("replay: HAWSER_MODEL_RUNS=1 HAWSER_MODEL_SEED=" << config.seed);
    CHECK(result.violation == "");
    CHECK_FALSE(result.stuck);
    CHECK(result.undecided == "");
    CHECK(result.decided > 0);
    faults += result.faults;
    changes += result.stance_changes;
    rejoins += result.rejoins;
    slowest = std::max(slowest, result.recovered_after);
    // (f) Every fault may make every node stop and begin again a few times; a flapping cluster would show here.
    CHECK(result.stance_changes <= 4 * base.coterie.members.size() * (result.faults + 2));
  }
  WARN(runs << " runs, " << faults << " faults, " << changes << " stance changes, " << rejoins
            << " rejoins, slowest recovery " << to_us(slowest) / 1000 << " ms");
}

}  // namespace

TEST_CASE("model: three keep the promise, without and with disks") {
  survive(model_of(3, Strategy::keep_majority, false, 1));
  survive(model_of(3, Strategy::keep_majority, true, 1));
  survive(hasty(model_of(3, Strategy::keep_majority, false, 1)));
}

TEST_CASE("model: five keep the promise, without and with disks") {
  survive(model_of(5, Strategy::keep_majority, false, 1));
  survive(hasty(model_of(5, Strategy::keep_majority, true, 1)));
}

TEST_CASE("model: two and four, where the senior decides") {
  survive(model_of(2, Strategy::keep_majority, true, 1));
  survive(hasty(model_of(2, Strategy::keep_majority, false, 1)));
  survive(hasty(model_of(4, Strategy::keep_majority, true, 1)));
}

TEST_CASE("model: every other coterie") {
  survive(hasty(model_of(4, Strategy::keep_oldest, false, 1)));
  survive(hasty(model_of(5, Strategy::static_quorum, true, 1)));
  survive(hasty(model_of(3, Strategy::referee, true, 1)));
  survive(hasty(model_of(4, Strategy::referee, false, 1)));
  ModelConfig weighted = hasty(model_of(5, Strategy::keep_majority, true, 1));
  weighted.coterie.members[0].weight = 3;
  weighted.coterie.members[3].weight = 2;
  survive(weighted);
  ModelConfig roles = hasty(model_of(5, Strategy::keep_majority, true, 1));
  for (std::size_t i = 0; i < 3; ++i) roles.coterie.members[i].role = "voter";
  roles.coterie.role = "voter";
  survive(roles);
}
