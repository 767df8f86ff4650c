#include "terminal.hpp"

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace hawser::tools {
namespace {

constexpr std::size_t width_unknown = 80;
constexpr std::string_view hide_cursor = "\x1b[?25l";
constexpr std::string_view show_cursor = "\x1b[?25h";
constexpr std::string_view erase_line = "\x1b[2K";
constexpr std::string_view erase_below = "\x1b[J";

bool can_draw(std::FILE* stream) noexcept {
  const char* const term = std::getenv("TERM");
  return ::isatty(::fileno(stream)) == 1 && term != nullptr && std::string_view{term} != "dumb";
}

bool wants_colour() noexcept {
  const char* const no_color = std::getenv("NO_COLOR");
  return no_color == nullptr || *no_color == '\0';
}

std::size_t columns_of(std::FILE* stream) noexcept {
  winsize size{};
  if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return width_unknown;
}

std::string_view code_of(Style style) noexcept {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\x1b[1m";
    case Style::dim:
      return "\x1b[2m";
    case Style::good:
      return "\x1b[32m";
    case Style::warn:
      return "\x1b[33m";
    case Style::bad:
      return "\x1b[31m";
    case Style::note:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

Terminal::Terminal(std::FILE* stream)
    : Terminal(stream, can_draw(stream), can_draw(stream) && wants_colour(), columns_of(stream)) {}

Terminal::Terminal(std::FILE* stream, bool is_terminal, bool colour, std::size_t width)
    : stream_(stream), is_terminal_(is_terminal), colour_(colour), width_(width) {}

Terminal::~Terminal() { end_live(); }

std::string Terminal::styled(std::string_view text, Style style) const {
  if (!colour_ || style == Style::plain) return std::string{text};
  return std::string{code_of(style)} + std::string{text} + "\x1b[0m";
}

void Terminal::line(std::string_view text) {
  if (live_.empty()) {
    write(std::string{text} + "\n");
    return;
  }
  std::vector<std::string> frame = std::move(live_);
  live_ = frame;
  erase_live();
  write(std::string{text} + "\n");
  live_.clear();
  live(frame);
}

void Terminal::live(const std::vector<std::string>& lines) {
  if (!is_terminal_) return;
  if (live_.empty()) write(hide_cursor);
  erase_live();
  live_.clear();
  std::string frame;
  for (const std::string& line : lines) {
    live_.push_back(fitted(line, width_));
    frame += std::string{erase_line} + live_.back() + "\n";
  }
  if (lines.empty()) frame += show_cursor;
  write(frame);
}

void Terminal::end_live() {
  if (live_.empty()) return;
  live_.clear();
  write(show_cursor);
}

void Terminal::erase_live() {
  if (live_.empty()) return;
  write("\x1b[" + std::to_string(live_.size()) + "A\r" + std::string{erase_below});
}

void Terminal::write(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream_);
  std::fflush(stream_);
}

void Table::row(std::vector<std::string> cells) {
  HAWSER_ASSERT(cells.size() <= columns_.size(), "a row has more cells than the table has columns");
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::string> Table::lines(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  for (std::size_t at = 0; at < columns_.size(); ++at) {
    std::size_t width = display_width(columns_[at].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[at]));
    widths.push_back(width);
  }
  const auto line_of = [&](const auto& cell_at) {
    std::string line;
    for (std::size_t at = 0; at < columns_.size(); ++at) {
      const bool last = at + 1 == columns_.size();
      const std::string cell = cell_at(at);
      line += last && columns_[at].align == Align::left ? cell : pad(cell, widths[at], columns_[at].align);
      if (!last) line += "  ";
    }
    while (line.ends_with(' ')) line.pop_back();
    return fitted(line, terminal.is_terminal() ? terminal.width() : std::string::npos);
  };
  std::vector<std::string> lines;
  lines.push_back(terminal.styled(line_of([&](std::size_t at) { return columns_[at].title; }), Style::dim));
  for (const auto& row : rows_) lines.push_back(line_of([&](std::size_t at) { return row[at]; }));
  return lines;
}

}  // namespace hawser::tools
