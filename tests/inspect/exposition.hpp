// A reader of Prometheus text exposition that believes nothing: every rule that a page breaks is a fault with its line.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::test {

struct Exposition {
  std::vector<std::string> faults;
  std::map<std::string, std::string> values;  // by series as written: `a{b="c"}`
  std::map<std::string, std::string> kinds;   // by family
};

Exposition read_exposition(std::string_view text);

}  // namespace hawser::test
