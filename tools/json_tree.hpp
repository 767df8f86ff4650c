// JSON as the same tree of values with places that TOML files are read into, so that one reader serves both and every
// complaint has its line.
#pragma once

#include <hawser/base/toml_tree.hpp>

#include <optional>
#include <string_view>

namespace hawser::tools {

// Nothing, with problems, when the text is no JSON, is larger than toml_bytes_max or nests deeper than 32. The place of
// a number in a list may be that of the character behind it. A null is a value of kind `time`, which nothing accepts.
std::optional<TomlValue> parse_json(std::string_view text, TomlProblems& problems);

}  // namespace hawser::tools
