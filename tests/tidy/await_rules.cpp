// g++ 12 destroys some temporaries of a co_await expression twice: capturing lambdas and braced aggregates with a
// member that is not trivially destructible. Text does not show triviality, so braces are allowed only where we know
// the type.
#include "tidy/rules.hpp"

#include <algorithm>
#include <cctype>

namespace hawser::tidy {
namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_word(char c) { return is_letter(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }

// Offset of the bracket that closes the one at `open`; the end of the text if none does.
std::size_t closing(std::string_view code, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < code.size(); ++i) {
    if (code[i] == '(' || code[i] == '[' || code[i] == '{') ++depth;
    if (code[i] == ')' || code[i] == ']' || code[i] == '}') --depth;
    if (depth == 0) return i;
  }
  return code.size();
}

// One past the expression that begins at `from`: a semicolon, or a bracket that was opened before it.
std::size_t expression_end(std::string_view code, std::size_t from) {
  for (std::size_t i = from; i < code.size(); ++i) {
    if (code[i] == ';' || code[i] == ')' || code[i] == ']' || code[i] == '}') return i;
    if (code[i] == '(' || code[i] == '[' || code[i] == '{') i = closing(code, i);
  }
  return code.size();
}

std::size_t last_non_space(std::string_view code, std::size_t before) {
  while (before > 0 && is_space(code[before - 1])) --before;
  return before == 0 ? std::string_view::npos : before - 1;
}

bool opens_lambda(std::string_view code, std::size_t bracket) {
  const std::size_t before = last_non_space(code, bracket);
  return before == std::string_view::npos ||
         std::string_view{"(,={&|?:;!"}.find(code[before]) != std::string_view::npos;
}

std::string_view word_before(std::string_view code, std::size_t brace) {
  const std::size_t last = last_non_space(code, brace);
  if (last == std::string_view::npos || !is_word(code[last])) return {};
  std::size_t first = last;
  while (first > 0 && is_word(code[first - 1])) --first;
  return code.substr(first, last - first + 1);
}

// Known to be trivially destructible: values of time, the options of send and request, plain numbers, nothing at all.
bool harmless_braces(std::string_view type, std::string_view inside) {
  for (const std::string_view known : {"Duration", "Instant", "SendOptions", "RequestOptions"}) {
    if (type == known) return true;
  }
  const std::size_t first = std::min(inside.find_first_not_of(" \n\t"), inside.size());
  inside.remove_prefix(first);
  for (const std::string_view option : {".ttl", ".key", ".timeout"}) {
    if (inside.starts_with(option)) return true;
  }
  return type.empty() && std::none_of(inside.begin(), inside.end(), [](char c) { return is_letter(c) || c == '"'; });
}

void inspect_expression(const SourceFile& file, std::string_view code, std::size_t from, std::size_t end,
                        Findings& findings) {
  for (std::size_t i = from; i < end; ++i) {
    if (code[i] == '[' && opens_lambda(code, i)) {
      const std::size_t close = closing(code, i);
      const std::string_view captures = code.substr(i + 1, close - i - 1);
      if (!std::all_of(captures.begin(), captures.end(), is_space)) {
        findings.push_back({file.path, line_at(code, i), "a capturing lambda inside co_await: give it a name first"});
      }
      // Its body is another function, with expressions of its own.
      const std::size_t body = code.find('{', close);
      i = body < end ? closing(code, body) : close;
    } else if (code[i] == '{') {
      const std::size_t close = closing(code, i);
      if (!harmless_braces(word_before(code, i), code.substr(i + 1, close - i - 1))) {
        findings.push_back({file.path, line_at(code, i), "a braced temporary inside co_await: give it a name first"});
        i = close;
      }
    }
  }
}

}  // namespace

Findings temporaries_in_co_await(const Tree& tree) {
  static const std::string keyword = "co_await";
  Findings findings;
  for (const SourceFile& file : tree) {
    if (!is_cpp(file)) continue;
    const std::string code = code_of(file.text);
    for (std::size_t at = find_token(code, keyword); at != std::string::npos; at = find_token(code, keyword, at + 1)) {
      const std::size_t begin = at + keyword.size();
      inspect_expression(file, code, begin, expression_end(code, begin), findings);
    }
  }
  return findings;
}

}  // namespace hawser::tidy
