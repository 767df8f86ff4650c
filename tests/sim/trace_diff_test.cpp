#include <hawser/sim/trace_diff.hpp>

#include <catch2/catch.hpp>

#include <sstream>

using hawser::sim::compare_traces;
using hawser::sim::TraceComparison;

namespace {

TraceComparison compared(const std::string& first, const std::string& second, std::size_t context = 2) {
  std::istringstream one{first};
  std::istringstream other{second};
  return compare_traces(one, other, context);
}

}  // namespace

TEST_CASE("equal traces have no difference, and their rows are counted", "[trace]") {
  const TraceComparison same = compared("1\tn1\tsent\tn2\t64\t\n2\tn2\tarrived\tn1\t64\t\n",
                                        "1\tn1\tsent\tn2\t64\t\n2\tn2\tarrived\tn1\t64\t\n");
  CHECK(!same.difference);
  CHECK(same.rows == 2);
  CHECK(compared("", "").rows == 0);
}

TEST_CASE("the first row that differs is named with its columns and what stands around it", "[trace]") {
  const TraceComparison found =
      compared("a\nb\nc\n10\tn1\tsent\tn2\t64\t\nafter\nlater\nlatest\n", "a\nb\nc\n11\tn1\tsent\tn2\t65\t\nafter\n");
  REQUIRE(found.difference);
  CHECK(found.rows == 3);
  CHECK(found.difference->row == 4);
  CHECK(found.difference->sentence() == "row 4 differs in time and number");
  CHECK(found.difference->before == std::vector<std::string>{"b", "c"});
  CHECK(found.difference->first == std::vector<std::string>{"10\tn1\tsent\tn2\t64\t", "after", "later"});
  CHECK(found.difference->second == std::vector<std::string>{"11\tn1\tsent\tn2\t65\t", "after"});
}

TEST_CASE("a text with tabs is one column", "[trace]") {
  const TraceComparison found = compared("1\tn1\tnote\t-\t0\tone\ttwo\n", "1\tn1\tnote\t-\t0\tone\tthree\n");
  REQUIRE(found.difference);
  CHECK(found.difference->columns == std::vector<std::string>{"text"});
}

TEST_CASE("a trace that ends early is said to", "[trace]") {
  const TraceComparison found = compared("a\nb\n", "a\n");
  REQUIRE(found.difference);
  CHECK(found.difference->sentence() == "the second trace ends after row 1, the first goes on");
  CHECK(found.difference->second.empty());
  CHECK(compared("a\n", "a\nb\n").difference->sentence() == "the first trace ends after row 1, the second goes on");
}
