// docs/commands.md explains every exit code there is, and none that is not.
#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

std::string exit_text(const std::string& path) {
  std::ifstream file{std::string{HAWSER_SOURCE_DIR} + path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// The codes of each table of them on the page, in its order.
std::vector<std::set<int>> exit_tables(const std::string& page) {
  const std::string head = "| exit code | means |\n|---|---|\n";
  std::vector<std::set<int>> tables;
  for (std::size_t at = page.find(head); at != std::string::npos; at = page.find(head, at)) {
    std::set<int> codes;
    for (at += head.size(); page.compare(at, 2, "| ") == 0; at = page.find('\n', at) + 1) {
      codes.insert(std::stoi(page.substr(at + 2)));
    }
    tables.push_back(codes);
  }
  return tables;
}

}  // namespace

TEST_CASE("exit codes: docs/commands.md explains those that there are, for all commands and for each") {
  std::set<int> there_are;
  const std::string source = exit_text("/tools/exit_code.hpp");
  const std::regex value{"exit_\\w+ = (\\d+)"};
  for (std::sregex_iterator at{source.begin(), source.end(), value}, end; at != end; ++at) {
    there_are.insert(std::stoi((*at)[1]));
  }
  REQUIRE(there_are.size() >= 4);
  const std::vector<std::set<int>> tables = exit_tables(exit_text("/docs/commands.md"));
  REQUIRE(tables.size() >= 4);
  CHECK(tables.front() == there_are);
  for (const std::set<int>& codes : tables) {
    CHECK(codes.count(0) == 1);
    for (const int code : codes) CHECK(there_are.count(code) == 1);
  }
}
