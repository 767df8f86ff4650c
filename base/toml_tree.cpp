#include <hawser/base/toml_tree.hpp>

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

namespace hawser {
namespace {

constexpr std::size_t dots_per_line_max = 32;
constexpr std::size_t shown_max = 60;

TomlPlace place_of(const toml::source_region& region) noexcept { return {region.begin.line, region.begin.column}; }

bool control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// The parser bounds how deep values nest, and look_for_depth how long a dotted key is, so that this recursion ends.
TomlValue value_of(const toml::node& node) {
  TomlValue value;
  value.place = place_of(node.source());
  switch (node.type()) {
    case toml::node_type::table: {
      value.kind = TomlKind::table;
      for (const auto& [key, child] : *node.as_table()) {
        value.entries.push_back({std::string{key.str()}, place_of(key.source()), value_of(child)});
      }
      // The parser sorts by name; sections of dotted headers have the place of their first mention.
      std::stable_sort(value.entries.begin(), value.entries.end(),
                       [](const TomlEntry& a, const TomlEntry& b) { return a.place < b.place; });
      break;
    }
    case toml::node_type::array:
      value.kind = TomlKind::list;
      for (const toml::node& child : *node.as_array()) value.items.push_back(value_of(child));
      break;
    case toml::node_type::string:
      value.kind = TomlKind::text;
      value.text = **node.as_string();
      break;
    case toml::node_type::integer:
      value.kind = TomlKind::whole;
      value.whole = **node.as_integer();
      break;
    case toml::node_type::floating_point:
      value.kind = TomlKind::number;
      value.number = **node.as_floating_point();
      break;
    case toml::node_type::boolean:
      value.kind = TomlKind::flag;
      value.flag = **node.as_boolean();
      break;
    default:
      value.kind = TomlKind::time;
      break;
  }
  return value;
}

// Dotted keys nest without limit: a file of a million dots must not become a tree. Multi-line strings are refused so
// that strings and comments can be told apart line by line.
bool shallow(std::string_view text, std::string_view what, TomlProblems& problems) {
  TomlPlace at{1, 0};
  std::size_t dots = 0;
  char quote = 0;
  bool comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    ++at.column;
    if (c == '\n') {
      at = {at.line + 1, 0};
      dots = 0;
      quote = 0;
      comment = false;
    } else if (comment) {
      continue;
    } else if (quote != 0) {
      if (c == '\\' && quote == '"' && i + 1 < text.size() && text[i + 1] != '\n') {
        ++i;
        ++at.column;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '#') {
      comment = true;
    } else if (c == '"' || c == '\'') {
      if (text.substr(i, 3) == std::string(3, c)) {
        problems.say(at, "a text over several lines has no place in a " + std::string{what});
        return false;
      }
      quote = c;
    } else if (c == '.' && ++dots > dots_per_line_max) {
      problems.say(at, "keys are nested deeper than any " + std::string{what} + " goes");
      return false;
    }
  }
  return true;
}

}  // namespace

const TomlValue* TomlValue::find(std::string_view key) const noexcept {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const TomlEntry& each) { return each.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

std::string_view words_for(TomlKind kind) noexcept {
  static constexpr std::array<std::string_view, 7> words{
      "a table", "a list", "text", "a whole number", "a number with a fraction", "true or false", "a date or time"};
  return words[static_cast<std::size_t>(kind)];
}

std::vector<std::string> TomlProblems::lines(const std::string& file) const {
  auto sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> lines;
  for (const auto& [at, sentence] : sorted) {
    const std::string place = at.line == 0 ? "" : ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    lines.push_back(file + place + ": " + sentence);
  }
  if (full()) lines.push_back(file + ": and more; the first hundred are shown");
  return lines;
}

std::optional<TomlValue> parse_toml(std::string_view text, std::string_view what, TomlProblems& problems) {
  if (text.size() > toml_bytes_max) {
    problems.say({}, "is larger than 1 MiB, which no " + std::string{what} + " is");
    return std::nullopt;
  }
  if (!shallow(text, what, problems)) return std::nullopt;
  try {
    const toml::table root = toml::parse(text);
    return value_of(root);
  } catch (const toml::parse_error& error) {
    problems.say(place_of(error.source()), toml_shown(error.description()));
    return std::nullopt;
  }
}

std::optional<std::string> read_text_file(const std::string& path, std::string& problem) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "rb"), &std::fclose};
  if (!file) {
    problem = "cannot be opened";
    return std::nullopt;
  }
  std::string text(toml_bytes_max + 1, '\0');
  const std::size_t size = std::fread(text.data(), 1, text.size(), file.get());
  if (std::ferror(file.get()) != 0) {
    problem = "cannot be read; is it a file?";
    return std::nullopt;
  }
  text.resize(size);
  return text;
}

std::string toml_shown(std::string_view text) {
  const std::string out = toml_shown_whole(text.substr(0, shown_max));
  return text.size() > shown_max ? out + "..." : out;
}

std::string toml_shown_whole(std::string_view text) {
  std::string out{text};
  std::replace_if(out.begin(), out.end(), control, '?');
  return out;
}

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (control(c)) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += escape.data();
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace hawser
