#include <hawser/sim/delay.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace hawser;
using namespace hawser::sim;

namespace {

std::vector<std::int64_t> draws(const Delay& delay, std::size_t count) {
  Random random{5};
  std::vector<std::int64_t> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(delay.draw(random).count());
  std::sort(all.begin(), all.end());
  return all;
}

std::int64_t mean(const std::vector<std::int64_t>& all) {
  std::int64_t sum = 0;
  for (const std::int64_t each : all) sum += each;
  return sum / static_cast<std::int64_t>(all.size());
}

}  // namespace

TEST_CASE("fixed-point logarithm and power agree with the C library and with each other") {
  for (const std::uint64_t x : {1ULL, 2ULL, 3ULL, 1000ULL, 123456789ULL, ~0ULL}) {
    CHECK(static_cast<double>(log2_fixed(x)) / 4294967296.0 == Approx(std::log2(static_cast<double>(x))).margin(1e-8));
  }
  for (const double x : {-20.5, -1.0, -0.3, 0.0, 0.5, 1.0, 7.25, 30.9}) {
    const auto fixed = static_cast<std::int64_t>(x * 4294967296.0);
    CHECK(static_cast<double>(exp2_fixed(fixed)) / 4294967296.0 == Approx(std::exp2(x)).epsilon(1e-6).margin(1e-9));
  }
  CHECK(exp2_fixed(std::int64_t{40} << 32) == ~std::uint64_t{0});
  CHECK(exp2_fixed(-(std::int64_t{40} << 32)) == 0);
}

TEST_CASE("uniform delays fill their range, constant ones are constant") {
  const auto uniform = draws(Delay::uniform(Duration{200}, Duration{400}), 20'000);
  CHECK(uniform.front() == 200);
  CHECK(uniform.back() == 400);
  CHECK(std::abs(mean(uniform) - 300) <= 2);
  const auto constant = draws(Delay::constant(Duration{7}), 10);
  CHECK(constant.front() == 7);
  CHECK(constant.back() == 7);
}

TEST_CASE("tails have the median that their distribution has, and end at max") {
  const auto exponential = draws(Delay::exponential(Duration{100}, Duration{1'000}, Duration{5'000}), 20'000);
  CHECK(exponential.front() >= 100);
  CHECK(exponential.back() == 5'000);
  CHECK(std::abs(exponential[10'000] - (100 + 693)) < 30);  // ln 2 of the mean

  const auto pareto = draws(Delay::pareto(Duration{1'000}, 1'000, Duration{100'000}), 20'000);
  CHECK(pareto.front() >= 1'000);
  CHECK(pareto.back() == 100'000);
  CHECK(std::abs(pareto[10'000] - 2'000) < 60);
  CHECK(std::abs(pareto[18'000] - 10'000) < 600);  // nine in ten below ten times the least

  const auto lognormal = draws(Delay::lognormal(Duration{0}, Duration{1'000}, 500, Duration{50'000}), 20'000);
  CHECK(std::abs(lognormal[10'000] - 1'000) < 30);
  CHECK(std::abs(lognormal[16'827] - 1'607) < 80);  // one sigma: e^0.5 below 0.8413
}

TEST_CASE("an empirical delay is one of its samples") {
  const auto empirical = draws(Delay::empirical({Duration{5}, Duration{90}, Duration{7}}), 1'000);
  CHECK(empirical.front() == 5);
  CHECK(empirical.back() == 90);
  CHECK(std::count(empirical.begin(), empirical.end(), 7) > 200);
}
