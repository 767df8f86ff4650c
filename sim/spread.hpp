// Spread: a distribution of whole numbers (microseconds, bytes) as a scenario says it: a plain, comparable value.
//
// What is drawn is drawn by Delay, whose shapes these are.
#pragma once

#include <hawser/sim/delay.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace hawser::sim {

struct Spread {
  using Shape = Delay::Shape;

  Shape shape = Shape::constant;
  std::int64_t min = 0;        // the value itself for `constant`
  std::int64_t typical = 0;    // mean of `exponential`, median of `lognormal`, beyond min
  std::int64_t max = 0;        // the tail is cut there
  std::uint32_t permille = 0;  // alpha of `pareto`, sigma of `lognormal`
  std::vector<std::int64_t> samples;

  static Spread constant(std::int64_t value) { return {Shape::constant, value, 0, value, 0, {}}; }
  static Spread uniform(std::int64_t min, std::int64_t max) { return {Shape::uniform, min, 0, max, 0, {}}; }

  Delay delay() const;

  friend bool operator==(const Spread&, const Spread&) = default;
};

std::string_view to_string(Spread::Shape shape) noexcept;

}  // namespace hawser::sim
