// The check must find every kind of chance that tests/planted/chance.cpp lets in, and nothing where nothing is.
#include "determinism_check.hpp"

#include <catch2/catch.hpp>
#include <support/sanitized.hpp>

#include <algorithm>
#include <string>

using namespace hawser::tools;

namespace {

DeterminismCheck check_of(const std::string& kind) { return check_determinism({HAWSER_PLANTED, kind}); }

}  // namespace

TEST_CASE("a run that is a function of its seed is the same under both conditions", "[determinism]") {
  const DeterminismCheck check = check_of("none");
  INFO(check.problem);
  CHECK(check.same());
  CHECK(check.comparison.rows > 500);
}

// A sanitizer brings its own allocator, which the two conditions cannot vary.
#if !defined(HAWSER_SANITIZED)
TEST_CASE("every planted source of chance is found, at the row where it first shows", "[determinism]") {
  const auto* kind = GENERATE(as<const char*>{}, "clock", "unordered", "pointer_order", "uninitialised", "race",
                              "locale", "time_zone");
  INFO(kind);
  const DeterminismCheck check = check_of(kind);
  INFO(check.problem);
  REQUIRE(check.comparison.difference);
  const hawser::sim::TraceDifference& difference = *check.comparison.difference;
  INFO(difference.sentence());
  // What differs is the size of a frame that is sent, before anything else.
  REQUIRE(!difference.first.empty());
  CHECK(difference.first.front().find("\tsent\t") != std::string::npos);
  CHECK(std::count(difference.columns.begin(), difference.columns.end(), "number") == 1);
  CHECK(std::count(difference.columns.begin(), difference.columns.end(), "host") == 0);
  CHECK(difference.before.size() == 5);
}
#endif

TEST_CASE("what cannot be compared is said, not passed", "[determinism]") {
  CHECK(check_determinism({"/nowhere/at/all"}).problem == "both runs: the program could not be started");
  CHECK(check_determinism({"/bin/false"}).problem == "both runs: the program ended with exit code 1");
  CHECK(check_determinism({"/bin/true"}).problem ==
        "the program wrote no trace to the file named by its last argument");
  CHECK(check_determinism({"/usr/bin/touch"}).problem == "both traces are empty");
}

TEST_CASE("the two conditions differ in everything that must not matter", "[determinism]") {
  const auto conditions = two_conditions();
  CHECK(conditions[0].text != conditions[1].text);
  CHECK(conditions[0].one_cpu != conditions[1].one_cpu);
  for (const auto& variable : conditions[0].environment) {
    const auto& others = conditions[1].environment;
    const auto same_name = [&variable](const auto& entry) { return entry.first == variable.first; };
    const auto other = std::find_if(others.begin(), others.end(), same_name);
    INFO(variable.first);
    REQUIRE(other != others.end());
    CHECK(other->second != variable.second);
  }
}
