// From a value of a file to the value of a field, by the field's kind.
#pragma once

#include <hawser/base/toml_tree.hpp>
#include <hawser/sim/scenario_keys.hpp>

#include <optional>
#include <string>

namespace hawser::sim {

// Nothing, with `problem` (a sentence without its subject), when the value is none of this kind. Ranges are not looked
// at, but for what would not fit.
std::optional<FieldValue> convert_field(const FieldInfo& field, const TomlValue& value, std::string& problem);

}  // namespace hawser::sim
