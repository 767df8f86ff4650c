// Settings: some keys of a configuration with their values, as a plain comparable value; what a scenario says about the
// nodes in it.
#pragma once

#include <hawser/interconnect/config_keys.hpp>

#include <map>
#include <string>

namespace hawser {

// By full name: `detector.heartbeat`, `types.Order.ttl`.
using ConfigSettings = std::map<std::string, KeyValue>;

// REQUIRES: settings that read_settings (config_tree.hpp) or a program made from keys of the table, within their
// ranges.
void apply_settings(const ConfigSettings& settings, Config& config);

}  // namespace hawser
