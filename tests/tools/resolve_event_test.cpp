// Changes of stance and view, written down in a simulated run and decided again from their lines alone.
#include <hawser/inspect/isolation_json.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/play.hpp>
#include <hawser/sim/scenario_file.hpp>
#include <hawser/sim/watch.hpp>
#include "resolve_event.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

using namespace hawser;
using namespace hawser::tools;
using nlohmann::json;

namespace {

// All changes of the example in which a minority is cut off, isolates itself, and comes back.
const std::vector<std::string>& lines() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> written;
    const sim::ParsedScenario parsed =
        sim::load_scenario(std::string{HAWSER_SOURCE_DIR} + "/examples/scenarios/isolated_minority.toml");
    REQUIRE(parsed.ok());
    sim::PlayOptions options;
    options.on_start = [&written](sim::World&, sim::Watch& watch) {
      watch.on_change([&written](const Node& node, const StanceChange* stance, const ViewChange* view) {
        written.push_back(stance != nullptr ? to_json(*stance, node.config()) : to_json(*view, node.config()));
      });
    };
    REQUIRE(sim::play(parsed.scenario, options).verdict == sim::Verdict::pass);
    return written;
  }();
  return all;
}

std::string first_of(const std::string& change, const std::string& to = {}) {
  for (const std::string& line : lines()) {
    const json parsed = json::parse(line);
    if (parsed["change"] == change && (to.empty() || parsed["to"] == to)) return line;
  }
  FAIL("no such change");
  return {};
}

std::string complaint(const std::string& line) {
  std::string problem;
  CHECK_FALSE(read_change(line, problem));
  return problem;
}

ReplayedChange replayed(const std::string& line) {
  std::string problem;
  const auto change = read_change(line, problem);
  CAPTURE(problem);
  REQUIRE(change);
  return replay(*change);
}

}  // namespace

TEST_CASE("every change of a run is decided the same again from its line alone") {
  std::map<std::string, int> seen;
  for (const std::string& line : lines()) {
    CAPTURE(line);
    const ReplayedChange again = replayed(line);
    CHECK(again.same);
    ++seen[again.said];
  }
  for (const char* kind : {"serving", "isolated", "rejoined", "continued", "settled"}) {
    CAPTURE(kind);
    CHECK(seen[kind] > 0);
  }
}

TEST_CASE("a change whose evidence says otherwise is found") {
  json serving = json::parse(first_of("stance", "serving"));
  const std::int64_t lease = serving["rules"]["lease_us"];
  for (json& support : serving["evidence"]["supports"])
    support["sent_us"] = serving["evidence"]["at_us"].get<std::int64_t>() - lease;
  CHECK_FALSE(replayed(serving.dump()).same);

  json entered = json::parse(first_of("entered"));
  entered["rejoined"] = !entered["rejoined"].get<bool>();
  CHECK_FALSE(replayed(entered.dump()).same);

  json settled = json::parse(first_of("settled"));
  for (json& row : settled["evidence"]["table"]) row["grant"] = nullptr, row["serving"] = nullptr;
  CHECK_FALSE(replayed(settled.dump()).same);
}

TEST_CASE("what is no change is told with what is wrong with it") {
  CHECK(complaint("{") == "it is no JSON");
  CHECK(complaint("[]") == "it has no `change`");
  CHECK(complaint("{\"change\": 7}") == "`change` is no text");
  json change = json::parse(first_of("stance"));
  json wrong = change;
  wrong["rules"]["members"] = json::array();
  CHECK(complaint(wrong.dump()) == "`rules` make no coterie: there are no members");
  wrong = change;
  wrong["evidence"]["self"] = 99;
  CHECK(complaint(wrong.dump()).starts_with("`self` lies outside of 0 .. "));
  wrong = change;
  wrong["evidence"]["incarnation"] = "1x";
  CHECK(complaint(wrong.dump()) == "`incarnation` is no number written as text");
  wrong = change;
  wrong["to"] = "asleep";
  CHECK(complaint(wrong.dump()) == "`to` is no stance");
  wrong = change;
  wrong["evidence"].erase("table");
  CHECK(complaint(wrong.dump()) == "it has no `table`");
}
