// Scenarios played: the examples pass, what should fail fails, and a file is the same run as the seed it came from.
#include <hawser/sim/generate.hpp>
#include <hawser/sim/play.hpp>
#include <hawser/sim/scenario_file.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <set>
#include <string>

using namespace hawser;
using namespace hawser::sim;
using namespace std::chrono_literals;

namespace {

Scenario pair_for(Duration length) {
  Scenario scenario;
  scenario.nodes = {"n1", "n2"};
  scenario.length = length;
  Stream stream;
  stream.every = 100ms;
  scenario.streams = {stream};
  return scenario;
}

Fault fault_of(const std::string& verb, Duration at) {
  Fault fault;
  fault.verb = verb;
  fault.at = at;
  return fault;
}

Expectation state_at(Duration at, const std::string& state) {
  Expectation expected;
  expected.kind = ExpectKind::peer;
  expected.from = expected.to = at;
  expected.state = state;
  return expected;
}

Expectation settled(ExpectKind kind) {
  Expectation expected;
  expected.kind = kind;
  return expected;
}

std::string text_of(const PlayReport& report) {
  std::string text = std::string{to_string(report.verdict)} + ": " + report.why;
  for (const ExpectationResult& result : report.expectations) {
    text += "\n" + std::string{to_string(result.verdict)} + ": " + result.expected + "; " + result.seen;
  }
  return text;
}

PlayReport played(const Scenario& scenario) {
  for (const std::string& problem : problems_of(scenario)) FAIL(problem);
  return play(scenario);
}

}  // namespace

TEST_CASE("the examples of scenarios pass, whatever chance brings", "[scenario][world]") {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{HAWSER_SOURCE_DIR "/examples/scenarios"}) {
    if (entry.path().extension() == ".toml") names.insert(entry.path().string());
  }
  CHECK(names.size() >= 16);
  for (const std::string& name : names) {
    ParsedScenario parsed = load_scenario(name);
    for (const std::string& problem : parsed.problems) FAIL_CHECK(problem);
    if (!parsed.ok()) continue;
    for (const std::uint64_t seed : {parsed.scenario.seed, std::uint64_t{77}}) {
      parsed.scenario.seed = seed;
      const PlayReport report = play(parsed.scenario);
      INFO("hawser sim run " << name << " --seed " << seed << '\n' << text_of(report));
      CHECK(report.verdict == Verdict::pass);
      CHECK(report.looks > 100);
    }
  }
}

TEST_CASE("a state that is not as expected fails, and says what was seen", "[scenario][world]") {
  Scenario scenario = pair_for(8s);
  Fault fault = fault_of("partition", 3s);
  fault.groups = {{"n1"}, {"n2"}};
  scenario.faults = {fault};
  scenario.expectations = {state_at(2s, "up"), state_at(7s, "up")};
  const PlayReport report = played(scenario);
  CHECK(report.verdict == Verdict::fail);
  CHECK(report.expectations.at(0).verdict == Verdict::pass);
  CHECK(report.expectations.at(1).verdict == Verdict::fail);
  CHECK(report.expectations.at(1).seen == "n1 held n2 for unreachable at 7s");
  CHECK(report.sometimes.at("fault/partition") == 1);
  CHECK(report.sometimes.at("event/peer_state/silent") == 4);  // suspect, then unreachable; on both nodes
}

TEST_CASE("eventually and never are judged by all that was seen between", "[scenario][world]") {
  Scenario scenario = pair_for(8s);
  Fault fault = fault_of("isolate", 2s);
  fault.on = {"n2"};
  fault.lasts = 3s;
  scenario.faults = {fault};
  Expectation expected = state_at(0s, "unreachable");
  expected.from = 1s;
  expected.how = ExpectHow::eventually;
  scenario.expectations.push_back(expected);
  expected.to = 1900ms;
  scenario.expectations.push_back(expected);
  expected.how = ExpectHow::never;
  scenario.expectations.push_back(expected);
  expected.to = 8s;
  scenario.expectations.push_back(expected);
  const PlayReport report = played(scenario);
  CAPTURE(text_of(report));
  CHECK(report.expectations.at(0).verdict == Verdict::pass);
  CHECK(report.expectations.at(0).seen.find("so it was at ") == 0);
  CHECK(report.expectations.at(1).verdict == Verdict::fail);
  CHECK(report.expectations.at(2).verdict == Verdict::pass);
  CHECK(report.expectations.at(3).verdict == Verdict::fail);
}

TEST_CASE("who cannot be asked makes a run inconclusive", "[scenario][world]") {
  Scenario scenario = pair_for(4s);
  Fault fault = fault_of("crash", 1s);
  fault.on = {"n2"};
  scenario.faults = {fault};
  Expectation expected = state_at(3s, "up");
  expected.nodes = {"n2"};
  scenario.expectations = {expected};
  CHECK(played(scenario).verdict == Verdict::inconclusive);
  expected.nodes = {"n1"};
  scenario.expectations = {expected};
  CHECK(played(scenario).verdict == Verdict::fail);
  Expectation silent;
  silent.kind = ExpectKind::outcome;
  silent.outcome = "delivered";
  silent.type = "Job";
  scenario.expectations = {silent};
  CHECK(played(scenario).why ==
        "messages Job from every node to every other end as delivered: no such message was sent");
}

