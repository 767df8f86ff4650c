#include "exit_code.hpp"
#include <hawser/sim/play.hpp>
#include "sweep_command.hpp"
#include "sweep_tally.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

using namespace hawser;
using namespace hawser::tools;

namespace {

sim::PlayReport report_of(sim::Verdict verdict) {
  sim::PlayReport report;
  report.verdict = verdict;
  report.events = 100;
  report.looks = 10;
  report.submitted = 5;
  report.handled = 4;
  report.virtual_time = Duration{30'000'000};
  report.outcomes[static_cast<std::size_t>(OutcomeKind::delivered)] = 4;
  report.sometimes = {{"fault/partition", 2}};
  return report;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("a tally adds up what the seeds have seen", "[sweep]") {
  SweepTally tally;
  tally.take(1, encode(report_of(sim::Verdict::pass)));
  tally.take(2, encode(report_of(sim::Verdict::pass)));
  sim::PlayReport broken = report_of(sim::Verdict::fail);
  broken.violations.push_back({{sim::Invariant::ttl, {"n1"}, "too late"}, sim::world_begin, 77, 3, {"1\tn1\n"}});
  tally.take(3, encode(broken));
  sim::PlayReport unmet = report_of(sim::Verdict::fail);
  unmet.expectations.push_back({sim::Verdict::fail, "n1 is up", "it was not"});
  tally.take(4, encode(unmet));
  sim::PlayReport endless = report_of(sim::Verdict::inconclusive);
  endless.why = "too many events";
  tally.take(5, encode(endless));

  CHECK(tally.verdicts().pass == 2);
  CHECK(tally.verdicts().fail == 2);
  CHECK(tally.verdicts().inconclusive == 1);
  CHECK(tally.failures().groups().at("I3 TTL").smallest.number == 3);
  CHECK(tally.failures().groups().at("I3 TTL").smallest.text.find("too late") != std::string::npos);
  CHECK(tally.failures().groups().at("expectation").smallest.text == "expected n1 is up; it was not\n");
  CHECK(tally.sometimes().at("fault/partition").seeds == 5);
  CHECK(tally.sometimes().at("fault/partition").times == 10);
}

TEST_CASE("what no seed has met is named", "[sweep]") {
  SweepTally tally;
  CHECK(has(tally.never(), "fault/partition"));
  CHECK(has(tally.never(), "outcome/delivered"));
  tally.take(1, encode(report_of(sim::Verdict::pass)));
  CHECK(!has(tally.never(), "fault/partition"));
  CHECK(!has(tally.never(), "outcome/delivered"));
  CHECK(has(tally.never(), "fault/one_way"));
  CHECK(has(tally.never(), "outcome/too_large"));
}

TEST_CASE("the result of a sweep is there for programs", "[sweep]") {
  SweepTally tally;
  tally.take(1, encode(report_of(sim::Verdict::pass)));
  nlohmann::ordered_json json;
  tally.add_to(json);
  CHECK(json["pass"] == 1);
  CHECK(json["outcomes"]["delivered"] == 4);
  CHECK(json["sometimes"]["fault/partition"]["times"] == 2);
  CampaignEnd end;
  end.runs = 10;
  end.cpu_seconds = 2;
  CHECK(seeds_per_hour_and_core(end) == Approx(18'000));
}

TEST_CASE("a range of seeds is one number or two, and runs forwards", "[sweep]") {
  CHECK(seed_range("17") == SeedRange{17, 17});
  CHECK(seed_range("1..1000") == SeedRange{1, 1000});
  CHECK(seed_range("0..18446744073709551615") == SeedRange{0, ~std::uint64_t{0}});
  for (const char* wrong :
       {"", "..", "1..", "..5", "5..4", "1...4", "a..b", "1-4", " 1", "1 ", "-1", "99999999999999999999"}) {
    INFO(wrong);
    CHECK(!seed_range(wrong));
  }
}

TEST_CASE("options that make no sense are refused before anything runs", "[sweep]") {
  SweepCommandOptions options;
  options.seeds = "9..1";
  CHECK(sim_sweep(options) == exit_usage);
  options = {};
  options.file = "/nowhere/at/all.toml";
  CHECK(sim_sweep(options) == exit_usage);
  options = {};
  options.minutes = -1;
  CHECK(sim_sweep(options) == exit_usage);
}
