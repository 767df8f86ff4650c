// The configuration that a node runs with, as JSON: every key with its value, and whether that is the default.
//
// There are no secrets in it: the token of the admin endpoints is in a file of its own, which is only named.
#pragma once

#include <hawser/interconnect/config.hpp>

#include <string>

namespace hawser {

// The fields `keys`, `peers`, `types` and `warnings`, without the braces around them; docs/operations.md.
std::string config_fields(const Config& config);

}  // namespace hawser