TEST_CASE("counts are of the time that counts", "[scenario][world]") {
  Scenario scenario = pair_for(5s);
  Expectation handled = settled(ExpectKind::handled);
  handled.nodes = {"n1"};
  handled.from = 2s;
  handled.to = 4s;
  handled.min = 18;
  handled.max = 22;
  scenario.expectations = {handled, settled(ExpectKind::recovery), settled(ExpectKind::rest)};
  PlayReport report = played(scenario);
  CAPTURE(text_of(report));
  CHECK(report.verdict == Verdict::pass);
  CHECK(report.handled > 80);
  CHECK(report.handled == report.submitted);
  scenario.expectations.at(0).max = 18;
  report = played(scenario);
  CHECK(report.verdict == Verdict::fail);
}

TEST_CASE("what is not healed does not recover, which is a violation with its story", "[scenario][world]") {
  Scenario scenario = pair_for(4s);
  Fault fault = fault_of("one_way", 2s);
  fault.from = {"n1"};
  fault.to = {"n2"};
  scenario.faults = {fault};
  scenario.expectations = {settled(ExpectKind::recovery)};
  const PlayReport report = played(scenario);
  REQUIRE(report.verdict == Verdict::fail);
  REQUIRE(report.violations.size() == 1);
  CHECK(report.violations.front().finding.invariant == Invariant::recovery);
  CHECK(report.violations.front().seed == scenario.seed);
  CHECK_FALSE(report.violations.front().story.empty());
  CHECK(report.expectations.front().verdict == Verdict::fail);
}

TEST_CASE("traffic that is asked for is what is sent: work, failures, bursts, requests, sizes", "[scenario][world]") {
  Scenario scenario = pair_for(10s);
  Stream& stream = scenario.streams.front();
  stream.from = {"n1"};
  stream.type = "Order";
  stream.request = true;
  stream.arrival = Arrival::burst;
  stream.burst = 5;
  stream.every = 1s;
  stream.work = 100ms;
  stream.ttl = 350ms;
  const PlayReport report = played(scenario);
  CAPTURE(text_of(report));
  // One handler at a time: of five at once, the first three are answered in time.
  CHECK(report.submitted % 5 == 0);
  CHECK(report.submitted >= 45);
  CHECK(report.outcomes[static_cast<std::size_t>(OutcomeKind::delivered)] >= 24);
  CHECK(report.outcomes[static_cast<std::size_t>(OutcomeKind::delivered)] <= 30);
  stream.failing = 1'000'000;
  stream.work = 0s;
  const PlayReport failing = played(scenario);
  CHECK(failing.outcomes[static_cast<std::size_t>(OutcomeKind::refused)] == failing.submitted);
}

TEST_CASE("a run stops after the event that was asked for, and is as it was up to there", "[scenario][world]") {
  const Scenario scenario = pair_for(5s);
  PlayOptions options;
  options.until_event = 300;
  const PlayReport once = play(scenario, options);
  CHECK(once.events == 300);
  CHECK(once.verdict == Verdict::inconclusive);
  CHECK(once.trace_hash == play(scenario, options).trace_hash);
  options.until_event = 0;
  options.events_max = 100;
  CHECK(play(scenario, options).verdict == Verdict::inconclusive);
}

// `hawser sim run --seed N` replays one.
TEST_CASE("whatever the seed, no invariant breaks, and in the end everything is up and at rest",
          "[scenario][world][seeds]") {
  std::uint64_t handled = 0;
  std::set<std::string> happened;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const PlayReport report = play(generate(seed));
    INFO("hawser sim run --seed " << seed << '\n' << text_of(report));
    CHECK(report.verdict == Verdict::pass);
    handled += report.handled;
    for (const auto& [name, times] : report.sometimes) happened.insert(name);
  }
  CHECK(handled > 1'000);
  CHECK(happened.size() > 40);
}

TEST_CASE("the file a seed is written to is the same run", "[scenario][world][seeds]") {
  GenerateOptions options;
  options.length_min = options.length_max = 6s;
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 100; seed < 112; ++seed) {
    const Scenario scenario = generate(seed, options);
    const ParsedScenario parsed = parse_scenario(to_toml(scenario), "generated.toml");
    REQUIRE(parsed.ok());
    const PlayReport of_seed = play(scenario);
    const PlayReport of_file = play(parsed.scenario);
    CAPTURE(seed);
    CHECK(of_seed.trace_hash == of_file.trace_hash);
    CHECK(of_seed.events == of_file.events);
    hashes.insert(of_seed.trace_hash);
  }
  CHECK(hashes.size() == 12);
}
