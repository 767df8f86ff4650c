#include "campaign.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <utility>

using namespace hawser::tools;

namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string replay_of(std::uint64_t number) { return "replay " + std::to_string(number); }

}  // namespace

TEST_CASE("failures are grouped by invariant, with the smallest number and how to see it again", "[campaign]") {
  FailureTable failures;
  failures.add({7, "I7 completeness", "seven"});
  failures.add({3, "I7 completeness", "three\n10\tn1\tsent\n"});
  failures.add({5, "I2 at most once", "five"});
  CHECK(failures.count() == 3);
  const Terminal plain{stdout, false, false, 80};
  const std::string text = joined(failures.lines(plain, "seeds", replay_of));
  CHECK(text ==
        "I2 at most once: 1 of the seeds, the smallest is 5\n"
        "  five\n"
        "  replay 5\n"
        "I7 completeness: 2 of the seeds, the smallest is 3\n"
        "  3 7\n"
        "  three\n"
        "  10 n1 sent\n"
        "  replay 3\n");
}

TEST_CASE("of many failures the smallest twenty are named, whatever their order", "[campaign]") {
  FailureTable failures;
  for (std::uint64_t number = 100; number > 0; --number) failures.add({number, "I5 memory", "full"});
  const FailureTable::Group& group = failures.groups().at("I5 memory");
  CHECK(group.count == 100);
  CHECK(group.smallest.number == 1);
  REQUIRE(group.numbers.size() == 20);
  CHECK(group.numbers.front() == 1);
  CHECK(group.numbers.back() == 20);
}

TEST_CASE("a run that crashes or hangs fails as I19 under its number, and the others go on", "[campaign]") {
  CampaignPlan plan;
  plan.unit = "seeds";
  plan.jobs = 2;
  plan.seconds_per_run = 0.5;
  plan.show_progress = false;
  plan.next = [at = std::uint64_t{1}]() mutable -> std::optional<std::uint64_t> {
    if (at > 8) return std::nullopt;
    return at++;
  };
  plan.work = [](std::uint64_t number) -> std::string {
    if (number == 4) {
      std::fprintf(stderr, "assertion failed: the sky is above\n");
      std::abort();
    }
    if (number == 6) {
      while (true) ::pause();
    }
    return std::to_string(number);
  };
  std::vector<std::uint64_t> taken;
  plan.taken = [&taken](std::uint64_t number, const std::string& answer) {
    CHECK(answer == std::to_string(number));
    taken.push_back(number);
  };
  Terminal plain{stdout, false, false, 80};
  FailureTable failures;
  const CampaignEnd end = run_campaign(plan, plain, failures);
  CHECK(end.runs == 8);
  CHECK(!end.interrupted);
  std::sort(taken.begin(), taken.end());
  CHECK(taken == std::vector<std::uint64_t>{1, 2, 3, 5, 7, 8});
  const FailureTable::Group& crashes = failures.groups().at("I19 no crash");
  CHECK(crashes.numbers == std::vector<std::uint64_t>{4, 6});
  CHECK(crashes.smallest.text == "the process ended with SIGABRT; it said:\nassertion failed: the sky is above");
}

TEST_CASE("an interrupt ends a campaign early and keeps what is known", "[campaign]") {
  CampaignPlan plan;
  plan.unit = "seeds";
  plan.jobs = 1;
  plan.show_progress = false;
  plan.next = [at = std::uint64_t{1}]() mutable -> std::optional<std::uint64_t> { return at++; };
  plan.work = [](std::uint64_t number) { return std::to_string(number); };
  std::uint64_t taken = 0;
  plan.taken = [&taken](std::uint64_t, const std::string&) {
    if (++taken == 10) std::raise(SIGINT);
  };
  Terminal plain{stdout, false, false, 80};
  FailureTable failures;
  const CampaignEnd end = run_campaign(plan, plain, failures);
  CHECK(end.interrupted);
  CHECK(end.runs == taken);
  CHECK(taken >= 10);
  CHECK(failures.empty());
}

TEST_CASE("numbers and spans are written for people", "[campaign]") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1234567) == "1 234 567");
  CHECK(span_text(1.25) == "1.2 s");
  CHECK(span_text(59.9) == "59 s");
  CHECK(span_text(200) == "3 min 20 s");
  CHECK(span_text(7260) == "2 h 1 min");
}
