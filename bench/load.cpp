#include "load.hpp"

#include <charconv>
#include <cstdio>
#include <string_view>
#include <utility>

namespace hawser::bench {
namespace {

// Every field of a load under the name it has on the command line.
template <typename L, typename Visit>
void for_each_field(L& load, Visit visit) {
  visit("work", load.work);
  visit("side", load.side);
  visit("bytes", load.bytes);
  visit("open", load.open);
  visit("rate", load.rate);
  visit("warm-up-ms", load.warm_up_ms);
  visit("measured-ms", load.measured_ms);
  visit("cpu", load.cpu);
  visit("backoff-us", load.backoff_us);
  visit("sender-port", load.sender_port);
  visit("receiver-port", load.receiver_port);
  visit("sender-admin", load.sender_admin);
  visit("receiver-admin", load.receiver_admin);
}

}  // namespace

std::vector<std::string> to_words(const Load& load) {
  std::vector<std::string> words;
  for_each_field(load, [&](const char* name, auto value) {
    words.push_back(std::string{name} + '=' + std::to_string(static_cast<std::int64_t>(value)));
  });
  return words;
}

std::optional<Load> load_from_words(const std::vector<std::string>& words) {
  Load load;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return std::nullopt;
    const std::string_view name{word.data(), equals};
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data() + equals + 1, word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    bool found = false;
    for_each_field(load, [&](std::string_view field, auto& value) {
      if (field != name) return;
      value = static_cast<std::remove_reference_t<decltype(value)>>(number);
      found = true;
    });
    if (!found) return std::nullopt;
  }
  return load;
}

std::string to_line(const Figures& figures) {
  char line[256];
  std::snprintf(line, sizeof line, "figures %llu %llu %.9f %.9f %.3f %.3f",
                static_cast<unsigned long long>(figures.accepted), static_cast<unsigned long long>(figures.delivered),
                figures.seconds, figures.cpu_seconds, figures.p50_us, figures.p99_us);
  return line;
}

std::optional<Figures> figures_from_line(const std::string& line) {
  Figures figures;
  unsigned long long accepted = 0;
  unsigned long long delivered = 0;
  const int fields = std::sscanf(line.c_str(), "figures %llu %llu %lf %lf %lf %lf", &accepted, &delivered,
                                 &figures.seconds, &figures.cpu_seconds, &figures.p50_us, &figures.p99_us);
  if (fields != 6) return std::nullopt;
  figures.accepted = accepted;
  figures.delivered = delivered;
  return figures;
}

}  // namespace hawser::bench
