// Test cases of the other suites, run by their titles inside this program; and the stage that this program has not.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <stories/pair.hpp>

#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace hawser::stories {

std::unique_ptr<Pair> socket_pair() { throw std::logic_error{"no sockets here"}; }

}  // namespace hawser::stories

namespace hawser::mutants {

namespace {

// Commas and brackets mean something in a test specification.
std::string escaped(const std::string& title) {
  std::string result;
  for (const char c : title) {
    if (c == ',' || c == '[' || c == ']' || c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

// "file.cpp:12: failed: what it said": the last part of the first such line, with the lines that belong to it.
std::string first_failure(const std::string& report) {
  static const std::string mark = ": failed: ";
  const std::size_t at = report.find(mark);
  if (at == std::string::npos) return report;
  const std::size_t begin = at + mark.size();
  return report.substr(begin, report.find('\n', begin) - begin);
}

}  // namespace

std::string run_test_case(const std::string& title);

std::string run_test_case(const std::string& title) {
  std::ostringstream said;
  std::streambuf* const before = std::cout.rdbuf(said.rdbuf());
  Catch::Session session;
  Catch::ConfigData& config = session.configData();
  config.testsOrTags.push_back(escaped(title));
  config.reporterName = "compact";
  config.abortAfter = 1;
  config.warnings = Catch::WarnAbout::NoTests;
  const int failed = session.run();
  std::cout.rdbuf(before);
  if (failed == 0) return {};
  return "test '" + title + "': " + first_failure(said.str());
}

}  // namespace hawser::mutants
