#include <hawser/resilience/fallback.hpp>

namespace hawser {

std::string_view to_string(FallbackSource source) noexcept {
  constexpr std::array<std::string_view, fallback_sources> names{"none", "cached", "custom", "default", "read_only"};
  const auto index = static_cast<std::size_t>(source);
  return index < names.size() ? names[index] : "unknown";
}

}  // namespace hawser
