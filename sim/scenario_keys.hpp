// The tables of every key of a scenario file: one per kind of section, each row a name, a kind, a range, a sentence,
// and how it reaches its field.
//
// Reader, writer, checks and docs/simulation.md are made from them, so that none can know a key the others do not.
// Which keys an entry of the timeline has is said by its verb (fault.hpp), those of an expectation by its kind.
#pragma once

#include <hawser/sim/scenario.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace hawser::sim {

enum class FieldKind : std::uint8_t {
  text,
  word,             // one of `choices`; the value is its place among them
  flag,             // true or false
  count,            // a whole number
  chance,           // 0 .. 1; the value is in millionths
  duration,         // text with a unit; the value is in microseconds
  signed_duration,  // the same, perhaps with a minus
  size,             // text with a unit, or a whole number of bytes
  durations,        // a distribution: a duration, or a table with its shape
  sizes,            // the same of sizes
  names,            // a node id, or a list of them
  nodes,            // the same, or how many: n1, n2, ...
  groups,           // a list of lists of node ids
};

using FieldValue = std::variant<std::string, bool, std::int64_t, Names, std::vector<Names>, Spread>;

// A row, as far as it does not depend on the struct.
struct FieldInfo {
  std::string_view name;
  FieldKind kind = FieldKind::text;
  std::int64_t low = 0;  // range of the value; of the length of a text
  std::int64_t high = 0;
  std::string_view choices;  // words separated by blanks
  std::string_view sentence;
};

template <typename Struct>
struct Field : FieldInfo {
  FieldValue (*get)(const Struct& from) = nullptr;
  void (*set)(Struct& to, FieldValue value) = nullptr;
};

// In the order in which they are documented and written.
std::span<const Field<Scenario>> scenario_fields();
std::span<const Field<Link>> link_fields();
std::span<const Field<Stream>> stream_fields();
std::span<const Field<Fault>> fault_fields();
std::span<const Field<Expectation>> expectation_fields();

// Which keys the kinds of expectation have, besides `kind`.
struct ExpectRow {
  ExpectKind kind = ExpectKind::peer;
  std::string_view keys;
  std::string_view optional;
  std::string_view sentence;
};
std::span<const ExpectRow> expect_rows();

// Whether `word` is one of the words of `list`.
bool has_word(std::string_view list, std::string_view word) noexcept;
std::vector<std::string_view> words_of(std::string_view list);

std::string unit_text(const FieldInfo& field);
std::string range_text(const FieldInfo& field);
// As a file would say it.
std::string value_text(const FieldInfo& field, const FieldValue& value);
// Empty when the value is within the range; else `, which is out of range: ...` with the value before it.
std::string range_problem(const FieldInfo& field, const FieldValue& value);

}  // namespace hawser::sim
