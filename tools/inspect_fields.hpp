// Fields of the admin API's JSON, as they should be or as nothing: the JSON is from elsewhere, and no text of it drives
// the terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace hawser::tools {

const nlohmann::json& field(const nlohmann::json& object, const char* key);  // null when there is none
const nlohmann::json& rows(const nlohmann::json& object, const char* key);   // an array, empty when there is none
std::string text_at(const nlohmann::json& object, const char* key);
std::int64_t number_at(const nlohmann::json& object, const char* key);
// The sum of two such numbers. Saturates.
std::int64_t plus(std::int64_t one, std::int64_t other) noexcept;
std::string count_at(const nlohmann::json& object, const char* key);
double real_at(const nlohmann::json& object, const char* key);
bool flag_at(const nlohmann::json& object, const char* key);

// `850 us`, `12 ms`, `3.2 s`, `4.5 min`, `7.1 h`, `3.0 d`.
std::string about_time(std::int64_t us);
std::string fixed(double number, int digits);

// How long before the answer an instant of its node was; negative: after. Saturates.
std::int64_t ago_us(const nlohmann::json& said, std::int64_t at_us) noexcept;
// Of a reason in an answer: how long ago it began; `silent for 3.2 s, next in 0.4 s: no answer`.
std::string age_of(const nlohmann::json& said, const nlohmann::json& reason);
std::string because(const nlohmann::json& said, const nlohmann::json& reason);
// `next in 0.4 s`, `next now`; empty where nothing is due.
std::string due(const nlohmann::json& said, const nlohmann::json& reason);
// `delivered 12, unreachable 3`
std::string outcomes(const nlohmann::json& ledger);

}  // namespace hawser::tools
