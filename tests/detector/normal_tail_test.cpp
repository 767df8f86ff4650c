#include <hawser/detector/normal_tail.hpp>

#include <catch2/catch.hpp>

#include <cmath>

using hawser::normal_tail_phi;
using hawser::PhiThreshold;

TEST_CASE("up to 8 deviations the tail agrees with erfc") {
  for (double z = -8.0; z < 8.0; z += 0.01) {
    const double truth = -std::log10(0.5 * std::erfc(z / std::sqrt(2.0)));
    REQUIRE(normal_tail_phi(z) == Approx(truth).epsilon(1e-11).margin(1e-14));
  }
}

TEST_CASE("beyond erfc the tail agrees with published values") {
  // Q(10) = 7.6198530241605e-24, Q(20) = 2.7536241186062e-89, Q(38) = 2.8854e-316.
  CHECK(normal_tail_phi(10.0) == Approx(23.11805341).epsilon(1e-8));
  CHECK(normal_tail_phi(20.0) == Approx(88.56009537).epsilon(1e-8));
  CHECK(normal_tail_phi(38.0) == Approx(315.53979).epsilon(1e-6));
  // Between the bounds of Gordon (1941): z/(z^2+1) < Mills < 1/z.
  for (double z : {50.0, 1e3, 1e6, 1e12}) {
    const double base = (0.5 * z * z + 0.918938533204672741780329736406) / std::log(10.0);
    REQUIRE(normal_tail_phi(z) >= Approx(base + std::log10(z)).epsilon(1e-12));
    REQUIRE(normal_tail_phi(z) <= Approx(base + std::log10(z + 1.0 / z)).epsilon(1e-12));
  }
}

TEST_CASE("phi is finite, never negative, and never falls while silence grows, across every seam") {
  double last = 0.0;
  for (int step = -45'000; step < 45'000; ++step) {
    const double phi = normal_tail_phi(step * 1e-3);
    REQUIRE(phi >= last);
    last = phi;
  }
  for (double seam : {-40.0, -3.0, 0.0, 3.0, 6.0}) {
    REQUIRE(normal_tail_phi(seam - 1e-6) <= normal_tail_phi(seam));
    REQUIRE(normal_tail_phi(seam) <= normal_tail_phi(seam + 1e-6));
  }
  CHECK(std::isfinite(normal_tail_phi(1e300)));
  CHECK(normal_tail_phi(-1e300) == 0.0);
}

TEST_CASE("the deviations of the usual thresholds are the published ones") {
  CHECK(PhiThreshold{5}.deviations() == Approx(4.265).margin(5e-4));
  CHECK(PhiThreshold{8}.deviations() == Approx(5.612).margin(5e-4));
  CHECK(PhiThreshold{10}.deviations() == Approx(6.361).margin(5e-4));
  CHECK(PhiThreshold{12}.deviations() == Approx(7.034).margin(5e-4));
}

TEST_CASE("a threshold is reached at its deviations and not before, over the whole allowed range") {
  for (double phi : {0.1, 0.3010299957, 1.0, 2.5, 5.0, 8.0, 16.0, 100.0, 300.0}) {
    const PhiThreshold threshold{phi};
    REQUIRE(threshold.phi() == Approx(phi).margin(1e-6));
    REQUIRE(normal_tail_phi(threshold.deviations()) >= threshold.phi());
    REQUIRE(normal_tail_phi(threshold.deviations() - 1e-9) < threshold.phi());
  }
}

TEST_CASE("the bits of phi are the same on every compiler and at every level of optimisation") {
  // Sums of exact binary digits: a libm or a fused multiply-add on any path would show here.
  double sum = 0.0;
  for (int step = -200; step < 1'000; ++step) sum += normal_tail_phi(step * 0.03125);
  CHECK(sum == 0x1.198631ea118c2p+16);
}
