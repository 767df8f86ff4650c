// Every way in which small clusters can be cut, imposed at once and for good: who serves then is one view of nodes that
// reach each other, nobody removed serves, and all come back when the cuts end.
#include <hawser/interconnect/isolation/derive.hpp>
#include "interconnect/isolation/model/clusters.hpp"
#include "interconnect/isolation/tables.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

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

std::uint32_t pair_bit(std::size_t n, std::size_t a, std::size_t b) {
  if (a > b) std::swap(a, b);
  std::uint32_t bit = 0;
  for (std::size_t i = 0; i < a; ++i) bit += static_cast<std::uint32_t>(n - 1 - i);
  return bit + static_cast<std::uint32_t>(b - a - 1);
}

// One connected graph of links for each shape, whatever its nodes are called.
std::vector<std::uint32_t> connected_shapes(std::size_t n) {
  std::vector<std::uint32_t> shapes;
  std::set<std::uint32_t> seen;
  for (std::uint32_t graph = 0; graph < (1u << n * (n - 1) / 2); ++graph) {
    if (seen.contains(graph) || !test::connected(test::table_of(n, graph))) continue;
    shapes.push_back(graph);
    std::vector<std::size_t> names(n);
    std::iota(names.begin(), names.end(), std::size_t{0});
    do {
      std::uint32_t other = 0;
      for (std::size_t a = 0; a < n; ++a) {
        for (std::size_t b = a + 1; b < n; ++b) {
          if ((graph >> pair_bit(n, a, b) & 1) != 0) other |= 1u << pair_bit(n, names[a], names[b]);
        }
      }
      seen.insert(other);
    } while (std::next_permutation(names.begin(), names.end()));
  }
  return shapes;
}

// Bad links both ways, for good: those who serve then are the derived view, and nobody else.
void serve_in_derived(std::size_t n, std::uint32_t graph) {
  ModelConfig config = model_of(n, Strategy::keep_majority, true, graph + 1);
  config.settings.heartbeat = Duration{100'000};
  config.settings.lease = Duration{800'000};
  config.settings.stable_after = Duration{200'000};
  config.hardship.loss_ppm_max = config.hardship.late_ppm_max = config.hardship.double_ppm_max = 0;
  Model model{config};
  INFO("n " << n << ", links " << graph);
  model.run_until(Duration{3'000'000});
  REQUIRE(model.all_serve_in_one());
  for (std::size_t a = 0; a < n; ++a) {
    for (std::size_t b = 0; b < n; ++b) {
      if (a == b || (graph >> pair_bit(n, a, b) & 1) != 0) continue;
      model.cut(static_cast<Place>(a), static_cast<Place>(b), true);
    }
  }
  model.run_until(Duration{7'000'000});
  MemberSet serving;
  for (std::size_t place = 0; place < n; ++place) {
    if (model.serving(static_cast<Place>(place))) serving.add(static_cast<Place>(place));
  }
  REQUIRE(serving == derive(test::table_of(n, graph), Coterie{config.coterie}));
  REQUIRE(model.result().violation == "");
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

TEST_CASE("survivors: on every connected shape of three to six nodes those serve who can, as derived") {
  std::size_t shapes = 0;
  for (std::size_t n = 3; n <= 6; ++n) {
    for (const std::uint32_t graph : connected_shapes(n)) {
      serve_in_derived(n, graph);
      ++shapes;
    }
  }
  CHECK(shapes == 2 + 6 + 21 + 112);
}
