// Any text is a question to `hawser resolve`, or every problem is a sentence; no question is answered with a crash.
#include "json_tree.hpp"
#include "resolve_question.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace hawser;
using namespace hawser::tools;

void demand_sentences(const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) {
    if (sentence.empty()) std::abort();
  }
}

void ask(std::string_view text, bool json) {
  TomlProblems problems;
  const auto root = json ? parse_json(text, problems) : parse_toml(text, "list of members", problems);
  if (!root && problems.empty()) std::abort();
  ResolveQuestion question;
  if (root) read_question(*root, "fuzz", question, problems);
  for (const std::string& line : problems.lines("fuzz")) {
    if (!line.starts_with("fuzz")) std::abort();
  }
  if (!problems.empty()) return;
  std::vector<std::string> wrong;
  const auto candidates = candidates_of(question, wrong);
  if (candidates.empty() && wrong.empty()) std::abort();
  if (wrong.empty() && !damage_of(question, wrong) && wrong.empty()) std::abort();
  demand_sentences(wrong);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  ask(text, text.starts_with('{'));
  return 0;
}
