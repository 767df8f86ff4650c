#include <hawser/interconnect/config.hpp>

#include <hawser/interconnect/config_checks.hpp>
#include <hawser/interconnect/config_isolation.hpp>

#include <xxhash.h>

#include <cmath>
#include <utility>

namespace hawser {
namespace {

std::vector<std::string> sentences(std::vector<ConfigProblem> found) {
  std::vector<std::string> texts;
  for (ConfigProblem& problem : found) texts.push_back(std::move(problem.sentence));
  return texts;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
  constexpr std::array<std::string_view, 4> names{"debug", "info", "warn", "error"};
  const auto number = static_cast<std::size_t>(level);
  return number < names.size() ? names[number] : "?";
}

std::string_view to_string(LogFormat format) noexcept {
  constexpr std::array<std::string_view, 3> names{"words", "key_values", "json"};
  const auto number = static_cast<std::size_t>(format);
  return number < names.size() ? names[number] : "?";
}

std::vector<std::string> Config::problems() const { return sentences(find_problems(*this)); }
std::vector<std::string> Config::warnings() const { return sentences(find_warnings(*this)); }

std::uint64_t Config::generation_digest() const {
  // One line per value, the drift in parts per million, so that equal settings give equal text on every machine.
  std::string text = "hawser generation 1\ncluster " + cluster + "\nmessage_bytes_max " +
                     std::to_string(bounds.message_bytes_max) + "\nstrategy " + std::string{to_string(strategy)} +
                     "\nclock_drift_ppm " + std::to_string(std::llround(clock_drift * 1e6)) + "\n";
  if (strategy != Strategy::none) {
    std::vector<std::string> unread;
    const CoterieConfig coterie = coterie_of(*this, unread);
    text += "lease_us " + std::to_string(to_us(isolation.lease)) + "\n";
    if (Coterie::problems(coterie).empty()) text += Coterie{coterie}.canonical();
  }
  return XXH3_64bits(text.data(), text.size());
}

ConfigError::ConfigError(std::vector<std::string> problems)
    : StartError(joined(problems)), problems_(std::move(problems)) {}

}  // namespace hawser
