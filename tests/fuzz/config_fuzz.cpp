// Any text is a configuration, or every problem is a sentence with its place.
#include <hawser/interconnect/config.hpp>

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hawser;
  const std::string text{reinterpret_cast<const char*>(data), size};
  try {
    const Config config = Config::parse(text, "fuzz.toml");
    if (!config.problems().empty()) std::abort();
    config.warnings();
  } catch (const ConfigError& error) {
    if (error.problems().empty()) std::abort();
    for (const std::string& problem : error.problems()) {
      if (!problem.starts_with("fuzz.toml")) std::abort();
    }
  }
  return 0;
}
