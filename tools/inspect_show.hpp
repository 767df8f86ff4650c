// What a node's admin endpoints said, for people: lines and tables from the API's JSON.
//
// The JSON is from elsewhere: fields that are missing or of another kind show as nothing, and no text drives the
// terminal.
#pragma once

#include "terminal.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

namespace hawser::tools {

void show_status(const nlohmann::json& said, Terminal& terminal);
void show_peers(const nlohmann::json& said, Terminal& terminal);
void show_channels(const nlohmann::json& said, Terminal& terminal);
void show_events(const nlohmann::json& said, Terminal& terminal);

// `850 us`, `12 ms`, `3.2 s`, `4.5 min`, `7.1 h`, `3.0 d`.
std::string about_time(std::int64_t us);

// Fields as they should be, or nothing.
std::string text_at(const nlohmann::json& object, const char* key);
std::int64_t number_at(const nlohmann::json& object, const char* key);

}  // namespace hawser::tools
