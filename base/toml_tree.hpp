// A TOML file as a small tree of values, each with its place: what readers of configurations and scenarios work on.
//
// toml_tree.cpp is the one place that knows the parser. It bounds what a file can cost before it is parsed: bytes, and
// the depth of dotted keys, whose tree would be destroyed by recursion. Tables keep the order of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser {

struct TomlPlace {
  std::uint32_t line = 0;  // from 1; 0: the file as a whole
  std::uint32_t column = 0;

  friend bool operator==(const TomlPlace&, const TomlPlace&) = default;
  friend auto operator<=>(const TomlPlace&, const TomlPlace&) = default;
};

enum class TomlKind : std::uint8_t { table, list, text, whole, number, flag, time };

struct TomlEntry;

struct TomlValue {
  TomlKind kind = TomlKind::table;
  TomlPlace place;
  std::string text;
  std::int64_t whole = 0;
  double number = 0;
  bool flag = false;
  std::vector<TomlValue> items;    // of a list
  std::vector<TomlEntry> entries;  // of a table

  bool is(TomlKind other) const noexcept { return kind == other; }
  // Null when this is no table or has no such key.
  const TomlValue* find(std::string_view key) const noexcept;
};

struct TomlEntry {
  std::string key;
  TomlPlace place;  // of the key
  TomlValue value;
};

// `a list`, `a whole number`, ...
std::string_view words_for(TomlKind kind) noexcept;

// Complaints about a file, at most a hundred; `lines` says them as `file:line:column: sentence`, in the file's order.
class TomlProblems {
 public:
  static constexpr std::size_t most = 100;

  void say(const TomlPlace& at, std::string sentence) {
    if (!full()) found_.emplace_back(at, std::move(sentence));
  }
  bool empty() const noexcept { return found_.empty(); }
  bool full() const noexcept { return found_.size() >= most; }
  std::vector<std::string> lines(const std::string& file) const;

 private:
  std::vector<std::pair<TomlPlace, std::string>> found_;
};

// The root table; nothing, with problems, when the text is no TOML or too much of it. `what` names what the file would
// be: `configuration`.
std::optional<TomlValue> parse_toml(std::string_view text, std::string_view what, TomlProblems& problems);

inline constexpr std::size_t toml_bytes_max = 1u << 20;

// At most one byte more than toml_bytes_max, so that a device or a huge file costs nothing. Nothing, with `problem`,
// when it cannot be read.
std::optional<std::string> read_text_file(const std::string& path, std::string& problem);

// What a file says may be anything; what we print of it may not: control characters become `?`, and the short form ends
// after sixty bytes.
std::string toml_shown(std::string_view text);
std::string toml_shown_whole(std::string_view text);

// `"text"` with what TOML wants escaped.
std::string toml_quoted(std::string_view text);

}  // namespace hawser
