#include <hawser/detector/normal_tail.hpp>

#include <hawser/base/assert.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace hawser {
namespace {

constexpr double ln_2 = 0.693147180559945309417232121458;
constexpr double ln_10 = 2.30258509299404568401799145468;
constexpr double ln_sqrt_2pi = 0.918938533204672741780329736406;
constexpr double sqrt_2 = 1.41421356237309504880168872421;
constexpr double inverse_sqrt_2pi = 0.398942280401432677939946059934;
// Where the series hands over to the continued fraction: both are good to 1e-13 around here.
constexpr double seam = 3.0;

// REQUIRES: x positive, finite and normal.
double natural_log(double x) noexcept {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  auto exponent = static_cast<int>(bits >> 52) - 1023;
  auto mantissa = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
  if (mantissa > sqrt_2) {
    mantissa *= 0.5;
    ++exponent;
  }
  // ln m = 2 artanh((m - 1) / (m + 1)); the argument is below 0.1716, so 13 terms reach the last bit.
  const double s = (mantissa - 1.0) / (mantissa + 1.0);
  const double square = s * s;
  double sum = 0.0;
  for (int k = 25; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
  return 2.0 * s * sum + exponent * ln_2;
}

// REQUIRES: -700 < x <= 0.
double exponential(double x) noexcept {
  const auto halvings = static_cast<int>(-x / ln_2 + 0.5);
  const double rest = x + halvings * ln_2;  // within half of ln 2 of zero
  double sum = 1.0;
  for (int k = 18; k >= 1; --k) sum = 1.0 + sum * rest / k;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(1023 - halvings) << 52);
}

// P(0 < Z < z) for 0 <= z < seam. All terms are positive, so nothing cancels.
double central_mass(double z) noexcept {
  const double square = z * z;
  double term = z;
  double sum = z;
  for (int k = 1; k < 60; ++k) {
    term *= square / (2 * k + 1);
    sum += term;
  }
  return sum * exponential(-0.5 * square) * inverse_sqrt_2pi;
}

// P(Z > z) / density(z) for z >= seam.
double mills_ratio(double z) noexcept {
  double tail = z;
  for (int k = z < 6.0 ? 150 : 40; k >= 1; --k) tail = z + k / tail;
  return 1.0 / tail;
}

double log_tail(double z) noexcept {  // of z >= seam
  return natural_log(mills_ratio(z)) - 0.5 * z * z - ln_sqrt_2pi;
}

// Bisection in fixed point: the answer is a number of 2^-32ths, the same everywhere.
double deviations_for(double phi) noexcept {
  constexpr double unit = 1.0 / 4294967296.0;
  std::int64_t below = -(std::int64_t{2} << 32);
  std::int64_t reaches = std::int64_t{40} << 32;
  while (reaches - below > 1) {
    const std::int64_t middle = below + (reaches - below) / 2;
    (normal_tail_phi(static_cast<double>(middle) * unit) >= phi ? reaches : below) = middle;
  }
  return static_cast<double>(reaches) * unit;
}

// All peers of a node, and most nodes of a simulation, have the same two thresholds: the last few answers are kept.
double remembered_deviations_for(double phi) noexcept {
  struct Answer {
    double phi = 0.0;
    double deviations = 0.0;
  };
  constexpr std::size_t kept = 4;
  thread_local std::array<Answer, kept> answers;
  thread_local std::size_t oldest = 0;
  for (const Answer& answer : answers) {
    if (answer.phi == phi) return answer.deviations;
  }
  Answer& place = answers[oldest];
  oldest = (oldest + 1) % kept;
  place = {phi, deviations_for(phi)};
  return place.deviations;
}

}  // namespace

double normal_tail_phi(double z) noexcept {
  // Past 1e100 the square would overflow on its way; before it, phi has long lost any meaning but "certain".
  if (z > 1e100) z = 1e100;
  if (z >= seam) return -log_tail(z) / ln_10;
  if (z <= -40.0) return 0.0;
  double tail;
  if (z >= 0.0) {
    tail = 0.5 - central_mass(z);
  } else if (z > -seam) {
    tail = 0.5 + central_mass(-z);
  } else {
    const double log_below = log_tail(-z);
    tail = log_below < -690.0 ? 1.0 : 1.0 - exponential(log_below);
  }
  const double phi = -natural_log(tail) / ln_10;
  return phi > 0.0 ? phi : 0.0;
}

PhiThreshold::PhiThreshold(double phi) : phi_(0.0), deviations_(0.0) {
  HAWSER_ASSERT(phi >= 0.1 && phi <= 300.0, "a phi threshold lies between 0.1 and 300");
  phi_ = static_cast<double>(static_cast<std::int64_t>(phi * 1e6 + 0.5)) / 1e6;
  deviations_ = remembered_deviations_for(phi_);
}

}  // namespace hawser
