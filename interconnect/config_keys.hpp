// The one table of every key of the configuration: what a file may say, what it costs, and how it reaches the struct.
//
// The reader, the checks, `hawser config show`, `config init` and docs/configuration.md are all made from it, so that
// none of them can know a key the others do not. Keys of `[types.Name]` are rows named `types.*.key`.
#pragma once

#include <hawser/interconnect/config.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace hawser {

enum class KeyKind : std::uint8_t {
  text,
  node_id,
  endpoint,
  choice,    // one of `choices`
  flag,      // true or false
  count,     // a whole number
  number,    // may have a fraction
  duration,  // text with a unit; the value is in microseconds
  size,      // text with a unit, or a whole number of bytes
};

// A value on its way between file and struct.
using KeyValue = std::variant<std::string, bool, std::int64_t, double>;

struct ConfigKey {
  std::string name;  // dotted, as in the file
  KeyKind kind = KeyKind::text;
  double low = 0;  // smallest and largest allowed; microseconds, bytes, or the number itself
  double high = 0;
  std::string_view choices;       // for people and for the reader: words separated by a blank
  std::string_view default_text;  // where the default is no value of its own: "as the configuration"
  std::string_view sentence;      // what it is
  std::string_view cost;          // what more or less of it costs

  // `type` names the schema for rows of `types.*` and is ignored by all others. Nothing: the type leaves it alone.
  std::optional<KeyValue> (*get)(const Config& config, const std::string& type) = nullptr;
  // False, with `problem`, when the text is not what the key wants. The range is not looked at here.
  bool (*set)(Config& config, const std::string& type, const KeyValue& value, std::string& problem) = nullptr;

  bool of_types() const noexcept { return name.starts_with("types.*."); }
  // `detector` of `detector.heartbeat`; empty for keys at the top.
  std::string_view section() const noexcept;
  std::string_view last_word() const noexcept;
};

// In the order in which they are documented.
std::span<const ConfigKey> config_keys();
// By the name in the table (`types.*.ttl`). Null when there is none.
const ConfigKey* find_config_key(std::string_view name);

// What a user reads.
std::string_view unit_text(const ConfigKey& key);  // duration, size, text, ...
std::string range_text(const ConfigKey& key);      // `10ms .. 1min`; empty when everything is allowed
std::string default_text(const ConfigKey& key);    // as a file would say it
std::string value_text(const ConfigKey& key, const KeyValue& value);  // the same for any value

// Empty when `value` is within the range; else a sentence that names the key (as `shown`), the value and the range.
std::string range_problem(const ConfigKey& key, std::string_view shown, const KeyValue& value);

// The tables of docs/configuration.md.
std::string config_reference_markdown();

}  // namespace hawser
