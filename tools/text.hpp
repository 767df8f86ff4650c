// Text as it appears on a terminal: how wide it is, cut, padded and wrapped to a width.
//
// Widths are columns, not bytes: combining marks take none, East Asian wide characters and emoji two, and escape
// sequences of ours none. Malformed UTF-8 counts one column a byte and never makes anything read past its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::tools {

std::size_t display_width(std::string_view text) noexcept;

// At most `width` columns; what was cut is shown by an ellipsis. REQUIRES: no escape sequences.
std::string cut(std::string_view text, std::size_t width);

// The same for a line that may carry styles: where it is too wide it loses them, which beats a wrapped frame.
std::string fitted(const std::string& line, std::size_t width);

enum class Align : unsigned char { left, right };
std::string pad(std::string_view text, std::size_t width, Align align = Align::left);

// Breaks at blanks so that no line is wider than `width`, unless a single word is.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

// Replaces control characters, so that text from elsewhere cannot drive the terminal.
std::string printable(std::string_view text);

// All sixteen digits, as hashes and digests are shown.
std::string hexadecimal(std::uint64_t number);

}  // namespace hawser::tools
