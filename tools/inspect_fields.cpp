#include "inspect_fields.hpp"

#include "text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>

namespace hawser::tools {

using nlohmann::json;

const json& field(const json& object, const char* key) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

const json& rows(const json& object, const char* key) {
  static const json none = json::array();
  const json& value = field(object, key);
  return value.is_array() ? value : none;
}

std::string text_at(const json& object, const char* key) {
  const json& value = field(object, key);
  return value.is_string() ? printable(value.get<std::string>()) : "";
}

std::int64_t number_at(const json& object, const char* key) {
  const json& value = field(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::int64_t plus(std::int64_t one, std::int64_t other) noexcept {
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(one, other, &sum)) return sum;
  return one > 0 ? Limits::max() : Limits::min();
}

std::string count_at(const json& object, const char* key) { return std::to_string(number_at(object, key)); }

double real_at(const json& object, const char* key) {
  const json& value = field(object, key);
  return value.is_number() ? value.get<double>() : 0.0;
}

bool flag_at(const json& object, const char* key) {
  const json& value = field(object, key);
  return value.is_boolean() && value.get<bool>();
}

std::string fixed(double number, int digits) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

std::string about_time(std::int64_t us) {
  if (us < 0) us = 0;
  const auto number = static_cast<double>(us);
  if (us < 1'000) return std::to_string(us) + " us";
  if (us < 1'000'000) return std::to_string(us / 1'000) + " ms";
  if (us < 60'000'000) return fixed(number / 1e6, 1) + " s";
  if (us < 3'600'000'000) return fixed(number / 6e7, 1) + " min";
  if (us < 86'400'000'000) return fixed(number / 3.6e9, 1) + " h";
  return fixed(number / 8.64e10, 1) + " d";
}

std::int64_t ago_us(const json& said, std::int64_t at_us) noexcept {
  const std::int64_t taken = number_at(said, "taken_at_us");
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t ago = 0;
  // Never so low that it cannot be negated.
  if (!__builtin_sub_overflow(taken, at_us, &ago)) return std::max(ago, Limits::min() + 1);
  return taken > at_us ? Limits::max() : Limits::min() + 1;
}

std::string age_of(const json& said, const json& reason) {
  return about_time(ago_us(said, number_at(reason, "since_us")));
}

std::string due(const json& said, const json& reason) {
  const json& next = field(reason, "next_at_us");
  if (!next.is_number_integer()) return {};
  const std::int64_t wait = -ago_us(said, next.get<std::int64_t>());
  return wait > 0 ? "next in " + about_time(wait) : "next now";
}

std::string because(const json& said, const json& reason) {
  std::string text = text_at(reason, "cause") + " for " + age_of(said, reason);
  if (const std::string next = due(said, reason); !next.empty()) text += ", " + next;
  const std::string detail = text_at(reason, "detail");
  return detail.empty() ? text : text + ": " + detail;
}

std::string outcomes(const json& ledger) {
  std::string text;
  const json& all = field(ledger, "outcomes");
  if (!all.is_object()) return text;
  for (const auto& [word, count] : all.items()) {
    text += (text.empty() ? "" : ", ") + printable(word) + " " + count_at(count, "messages");
  }
  return text;
}

}  // namespace hawser::tools
