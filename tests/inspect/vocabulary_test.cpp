// The words by which a node explains itself, held against the sources that say them and the page that explains them.
#include <hawser/detector/peer_state.hpp>
#include <hawser/inspect/vocabulary.hpp>
#include <hawser/interconnect/frame.hpp>
#include <hawser/interconnect/runtime.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <string_view>

using namespace hawser;

namespace {

std::string source_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::filesystem::path root_of_sources() { return HAWSER_SOURCE_DIR; }

// Everything that may say a word, but for the vocabulary itself.
std::string all_sources() {
  std::string text;
  for (const char* const room : {"detector", "resilience", "interconnect", "interconnect/isolation", "inspect"}) {
    for (const auto& entry : std::filesystem::directory_iterator{root_of_sources() / room}) {
      const std::string name = entry.path().filename().string();
      if (name == "vocabulary.cpp" || name == "log_line.cpp" || !entry.is_regular_file()) continue;
      text += source_of(entry.path());
    }
  }
  return text;
}

// The first group of every match.
std::set<std::string> matches(const std::string& text, const std::string& pattern, std::size_t group = 1) {
  std::set<std::string> found;
  const std::regex expression{pattern};
  for (std::sregex_iterator at{text.begin(), text.end(), expression}, end; at != end; ++at) found.insert((*at)[group]);
  return found;
}

void check_known(std::string_view subject, const std::set<std::string>& words, std::size_t at_least) {
  CHECK(words.size() >= at_least);  // else the pattern has gone blind
  for (const std::string& word : words) {
    INFO(subject << " " << word);
    CHECK(find_word(subject, word) != nullptr);
  }
}

}  // namespace

TEST_CASE("vocabulary: every word that a node says of a peer, its stance, a breaker or itself is explained") {
  const std::string constant = "inline constexpr std::string_view \\w+ = \"(\\w+)\"";
  check_known("peer", matches(source_of(root_of_sources() / "detector/peer_judge.hpp"), constant), 15);
  check_known("stance", matches(source_of(root_of_sources() / "interconnect/isolation/stance.hpp"), constant), 12);
  const std::string breaker = source_of(root_of_sources() / "resilience/circuit_breaker.cpp");
  check_known("breaker", matches(breaker, "(?:open|enter)\\([^\"]*?now, \"(\\w+)\""), 9);
  check_known("breaker", matches(all_sources(), "breaker_\\.trip\\(now, \"(\\w+)\""), 2);
  const std::string health = source_of(root_of_sources() / "detector/local_health.cpp");
  check_known("itself", matches(health, "\\{(?:now|actual), \"(\\w+)\""), 4);
}

TEST_CASE("vocabulary: every word of connections, refusals and dials is explained") {
  const std::string sources = all_sources();
  check_known("connection", matches(sources, "enter\\(LaneState::\\w+, now, \"(\\w+)\""), 4);
  check_known("connection", matches(sources, "fail_lane\\(\\w+, Lane::Severity::\\w+, \"(\\w+)\""), 4);
  for (std::size_t reason = 1; reason < refusal_reason_count; ++reason) {
    INFO(to_string(static_cast<RefusalReason>(reason)));
    CHECK(find_word("refusal", to_string(static_cast<RefusalReason>(reason))) != nullptr);
  }
  std::size_t failures = 0;
  for (int number = 0; number < 32; ++number) {
    const std::string_view word = to_string(static_cast<LinkFailure>(number));
    if (word == "?") continue;
    ++failures;
    INFO(word);
    CHECK(find_word("peer", word) != nullptr);
  }
  CHECK(failures >= 8);
}

TEST_CASE("vocabulary: every kind of event, and every cause that is said there alone, is explained") {
  const std::string sources = all_sources();
  check_known("event", matches(sources, "event\\(\\s*\"(\\w+)\","), 12);
  const std::set<std::string> causes = matches(sources, "event\\(\\s*\"\\w+\", [^,\"]*, \"(\\w+)\"");
  CHECK(causes.size() >= 8);
  for (const std::string& word : causes) {
    INFO(word);
    const bool explained = find_word("happening", word) != nullptr || find_word("connection", word) != nullptr ||
                           find_word("refusal", word) != nullptr;
    CHECK(explained);
  }
}

TEST_CASE("vocabulary: the page has words of its own for every cause of a peer, and for nothing else") {
  const std::string page = source_of(root_of_sources() / "inspect/page/10_words.js");
  const std::size_t from = page.find("const CAUSES = {");
  REQUIRE(from != std::string::npos);
  const std::set<std::string> said = matches(page.substr(from, page.find("\n};", from) - from), "\n  (\\w+): \\[");
  std::set<std::string> there_are;
  for (const WordMeaning& each : vocabulary()) {
    if (each.subject == "peer") there_are.insert(std::string{each.word});
  }
  CHECK(said == there_are);
}

TEST_CASE("vocabulary: no word is explained twice, or said nowhere") {
  const std::string sources = all_sources();
  std::set<std::string> seen;
  for (const WordMeaning& each : vocabulary()) {
    INFO(each.subject << " " << each.word);
    CHECK(seen.insert(std::string{each.subject} + " " + std::string{each.word}).second);
    CHECK(sources.find('"' + std::string{each.word} + '"') != std::string::npos);
    CHECK_FALSE(each.meaning.empty());
    CHECK(each.meaning.find('|') == std::string_view::npos);
  }
}

TEST_CASE("vocabulary: prints the tables for docs/operations.md", "[.words]") { std::cout << vocabulary_markdown(); }

TEST_CASE("docs/operations.md holds the words as they are") {
  const std::string page = source_of(root_of_sources() / "docs/operations.md");
  // When this fails, replace the part between the marks by what `inspect_tests '[.words]'` prints.
  const std::string begin = "<!-- words: from the table in inspect/vocabulary.cpp -->\n";
  const std::size_t from = page.find(begin);
  const std::size_t to = page.find("<!-- end of words -->");
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  CHECK(page.substr(from + begin.size(), to - from - begin.size()) == vocabulary_markdown());
}

TEST_CASE("docs/operations.md names every state") {
  const std::string page = source_of(root_of_sources() / "docs/operations.md");
  for (const char* const state :
       {"connecting", "up", "suspect", "unreachable", "degraded", "joining", "serving", "isolated", "closed", "open",
        "half_open", "ramping", "forced_open", "disabled", "idle", "waiting", "dialling", "greeting"}) {
    INFO(state);
    CHECK(page.find('`' + std::string{state} + '`') != std::string::npos);
  }
}
