// The terminal, if there is one: colour, tables, and an area at the bottom that is redrawn in place.
//
// Colour is used only on a terminal, and never when NO_COLOR is set or TERM is `dumb`. Whatever happens, the terminal
// is left as it was found: the cursor visible, the last frame above the prompt.
#pragma once

#include "text.hpp"

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::tools {

enum class Style : unsigned char { plain, bold, dim, good, warn, bad, note };

// Output to one stream. Not thread safe.
class Terminal {
 public:
  explicit Terminal(std::FILE* stream = stdout);
  // As on a terminal or not, whatever the stream is. For tests.
  Terminal(std::FILE* stream, bool is_terminal, bool colour, std::size_t width);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool is_terminal() const noexcept { return is_terminal_; }
  bool colour() const noexcept { return colour_; }
  std::size_t width() const noexcept { return width_; }  // columns; 80 when nobody knows

  std::string styled(std::string_view text, Style style) const;

  // One line, above the live area if there is one.
  void line(std::string_view text);
  // Replaces the live area by these lines, each cut to the width. Ignored when this is no terminal.
  void live(const std::vector<std::string>& lines);
  // Leaves the last frame where it is and goes on below it.
  void end_live();

 private:
  void write(std::string_view text);
  void erase_live();

  std::FILE* stream_;
  bool is_terminal_;
  bool colour_;
  std::size_t width_;
  std::vector<std::string> live_;  // as drawn, so that a line above can put it back
};

// Rows under a header, columns as wide as their widest cell.
class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // Missing cells are empty. REQUIRES: at most as many cells as columns.
  void row(std::vector<std::string> cells);
  // Each at most `width` columns wide: the last column gives way.
  std::vector<std::string> lines(const Terminal& terminal) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace hawser::tools
