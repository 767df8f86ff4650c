// Source text as the house rules look at it: lines, with or without comments and literals, and the include lines.
//
// Pure functions over text, so that a rule can be shown planted text and asked to object.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::tidy {

// A file of the tree: path from its root with forward slashes, and its bytes.
struct SourceFile {
  std::string path;
  std::string text;
};

// What a rule objects to. `line` counts from 1; 0 speaks of the file as a whole.
struct Finding {
  std::string path;
  std::size_t line = 0;
  std::string what;
};

// An include of the file at `line`, by what stands between the brackets or quotes.
struct Include {
  std::size_t line = 0;
  std::string name;
  bool quoted = false;
};

// Every line without its end; the last one even if nothing ends it.
std::vector<std::string> lines_of(std::string_view text);

// The text with comments and the insides of string and character literals turned into spaces. Lines keep their numbers
// and columns, quotes stay. Knows raw strings; digit separators are no literals.
std::string code_of(std::string_view text);

// Offset of the next `token` at or after `from` that no letter, digit or underscore touches on an end of it that is a
// word itself; npos if there is none.
std::size_t find_token(std::string_view code, std::string_view token, std::size_t from = 0);

std::vector<Include> includes_of(const SourceFile& file);

// True if the path is below one of the folders ("sim/") or is one of the files.
bool within(const std::string& path, const std::vector<std::string>& places);

bool is_header(const SourceFile& file);
bool is_cpp(const SourceFile& file);  // a header or a source file of C++

// REQUIRES: offset <= text.size(). The line the offset is on, from 1.
std::size_t line_at(std::string_view text, std::size_t offset);

// Every C++ source, schema, script and CMake file under `root`, sorted by path; build trees and hidden folders left
// out.
std::vector<SourceFile> read_tree(const std::string& root);

}  // namespace hawser::tidy
