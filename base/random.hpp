// One seeded generator for everything random: xoshiro256** (Blackman and Vigna, 2018), seeded through splitmix64.
//
// The distributions are our own because those of the standard library differ between implementations, and a simulation
// must give the same trace everywhere. Not for keys or anything secret. Not thread safe: each owner has its own.
#pragma once

#include <hawser/base/time.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace hawser {

class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept {
    for (auto& word : state_) word = splitmix(seed);
  }

  constexpr std::uint64_t next() noexcept {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound), without bias (Lemire, 2019). REQUIRES: bound > 0.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    __extension__ using Wide = unsigned __int128;
    Wide product = Wide{next()} * bound;
    if (static_cast<std::uint64_t>(product) < bound) {
      const std::uint64_t threshold = (0 - bound) % bound;
      while (static_cast<std::uint64_t>(product) < threshold) product = Wide{next()} * bound;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

  // Uniform in [low, high], both ends included. REQUIRES: low <= high.
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
    const auto span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    if (span == ~std::uint64_t{0}) return static_cast<std::int64_t>(next());
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + below(span + 1));
  }
  constexpr Duration between(Duration low, Duration high) noexcept {
    return Duration{between(low.count(), high.count())};
  }

  // True with probability millionths / 1 000 000.
  constexpr bool chance(std::uint32_t millionths) noexcept { return below(1'000'000) < millionths; }

  // A generator of its own, so that one consumer's draws do not shift another's.
  constexpr Random fork() noexcept { return Random{next()}; }

 private:
  static constexpr std::uint64_t splitmix(std::uint64_t& x) noexcept {
    x += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = x;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace hawser
