#include "resilience/metastability_model.hpp"
#include "resilience/metastable_clients.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace hawser;
using hawser::model::default_client;
using hawser::model::Model;
using hawser::model::naive_client;
using hawser::model::Options;

namespace {

Options stalled(std::uint64_t seed) {
  Options options;
  options.stall_for = 10s;
  options.length = 120s;
  options.seed = seed;
  return options;
}

}  // namespace

TEST_CASE("after a stall of ten seconds at 80 % load, naive retries never let the server recover") {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    Options options = stalled(seed);
    options.client = naive_client();
    const Model model{options};
    CHECK(model.sum(0, 19).good * 100 >= model.sum(0, 19).calls * 95);
    CHECK_FALSE(model.recovered(30));
    const auto late = model.sum(90, 115);
    CHECK(late.good * 10 < late.calls);
    CHECK(late.sends > late.calls * 3);
  }
}

TEST_CASE("the defaults recover within 15 s of the stall's end, at no more than 1.1 times the load") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Options options = stalled(seed);
    options.client = default_client();
    options.server.emplace();
    const Model model{options};
    const auto recovered = model.recovered(30);
    INFO("seed " << seed << ", recovered at second " << recovered.value_or(0));
    REQUIRE(recovered);
    CHECK(*recovered <= 45);
    CHECK(model.sum(*recovered, 115).good * 100 >= model.sum(*recovered, 115).calls * 99);
    const auto all = model.sum(0, 119);
    CHECK(all.sends * 10 <= all.calls * 11);
    const auto crisis = model.sum(20, 46);
    CHECK(crisis.sends * 10 <= crisis.calls * 11);
  }
}

TEST_CASE("from half to ten times what it can do, goodput stays and the urgent get through") {
  double peak = 0;
  double last = 0;
  for (const std::int64_t rate : {50, 80, 100, 150, 200, 300, 500, 1000}) {
    Options options;
    options.calls_before = 50;
    options.calls_per_second = rate;
    options.length = 40s;
    options.deadline = 1s;
    options.urgent_permille = 50;
    options.client = default_client();
    options.server.emplace();
    const Model model{options};
    last = static_cast<double>(model.sum(6, 38).good) / 32;
    peak = std::max(peak, last);
    INFO("at " << rate << "/s: goodput " << last << "/s, urgent " << model.urgent_good << " of " << model.urgent);
    CHECK(model.urgent_good * 100 > model.urgent * 99);
    CHECK(last >= 0.9 * std::min(peak, static_cast<double>(rate)));
  }
  CHECK(last >= 0.9 * peak);
  CHECK(peak > 90);
}
