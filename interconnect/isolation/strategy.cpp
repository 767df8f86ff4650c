#include <hawser/interconnect/isolation/strategy.hpp>

#include <array>
#include <cstddef>
#include <ostream>

namespace hawser {
namespace {

constexpr std::array<std::string_view, strategy_count> strategy_names{"none",        "keep_majority", "static_quorum",
                                                                      "keep_oldest", "referee",       "arbiter"};

}  // namespace

std::string_view to_string(Strategy strategy) noexcept {
  const auto number = static_cast<std::size_t>(strategy);
  return number < strategy_names.size() ? strategy_names[number] : "?";
}

std::ostream& operator<<(std::ostream& out, Strategy strategy) { return out << to_string(strategy); }

std::optional<Strategy> strategy_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < strategy_names.size(); ++i) {
    if (strategy_names[i] == name) return static_cast<Strategy>(i);
  }
  return std::nullopt;
}

}  // namespace hawser
