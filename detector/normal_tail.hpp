// The far tail of the normal distribution, in log space: how surprising is a value z deviations above the mean?
//
// phi(z) = -log10 P(Z > z). Exact to about 1e-12 for any z: the series of the error function below 3 deviations, the
// continued fraction of Mills' ratio above (Abramowitz and Stegun 7.1.6 and 26.2.14). Akka's logistic fit is wrong by a
// factor of 1e14 at ten deviations; `-log10(1 - cdf)` is infinite from 8.3. Here it is finite, never negative,
// monotone. Only + - * / and comparisons are used, so every compiler and every level of optimisation computes the same
// bits.
#pragma once

namespace hawser {

double normal_tail_phi(double z) noexcept;

// A threshold on phi with the number of deviations that reach it: z(8) = 5.612, z(10) = 6.361, z(12) = 7.034.
// Computing z costs some microseconds the first time, so keep one of these rather than a double where heartbeats pass.
class PhiThreshold {
 public:
  // REQUIRES: 0.1 <= phi <= 300. Kept to six decimals.
  PhiThreshold(double phi);  // NOLINT: thresholds are written as plain numbers

  double phi() const noexcept { return phi_; }
  double deviations() const noexcept { return deviations_; }

  friend bool operator==(const PhiThreshold&, const PhiThreshold&) = default;

 private:
  double phi_;
  double deviations_;  // the smallest multiple of 2^-32 at which the tail's phi is at least phi_
};

}  // namespace hawser
