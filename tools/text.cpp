#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace hawser::tools {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

// Unicode general categories Mn, Me and Cf in the blocks that text for people uses; the rest is rare enough to be
// wrong.
constexpr std::array<CodeRange, 14> zero_width{{{0x0300, 0x036F},
                                                {0x0483, 0x0489},
                                                {0x0591, 0x05BD},
                                                {0x0610, 0x061A},
                                                {0x064B, 0x065F},
                                                {0x0E34, 0x0E3A},
                                                {0x1AB0, 0x1AFF},
                                                {0x1DC0, 0x1DFF},
                                                {0x200B, 0x200F},
                                                {0x202A, 0x202E},
                                                {0x2060, 0x2064},
                                                {0x20D0, 0x20FF},
                                                {0xFE00, 0xFE0F},
                                                {0xFE20, 0xFE2F}}};

// East Asian Width W and F (UAX #11), and emoji that terminals draw over two columns.
constexpr std::array<CodeRange, 16> double_width{{{0x1100, 0x115F},
                                                  {0x231A, 0x231B},
                                                  {0x23E9, 0x23EC},
                                                  {0x25FD, 0x25FE},
                                                  {0x2614, 0x2615},
                                                  {0x26A1, 0x26A1},
                                                  {0x2705, 0x2705},
                                                  {0x274C, 0x274C},
                                                  {0x2E80, 0x303E},
                                                  {0x3041, 0xA4CF},
                                                  {0xAC00, 0xD7A3},
                                                  {0xF900, 0xFAFF},
                                                  {0xFE30, 0xFE6F},
                                                  {0xFF00, 0xFF60},
                                                  {0x1F300, 0x1F64F},
                                                  {0x1F680, 0x3FFFD}}};

template <std::size_t Count>
bool within(const std::array<CodeRange, Count>& ranges, char32_t code) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
};

// The first character of a text that is not empty. A byte that begins none stands for itself.
Character first_character(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text.front());
  std::size_t bytes = 1;
  char32_t code = lead;
  if (lead >= 0xF0 && lead < 0xF8) {
    bytes = 4;
    code = lead & 0x07u;
  } else if (lead >= 0xE0 && lead < 0xF0) {
    bytes = 3;
    code = lead & 0x0Fu;
  } else if (lead >= 0xC0 && lead < 0xE0) {
    bytes = 2;
    code = lead & 0x1Fu;
  }
  if (bytes > text.size()) return {lead, 1};
  for (std::size_t at = 1; at < bytes; ++at) {
    const auto next = static_cast<unsigned char>(text[at]);
    if ((next & 0xC0u) != 0x80u) return {lead, 1};
    code = code << 6 | (next & 0x3Fu);
  }
  return {code, bytes};
}

std::size_t width_of(char32_t code) noexcept {
  if (within(zero_width, code)) return 0;
  return within(double_width, code) ? 2 : 1;
}

// How many bytes an escape sequence at the front takes: ESC [ ... letter. Zero when there is none.
std::size_t escape_bytes(std::string_view text) noexcept {
  if (!text.starts_with("\x1b[")) return 0;
  for (std::size_t at = 2; at < text.size(); ++at) {
    if (text[at] >= '@' && text[at] <= '~') return at + 1;
  }
  return 0;
}

}  // namespace

std::size_t display_width(std::string_view text) noexcept {
  std::size_t width = 0;
  while (!text.empty()) {
    if (const std::size_t escape = escape_bytes(text); escape != 0) {
      text.remove_prefix(escape);
      continue;
    }
    const Character character = first_character(text);
    width += width_of(character.code);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string cut(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string{text};
  if (width == 0) return {};
  std::string kept;
  std::size_t used = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::size_t next = width_of(character.code);
    if (used + next > width - 1) break;
    used += next;
    kept += text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
  }
  return kept + "…";
}

std::string fitted(const std::string& line, std::size_t width) {
  if (display_width(line) <= width) return line;
  std::string plain;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\x1b') {
      at = std::min(line.find('m', at), line.size() - 1);
      continue;
    }
    plain += line[at];
  }
  return cut(plain, width);
}

std::string pad(std::string_view text, std::size_t width, Align align) {
  const std::size_t used = display_width(text);
  const std::string blanks(used < width ? width - used : 0, ' ');
  return align == Align::left ? std::string{text} + blanks : blanks + std::string{text};
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (!line.empty() && !word.empty()) line += ' ';
    line += word;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

std::string printable(std::string_view text) {
  std::string out{text};
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

}  // namespace hawser::tools
