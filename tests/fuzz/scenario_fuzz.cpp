// Any text is a scenario that is written back as an equal one, or every problem is a sentence with its place.
#include <hawser/sim/scenario_file.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hawser::sim;
  const std::string text{reinterpret_cast<const char*>(data), size};
  const ParsedScenario parsed = parse_scenario(text, "fuzz.toml");
  if (parsed.ok()) {
    const ParsedScenario again = parse_scenario(to_toml(parsed.scenario), "again.toml");
    if (!again.ok() || to_toml(again.scenario) != to_toml(parsed.scenario)) std::abort();
    return 0;
  }
  for (const std::string& problem : parsed.problems) {
    if (!problem.starts_with("fuzz.toml")) std::abort();
  }
  return 0;
}
