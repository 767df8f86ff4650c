// Every way in which small clusters can be cut, imposed at once and for good: who serves then is one view of nodes that
// reach each other, nobody removed serves, and all come back when the cuts end.
#include "interconnect/isolation/model/clusters.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace hawser::model;

namespace {

void impose(Model& model, std::uint32_t graph, bool whole) {
  std::uint32_t bit = 0;
  for (std::size_t a = 0; a < model.size(); ++a) {
    for (std::size_t b = 0; b < model.size(); ++b) {
      if (a == b) continue;
      model.cut(static_cast<Place>(a), static_cast<Place>(b), !whole && (graph >> bit & 1) != 0);
      ++bit;
    }
  }
}

void survive_graph(std::size_t n, Strategy strategy, std::uint32_t graph) {
  ModelConfig config = model_of(n, strategy, true, graph + 1);
  config.settings.heartbeat = Duration{100'000};
  config.settings.lease = Duration{800'000};
  config.settings.stable_after = Duration{200'000};
  config.hardship.loss_ppm_max = config.hardship.late_ppm_max = config.hardship.double_ppm_max = 0;
  Model model{config};
  INFO("n " << n << ", strategy " << strategy << ", graph " << graph);
  model.run_until(Duration{6'000'000});
  REQUIRE(model.all_serve_in_one());
  impose(model, graph, false);
  model.run_until(Duration{14'000'000});
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = a + 1; b < n; ++b) {
      const auto one = static_cast<Place>(a);
      const auto other = static_cast<Place>(b);
      if (!model.serving(one) || !model.serving(other)) continue;
      REQUIRE(model.reaches(one, other));  // (e)
      REQUIRE(model.isolation(one).view() == model.isolation(other).view());
    }
  }
  impose(model, graph, true);
  model.run_until(Duration{20'000'000});
  REQUIRE(model.result().violation == "");
  REQUIRE(model.all_serve_in_one());
}

const std::initializer_list<Strategy> coteries{Strategy::keep_majority, Strategy::static_quorum, Strategy::keep_oldest,
                                               Strategy::referee};

}  // namespace

TEST_CASE("exhaust: all 64 cuts of three nodes, with every coterie") {
  for (const Strategy strategy : coteries) {
    for (std::uint32_t graph = 0; graph < 64; ++graph) survive_graph(3, strategy, graph);
  }
}

TEST_CASE("exhaust: a slice of the 4096 cuts of four nodes, with every coterie") {
  std::uint32_t first = 0;
  for (const Strategy strategy : coteries) {
    for (std::uint32_t graph = first++; graph < 4096; graph += 97) survive_graph(4, strategy, graph);
  }
}
