// How files look: sizes, guards, opening words, marks of unfinished work, ids of messages.
#include "tidy/rules.hpp"

#include <algorithm>

namespace hawser::tidy {
namespace {

constexpr std::size_t intent_lines_min = 1;
constexpr std::size_t intent_lines_max = 12;

bool is_plain_data(const SourceFile& file) {
  return file.path.ends_with(".txt") && !file.path.ends_with("CMakeLists.txt");
}

}  // namespace

Findings pragma_once(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (is_header(file) && file.text.find("\n#pragma once\n") == std::string::npos) {
      findings.push_back({file.path, 0, "no #pragma once"});
    }
  }
  return findings;
}

Findings headers_without_intent(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!is_header(file) || within(file.path, {"interconnect/hawser.hpp"})) continue;
    const std::vector<std::string> lines = lines_of(file.text);
    const auto end = std::find_if(lines.begin(), lines.end(), [](const auto& line) { return !line.starts_with("//"); });
    const auto count = static_cast<std::size_t>(end - lines.begin());
    if (count < intent_lines_min || count > intent_lines_max) {
      findings.push_back(
          {file.path, 1, "a header opens with a few lines of intent; here are " + std::to_string(count)});
    }
  }
  return findings;
}

Findings unfinished_marks(const Tree& tree) {
  // Spelled in two halves, or this file would be its own finding.
  static const std::vector<std::string> marks{
      "TO"
      "DO",
      "FIX"
      "ME",
      "XX"
      "X",
      "HA"
      "CK"};
  Findings findings;
  for (const SourceFile& file : tree) {
    for (const std::string& mark : marks) {
      for (std::size_t at = find_token(file.text, mark); at != std::string::npos;
           at = find_token(file.text, mark, at + 1)) {
        findings.push_back({file.path, line_at(file.text, at), "unfinished work: " + mark});
      }
    }
  }
  return findings;
}

Findings messages_without_id(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree) {
    // The one schema that must be refused is the install test's bait.
    if (!file.path.ends_with(".capnp") || within(file.path, {"tests/install/messages/without_id.capnp"})) continue;
    int depth = 0;
    std::size_t number = 0;
    for (std::string line : lines_of(file.text)) {
      ++number;
      line.resize(std::min(line.find('#'), line.size()));
      const bool top_level = depth == 0;
      if (top_level && find_token(line, "struct") != std::string::npos && line.find("@0x") == std::string::npos) {
        findings.push_back({file.path, number, "a message without an explicit @0x id"});
      }
      depth += static_cast<int>(std::count(line.begin(), line.end(), '{') - std::count(line.begin(), line.end(), '}'));
    }
  }
  return findings;
}

Findings long_functions(const Tree& tree) {
  static const std::vector<std::string> others{"namespace", "class", "struct", "enum", "union", "extern"};
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!is_cpp(file) || within(file.path, {"tests/"})) continue;
    std::size_t number = 0;
    std::size_t opened = 0;
    for (const std::string& line : lines_of(file.text)) {
      ++number;
      const bool at_margin = !line.empty() && line.front() != ' ' && line.front() != '#';
      if (at_margin && line.ends_with("{")) {
        const bool other =
            std::any_of(others.begin(), others.end(), [&](const auto& word) { return line.starts_with(word); });
        opened = other ? 0 : number;
      } else if (line == "}" && opened != 0) {
        const std::size_t lines = number - opened + 1;
        if (lines > function_lines_max) {
          findings.push_back({file.path, opened, "a function of " + std::to_string(lines) + " lines"});
        }
        opened = 0;
      }
    }
  }
  return findings;
}

FileSizes file_sizes(const Tree& tree) {
  FileSizes sizes;
  std::vector<std::size_t> counts;
  for (const SourceFile& file : tree) {
    if (is_plain_data(file)) continue;
    counts.push_back(lines_of(file.text).size());
    if (counts.back() > lines_max) sizes.too_long.push_back({file.path, 0, std::to_string(counts.back()) + " lines"});
  }
  std::sort(counts.begin(), counts.end());
  sizes.files = counts.size();
  if (counts.empty()) return sizes;
  sizes.median = counts[counts.size() / 2];
  sizes.ninetieth = counts[(counts.size() * 9 + 9) / 10 - 1];
  return sizes;
}

}  // namespace hawser::tidy
