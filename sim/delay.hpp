// How long a segment is under way: a distribution in whole microseconds, drawn from the seeded generator.
//
// The shapes with a tail use fixed-point logarithms of our own, since those of the C library differ between systems in
// their last bits. A tail is cut at `max`.
#pragma once

#include <hawser/base/random.hpp>
#include <hawser/base/time.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace hawser::sim {

class Delay {
 public:
  enum class Shape : std::uint8_t { constant, uniform, exponential, pareto, lognormal, empirical };

  constexpr Delay() = default;
  static Delay constant(Duration delay) noexcept;
  static Delay uniform(Duration min, Duration max) noexcept;
  // min + an exponential with this mean.
  static Delay exponential(Duration min, Duration mean, Duration max) noexcept;
  // Pareto: never below min, P(delay > x) = (min / x)^(alpha). REQUIRES: alpha_permille > 0.
  static Delay pareto(Duration min, std::uint32_t alpha_permille, Duration max) noexcept;
  // min + exp(N(ln median, sigma)); the normal is the sum of twelve uniforms.
  static Delay lognormal(Duration min, Duration median, std::uint32_t sigma_permille, Duration max) noexcept;
  // One of these, each as likely. REQUIRES: not empty.
  static Delay empirical(std::vector<Duration> samples);

  Duration draw(Random& random) const {
    if (shape_ == Shape::constant) return min_;
    if (shape_ == Shape::uniform) return random.between(min_, max_);
    return draw_tail(random);
  }
  Duration min() const noexcept { return min_; }
  Duration max() const noexcept { return max_; }

 private:
  Duration draw_tail(Random& random) const;

  Shape shape_ = Shape::constant;
  std::uint32_t permille_ = 0;
  Duration min_{0};
  Duration max_{0};
  Duration scale_{0};
  std::shared_ptr<const std::vector<Duration>> samples_;
};

// log2(x) and 2^x with 32 fractional bits, by repeated squaring and by products of roots. REQUIRES: x > 0 for
// log2_fixed.
std::int64_t log2_fixed(std::uint64_t x) noexcept;
// Saturates at the largest value; zero below 2^-32.
std::uint64_t exp2_fixed(std::int64_t x) noexcept;

}  // namespace hawser::sim
