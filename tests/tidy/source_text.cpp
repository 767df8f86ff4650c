#include "tidy/source_text.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hawser::tidy {
namespace {

namespace fs = std::filesystem;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

void blank(std::string& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < std::min(to, text.size()); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

// Where the quoted literal that opens at `start` has its closing quote; the end of the line if it has none.
std::size_t closing_quote(std::string_view text, std::size_t start) {
  const char quote = text[start];
  std::size_t i = start + 1;
  while (i < text.size() && text[i] != quote && text[i] != '\n') i += text[i] == '\\' ? 2 : 1;
  return std::min(i, text.size());
}

// The same for a raw string, whose quote is at `start`.
std::size_t closing_raw_quote(std::string_view text, std::size_t start) {
  const std::size_t open = text.find('(', start);
  if (open == std::string_view::npos) return text.size();
  const std::string end = ")" + std::string{text.substr(start + 1, open - start - 1)} + "\"";
  const std::size_t found = text.find(end, open);
  return found == std::string_view::npos ? text.size() : found + end.size() - 1;
}

bool ends_with_any(const std::string& path, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&path](std::string_view ending) { return path.ends_with(ending); });
}

}  // namespace

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::string code_of(std::string_view text) {
  std::string code{text};
  std::size_t i = 0;
  while (i < code.size()) {
    const char c = code[i];
    if (code.compare(i, 2, "//") == 0) {
      const std::size_t end = std::min(code.find('\n', i), code.size());
      blank(code, i, end);
      i = end;
    } else if (code.compare(i, 2, "/*") == 0) {
      const std::size_t close = code.find("*/", i + 2);
      const std::size_t end = close == std::string::npos ? code.size() : close + 2;
      blank(code, i, end);
      i = end;
    } else if (c == '"') {
      const bool raw = i > 0 && code[i - 1] == 'R';
      const std::size_t end = raw ? closing_raw_quote(code, i) : closing_quote(code, i);
      blank(code, i + 1, end);
      i = end + 1;
    } else if (c == '\'' && (i == 0 || !is_word(code[i - 1]))) {
      const std::size_t end = closing_quote(code, i);
      blank(code, i + 1, end);
      i = end + 1;
    } else {
      ++i;
    }
  }
  return code;
}

std::size_t find_token(std::string_view code, std::string_view token, std::size_t from) {
  for (std::size_t at = code.find(token, from); at != std::string_view::npos; at = code.find(token, at + 1)) {
    const std::size_t end = at + token.size();
    const bool joined_before = at > 0 && is_word(token.front()) && is_word(code[at - 1]);
    const bool joined_after = end < code.size() && is_word(token.back()) && is_word(code[end]);
    if (!joined_before && !joined_after) return at;
  }
  return std::string_view::npos;
}

std::vector<Include> includes_of(const SourceFile& file) {
  std::vector<Include> includes;
  std::size_t number = 0;
  for (const std::string& line : lines_of(file.text)) {
    ++number;
    if (!line.starts_with("#include ")) continue;
    const std::size_t open = line.find_first_of("<\"");
    if (open == std::string::npos) continue;
    const std::size_t close = line.find_first_of(">\"", open + 1);
    if (close == std::string::npos) continue;
    includes.push_back({number, line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return includes;
}

bool within(const std::string& path, const std::vector<std::string>& places) {
  return std::any_of(places.begin(), places.end(), [&path](const std::string& place) {
    return place.ends_with('/') ? path.starts_with(place) : path == place;
  });
}

bool is_header(const SourceFile& file) { return file.path.ends_with(".hpp"); }

bool is_cpp(const SourceFile& file) { return is_header(file) || file.path.ends_with(".cpp"); }

std::size_t line_at(std::string_view text, std::size_t offset) {
  return 1 +
         static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

std::vector<SourceFile> read_tree(const std::string& root) {
  std::vector<SourceFile> files;
  for (auto entry = fs::recursive_directory_iterator{root}; entry != fs::recursive_directory_iterator{}; ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory()) {
      const bool hidden = name.starts_with(".") && name != ".ci";
      if (hidden || (entry.depth() == 0 && (name == "build" || name == "out"))) entry.disable_recursion_pending();
      continue;
    }
    if (!ends_with_any(name, {".cpp", ".hpp", ".capnp", ".cmake", ".txt", ".py", ".sh", ".toml"}) && name != "run")
      continue;
    std::ifstream in{entry->path(), std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
    files.push_back({fs::relative(entry->path(), root).generic_string(), std::move(text)});
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

}  // namespace hawser::tidy
