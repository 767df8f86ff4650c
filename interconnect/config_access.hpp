// How a row of the key table reaches its field: the conversions between KeyValue and the types of the structs.
//
// Private to config_keys.cpp. A field is named by its path of member pointers, so that a row cannot be wired to a field
// of another type without a compiler's complaint.
#pragma once

#include <hawser/interconnect/config_keys.hpp>

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace hawser::config_access {

template <auto First, auto... Rest>
auto& reach(auto& object) {
  if constexpr (sizeof...(Rest) == 0) {
    return object.*First;
  } else {
    return reach<Rest...>(object.*First);
  }
}

inline KeyValue to_value(const std::string& text) { return text; }
inline KeyValue to_value(bool flag) { return flag; }
inline KeyValue to_value(double number) { return number; }
inline KeyValue to_value(Duration duration) { return std::int64_t{duration.count()}; }
inline KeyValue to_value(const NodeId& id) { return id.text(); }
inline KeyValue to_value(const Endpoint& endpoint) { return endpoint.text(); }
template <std::unsigned_integral Number>
requires(!std::same_as<Number, bool>) KeyValue to_value(Number number) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min<std::uint64_t>(number, most));
}
template <typename Word>
requires std::is_enum_v<Word> KeyValue to_value(Word word) { return std::string{to_string(word)}; }

inline bool from_value(const KeyValue& value, std::string& field, std::string&) {
  field = std::get<std::string>(value);
  return true;
}
inline bool from_value(const KeyValue& value, bool& field, std::string&) {
  field = std::get<bool>(value);
  return true;
}
inline bool from_value(const KeyValue& value, double& field, std::string&) {
  field = std::get<double>(value);
  return true;
}
inline bool from_value(const KeyValue& value, Duration& field, std::string&) {
  field = Duration{std::get<std::int64_t>(value)};
  return true;
}
inline bool from_value(const KeyValue& value, NodeId& field, std::string& problem) {
  const std::string& text = std::get<std::string>(value);
  const std::optional<NodeId> id = NodeId::parse(text);
  if (!id) {
    problem = "'" + text.substr(0, NodeId::size_max) + "' is no node id: 1 to 64 of a-z 0-9 . _ -";
    return false;
  }
  field = *id;
  return true;
}
inline bool from_value(const KeyValue& value, Endpoint& field, std::string& problem) {
  const std::optional<Endpoint> endpoint = Endpoint::parse(std::get<std::string>(value), problem);
  if (!endpoint) return false;
  field = *endpoint;
  return true;
}
template <std::unsigned_integral Number>
requires(!std::same_as<Number, bool>) bool from_value(const KeyValue& value, Number& field, std::string& problem) {
  const std::int64_t number = std::get<std::int64_t>(value);
  if (number < 0 || static_cast<std::uint64_t>(number) > std::numeric_limits<Number>::max()) {
    problem = std::to_string(number) + " does not fit";
    return false;
  }
  field = static_cast<Number>(number);
  return true;
}
// The words of an enum are those of its to_string.
template <typename Word>
bool pick(const KeyValue& value, Word& field, std::initializer_list<Word> words, std::string& problem) {
  const std::string& text = std::get<std::string>(value);
  for (const Word word : words) {
    if (to_string(word) == text) {
      field = word;
      return true;
    }
  }
  problem = "'" + text.substr(0, 40) + "' is not one of";
  for (const Word word : words) problem += " " + std::string{to_string(word)};
  return false;
}
inline bool from_value(const KeyValue& value, Strategy& field, std::string& problem) {
  return pick(value, field,
              {Strategy::none, Strategy::keep_majority, Strategy::static_quorum, Strategy::keep_oldest,
               Strategy::referee, Strategy::arbiter},
              problem);
}
inline bool from_value(const KeyValue& value, LaneClass& field, std::string& problem) {
  return pick(value, field, {LaneClass::ordinary, LaneClass::bulk}, problem);
}
inline bool from_value(const KeyValue& value, Overflow& field, std::string& problem) {
  return pick(value, field, {Overflow::reject, Overflow::drop_oldest, Overflow::keep_latest, Overflow::wait}, problem);
}
inline bool from_value(const KeyValue& value, LogLevel& field, std::string& problem) {
  return pick(value, field, {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}, problem);
}
inline bool from_value(const KeyValue& value, LogFormat& field, std::string& problem) {
  return pick(value, field, {LogFormat::words, LogFormat::key_values, LogFormat::json}, problem);
}
inline bool from_value(const KeyValue& value, Hold& field, std::string& problem) {
  return pick(value, field, {Hold::no, Hold::until_ttl}, problem);
}

template <auto... Path>
std::optional<KeyValue> get(const Config& config, const std::string&) {
  return to_value(reach<Path...>(config));
}
template <auto... Path>
bool set(Config& config, const std::string&, const KeyValue& value, std::string& problem) {
  return from_value(value, reach<Path...>(config), problem);
}
template <auto Field>
std::optional<KeyValue> get_of_type(const Config& config, const std::string& type) {
  const auto found = config.types.find(type);
  if (found == config.types.end() || !(found->second.*Field)) return std::nullopt;
  return to_value(*(found->second.*Field));
}
template <auto Field>
bool set_of_type(Config& config, const std::string& type, const KeyValue& value, std::string& problem) {
  auto& field = config.types[type].*Field;
  typename std::decay_t<decltype(field)>::value_type wanted{};
  if (!from_value(value, wanted, problem)) return false;
  field = wanted;
  return true;
}

}  // namespace hawser::config_access
