#include <hawser/sim/delay.hpp>

#include <hawser/base/assert.hpp>
#include <hawser/base/wide.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace hawser::sim {
namespace {

using Wide = Uint128;
__extension__ typedef __int128 SignedWide;
constexpr std::int64_t one = std::int64_t{1} << 32;
constexpr std::uint64_t ln2_fixed = 2977044472;     // ln 2, 32 fractional bits
constexpr std::uint64_t log2_e_fixed = 6196328019;  // 1 / ln 2, 32 fractional bits

// The integer square root of a 128-bit number, bit by bit.
constexpr std::uint64_t root(Wide x) noexcept {
  std::uint64_t result = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const std::uint64_t candidate = result | std::uint64_t{1} << bit;
    if (Wide{candidate} * candidate <= x) result = candidate;
  }
  return result;
}

// 2^(1/2), 2^(1/4), … with 32 fractional bits.
constexpr std::array<std::uint64_t, 32> roots_of_two = [] {
  std::array<std::uint64_t, 32> roots{};
  std::uint64_t value = std::uint64_t{2} << 32;
  for (auto& each : roots) {
    value = root(Wide{value} << 32);
    each = value;
  }
  return roots;
}();

Duration scaled(Duration unit, std::uint64_t fixed, Duration max) noexcept {
  const Wide product = Wide{static_cast<std::uint64_t>(unit.count())} * fixed >> 32;
  if (product >= static_cast<std::uint64_t>(max.count())) return max;
  return Duration{static_cast<std::int64_t>(product)};
}

// -log2 of a uniform number in (0, 1], 32 fractional bits.
std::uint64_t minus_log2_uniform(Random& random) noexcept {
  const std::uint64_t u = random.next() | 1;
  return static_cast<std::uint64_t>((std::int64_t{64} << 32) - log2_fixed(u));
}

// Standard normal with 32 fractional bits, in (-6, 6): twelve uniforms less six (Irwin and Hall).
std::int64_t normal_fixed(Random& random) noexcept {
  std::int64_t sum = -6 * one;
  for (int i = 0; i < 12; ++i) sum += static_cast<std::int64_t>(random.next() >> 32);
  return sum;
}

}  // namespace

std::int64_t log2_fixed(std::uint64_t x) noexcept {
  const int whole = 63 - std::countl_zero(x);
  std::uint64_t mantissa = x << (63 - whole);  // in [1, 2) with 63 fractional bits
  std::int64_t result = static_cast<std::int64_t>(whole) << 32;
  for (int bit = 31; bit >= 0; --bit) {
    const Wide square = Wide{mantissa} * mantissa;
    if ((square >> 127) != 0) {
      result |= std::int64_t{1} << bit;
      mantissa = static_cast<std::uint64_t>(square >> 64);
    } else {
      mantissa = static_cast<std::uint64_t>(square >> 63);
    }
  }
  return result;
}

std::uint64_t exp2_fixed(std::int64_t x) noexcept {
  const std::int64_t whole = x >> 32;
  if (whole >= 31) return std::numeric_limits<std::uint64_t>::max();
  if (whole < -32) return 0;
  std::uint64_t result = static_cast<std::uint64_t>(one);
  const auto fraction = static_cast<std::uint32_t>(x);
  for (std::size_t bit = 0; bit < roots_of_two.size(); ++bit) {
    if ((fraction >> (31 - bit) & 1U) != 0) result = static_cast<std::uint64_t>(Wide{result} * roots_of_two[bit] >> 32);
  }
  return whole >= 0 ? result << whole : result >> -whole;
}

Delay Delay::constant(Duration delay) noexcept { return uniform(delay, delay); }

Delay Delay::uniform(Duration min, Duration max) noexcept {
  HAWSER_ASSERT(Duration::zero() <= min && min <= max, "a delay is 0 <= min <= max");
  Delay delay;
  delay.shape_ = min == max ? Shape::constant : Shape::uniform;
  delay.min_ = min;
  delay.max_ = max;
  return delay;
}

Delay Delay::exponential(Duration min, Duration mean, Duration max) noexcept {
  Delay delay = uniform(min, max);
  delay.shape_ = Shape::exponential;
  delay.scale_ = mean;
  return delay;
}

Delay Delay::pareto(Duration min, std::uint32_t alpha_permille, Duration max) noexcept {
  HAWSER_ASSERT(alpha_permille > 0, "a Pareto tail needs an exponent above zero");
  Delay delay = uniform(min, max);
  delay.shape_ = Shape::pareto;
  delay.permille_ = alpha_permille;
  return delay;
}

Delay Delay::lognormal(Duration min, Duration median, std::uint32_t sigma_permille, Duration max) noexcept {
  Delay delay = uniform(min, max);
  delay.shape_ = Shape::lognormal;
  delay.scale_ = median;
  delay.permille_ = sigma_permille;
  return delay;
}

Delay Delay::empirical(std::vector<Duration> samples) {
  HAWSER_ASSERT(!samples.empty(), "an empirical delay needs samples");
  const auto [least, most] = std::minmax_element(samples.begin(), samples.end());
  Delay delay = uniform(*least, *most);
  delay.shape_ = Shape::empirical;
  delay.samples_ = std::make_shared<const std::vector<Duration>>(std::move(samples));
  return delay;
}

Duration Delay::draw_tail(Random& random) const {
  switch (shape_) {
    case Shape::constant:
    case Shape::uniform:
      break;
    case Shape::empirical:
      return (*samples_)[random.below(samples_->size())];
    case Shape::exponential: {
      const auto nats = static_cast<std::uint64_t>(Wide{minus_log2_uniform(random)} * ln2_fixed >> 32);
      return std::min(max_, min_ + scaled(scale_, nats, max_));
    }
    case Shape::pareto: {
      const std::uint64_t exponent = minus_log2_uniform(random) * 1000 / permille_;
      const auto capped = static_cast<std::int64_t>(std::min<std::uint64_t>(exponent, std::uint64_t{40} << 32));
      return std::max(min_, scaled(min_, exp2_fixed(capped), max_));
    }
    case Shape::lognormal: {
      const SignedWide nats = SignedWide{normal_fixed(random)} * permille_ / 1000;
      const auto exponent = static_cast<std::int64_t>(nats * SignedWide{log2_e_fixed} / one);
      return std::min(max_, min_ + scaled(scale_, exp2_fixed(exponent), max_));
    }
  }
  return random.between(min_, max_);
}

}  // namespace hawser::sim
