#include "json_tree.hpp"
#include "resolve_question.hpp"
#include "resolve_run.hpp"
#include "resolve_survey.hpp"
#include "resolve_why.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;
using namespace hawser::tools;

namespace {

CoterieConfig cluster_of(std::size_t n, Strategy strategy) {
  CoterieConfig config;
  config.strategy = strategy;
  for (std::size_t i = 1; i <= n; ++i) config.members.push_back({NodeId{"n" + std::to_string(i)}, 1, {}});
  if (strategy == Strategy::static_quorum) config.quorum = static_cast<std::uint32_t>(n / 2 + 1);
  if (strategy == Strategy::referee) config.referee = NodeId{"n2"};
  return config;
}

ResolveTimes usual() {
  ResolveTimes times;
  times.detection = times.settings.heartbeat * 4;
  return times;
}

Damage damage(const CoterieConfig& config, const std::string& cut, const std::string& links = {},
              const std::string& down = {}) {
  Damage damage{config.members.size()};
  std::string problem;
  read_cut(cut, config.members, damage, problem);
  read_links(links, config.members, damage, problem);
  read_down(down, config.members, damage, problem);
  REQUIRE(problem == "");
  return damage;
}

std::string serving(const CoterieConfig& config, const Damage& damage) {
  const ResolveOutcome outcome = resolve(config, usual(), damage);
  CHECK(outcome.began);
  CHECK(outcome.stable);
  return Coterie{config}.names(outcome.serving());
}

const ResolveStep* step(const ResolveOutcome& outcome, Place place, ResolveEvent event) {
  const auto found = std::find_if(outcome.steps.begin(), outcome.steps.end(),
                                  [&](const ResolveStep& each) { return each.place == place && each.event == event; });
  return found == outcome.steps.end() ? nullptr : &*found;
}

std::string read_wrong(const std::string& cut, const std::string& links) {
  const CoterieConfig config = cluster_of(3, Strategy::keep_majority);
  Damage damage{3};
  std::string problem;
  read_cut(cut, config.members, damage, problem);
  if (problem.empty()) read_links(links, config.members, damage, problem);
  return problem;
}

std::string read_json(const std::string& text, ResolveQuestion& question) {
  TomlProblems problems;
  const auto root = parse_json(text, problems);
  if (root) read_question(*root, "q.json", question, problems);
  std::string all;
  for (const std::string& line : problems.lines("q.json")) all += line + "\n";
  return all;
}

}  // namespace

TEST_CASE("resolve: each strategy keeps the side it names") {
  const std::string small_with_oldest = "n1,n2|n3,n4,n5";
  const auto kept = [&](Strategy strategy) {
    const CoterieConfig config = cluster_of(5, strategy);
    return serving(config, damage(config, small_with_oldest));
  };
  CHECK(kept(Strategy::keep_majority) == "{n3, n4, n5}");
  CHECK(kept(Strategy::static_quorum) == "{n3, n4, n5}");
  CHECK(kept(Strategy::keep_oldest) == "{n1, n2}");
  CHECK(kept(Strategy::referee) == "{n1, n2}");
  CHECK(kept(Strategy::none) == "{n1, n2, n3, n4, n5}");
}

TEST_CASE("resolve: who has no quorum is silent, and of the dead nothing is said") {
  const CoterieConfig config = cluster_of(5, Strategy::keep_majority);
  CHECK(serving(config, damage(config, "n1,n2|n3,n4|n5")) == "{}");
  CHECK(serving(config, damage(config, "", "", "n4,n5")) == "{n1, n2, n3}");
  CHECK(serving(config, damage(config, "", "", "n3,n4,n5")) == "{}");
  CHECK(serving(config, damage(config, "")) == "{n1, n2, n3, n4, n5}");
}

TEST_CASE("resolve: one lost direction drops one end of the link, the junior one") {
  const CoterieConfig config = cluster_of(3, Strategy::keep_majority);
  const ResolveOutcome outcome = resolve(config, usual(), damage(config, "", "n1>n3"));
  CHECK(Coterie{config}.names(outcome.serving()) == "{n1, n2}");
  CHECK(outcome.members[2].quorum);
  CHECK(why(config, outcome, 2).find("but not with {n1} of those who serve") != std::string::npos);
  CHECK(why(config, outcome, 0).find("2 of 3 votes, it takes 2") != std::string::npos);
}

TEST_CASE("resolve: the losing side stops within the lease, before anybody is told removed") {
  for (const Duration stable : {100ms, 1000ms, 4000ms}) {
    ResolveTimes times = usual();
    times.settings.stable_after = stable;
    const CoterieConfig config = cluster_of(3, Strategy::keep_majority);
    const ResolveOutcome outcome = resolve(config, times, damage(config, "n1,n2|n3"));
    const ResolveStep* const stopped = step(outcome, 2, ResolveEvent::isolated);
    const ResolveStep* const told = step(outcome, 0, ResolveEvent::entered);
    REQUIRE(stopped != nullptr);
    REQUIRE(told != nullptr);
    CHECK(stopped->at <= times.settings.lease);
    CHECK(told->who == MemberSet::only(2));
    CHECK(told->at > stopped->at);
    // max(promise, detection + stable_after) and a few round trips; each counts from the last pulse that came through.
    const Duration due = std::max(times.settings.promise(), times.detection + stable);
    CHECK(told->at >= due - times.settings.heartbeat * 2);
    CHECK(told->at <= due + times.settings.heartbeat * 2);
    CHECK(step(outcome, 0, ResolveEvent::settled) != nullptr);
  }
}

TEST_CASE("resolve: what is derived at once is what the cores come to, in every cut of three and four") {
  for (const Strategy strategy :
       {Strategy::keep_majority, Strategy::static_quorum, Strategy::keep_oldest, Strategy::referee}) {
    for (const std::size_t n : {3u, 4u}) {
      const CoterieConfig config = cluster_of(n, strategy);
      for (const SurveyCut& cut : survey(config).cuts) {
        Damage broken{n};
        broken.cut_off(cut.side);
        INFO(strategy << ", side " << cut.side);
        CHECK(resolve(config, usual(), broken).serving() == cut.serving);
      }
    }
  }
}

TEST_CASE("resolve: and in every single failure of three") {
  for (const Strategy strategy :
       {Strategy::keep_majority, Strategy::static_quorum, Strategy::keep_oldest, Strategy::referee}) {
    const CoterieConfig config = cluster_of(3, strategy);
    for (const SurveyFailure& failure : survey(config).failures) {
      Damage broken{3};
      if (failure.kind == SurveyFailure::Kind::node) broken.down(failure.a);
      if (failure.kind == SurveyFailure::Kind::link) broken.lose_both(failure.a, failure.b);
      if (failure.kind == SurveyFailure::Kind::direction) broken.lose(failure.a, failure.b);
      INFO(strategy << ", " << failure_in_words(config, failure));
      CHECK(resolve(config, usual(), broken).serving() == failure.serving);
    }
  }
}

TEST_CASE("survey: counts cuts once, and finds those that silence everybody") {
  const ResolveSurvey three = survey(cluster_of(3, Strategy::keep_majority));
  CHECK(three.cuts.size() == 3);
  CHECK(three.silenced() == 0);
  CHECK(three.failures.size() == 3 + 3 + 6);
  // Of four, three must be together when it takes three; two and two silence everybody.
  const ResolveSurvey four = survey(cluster_of(4, Strategy::static_quorum));
  CHECK(four.cuts.size() == 7);
  CHECK(four.silenced() == 3);
  // Half of the votes with the first member go on.
  CHECK(survey(cluster_of(4, Strategy::keep_majority)).silenced() == 0);
  const ResolveSurvey referee = survey(cluster_of(3, Strategy::referee));
  CHECK(referee.failures[1].serving.empty());
  CHECK(failure_in_words(cluster_of(3, Strategy::referee), referee.failures[1]) == "n2 down");
}

TEST_CASE("resolve: equal questions have equal answers") {
  const CoterieConfig config = cluster_of(5, Strategy::keep_majority);
  const Damage broken = damage(config, "", "n1-n3,n2>n4");
  const ResolveOutcome one = resolve(config, usual(), broken);
  const ResolveOutcome two = resolve(config, usual(), broken);
  REQUIRE(one.steps.size() == two.steps.size());
  for (std::size_t i = 0; i < one.steps.size(); ++i) {
    CHECK(one.steps[i].at == two.steps[i].at);
    CHECK(one.steps[i].place == two.steps[i].place);
    CHECK(one.steps[i].event == two.steps[i].event);
  }
}

TEST_CASE("resolve: what is wrong with a cut or a link is told with its character and the remedy") {
  CHECK(read_wrong("n1,n2|m3", "") == "character 7: there is no member 'm3'; did you mean 'n3'?");
  CHECK(read_wrong("n1,n2|worker", "") == "character 7: there is no member 'worker'; the members are n1, n2, n3");
  CHECK(read_wrong("n1,n2|n2,n3", "") == "character 7: 'n2' is named twice; each member is on one side");
  CHECK(read_wrong("n1|n2", "") == "'n3' is on no side; name every member, and part the sides by |");
  CHECK(read_wrong("n1|", "").starts_with("character 4: a member's name is missing"));
  CHECK(read_wrong("", "n1 n3") ==
        "character 1: 'n1 n3' is no link; write a>b for what a sends to b, a-b for both directions");
  CHECK(read_wrong("", "n1>n3, n2-n2") == "character 8: 'n2-n2' leads from a member to itself");
  CHECK(read_wrong("n1, n2 | n3", " n1 > n3 , n2-n3") == "");
}

TEST_CASE("resolve: a dash may stand in names") {
  CoterieConfig config;
  for (const char* name : {"a-1", "a-2", "b"}) config.members.push_back({NodeId{name}, 1, {}});
  const Damage broken = damage(config, "", "a-1-a-2,a-2>b");
  CHECK_FALSE(broken.passes(0, 1));
  CHECK_FALSE(broken.passes(1, 0));
  CHECK_FALSE(broken.passes(1, 2));
  CHECK(broken.passes(2, 1));
  CHECK(broken.linked(0, 2));
}

TEST_CASE("resolve: a question in JSON, with everything in it") {
  ResolveQuestion question;
  CHECK(read_json(R"({"members": ["n1", {"id": "n2", "weight": 3, "role": "core"}, "n3"],
                      "strategies": ["keep_majority", "referee"], "referee": "n2", "quorum": 2,
                      "cut": [["n1"], ["n2", "n3"]], "links": ["n2>n3"], "down": "n1",
                      "heartbeat": "100ms", "lease": "1s", "stable_after": "300ms", "detection": "500ms"})",
                  question) == "");
  REQUIRE(question.members.size() == 3);
  CHECK(question.members[1].weight == 3);
  CHECK(question.members[1].role == "core");
  CHECK(question.strategies == std::vector<Strategy>{Strategy::keep_majority, Strategy::referee});
  CHECK(question.cut.text == "n1 | n2,n3");
  CHECK(question.links.text == "n2>n3");
  CHECK(question.settings.lease == 1s);
  CHECK(question.detection == 500ms);
  std::vector<std::string> wrong;
  const auto broken = damage_of(question, wrong);
  REQUIRE(broken.has_value());
  CHECK_FALSE(broken->passes(1, 2));
  CHECK_FALSE(broken->lives(0));
}

TEST_CASE("resolve: what is wrong with a file is told with its line and the nearest name") {
  ResolveQuestion question;
  const std::string wrong = read_json(
      "{\"members\": [\"n1\", \"N2\",\n {\"id\": \"n1\"}, {\"wieght\": 2, \"id\": \"n3\"}],\n"
      " \"stategy\": \"x\",\n \"strategy\": \"keep_majorty\",\n \"lease\": \"1\"}",
      question);
  CAPTURE(wrong);
  CHECK(wrong.find("q.json:1:") != std::string::npos);
  CHECK(wrong.find("'N2' is no name of a node") != std::string::npos);
  CHECK(wrong.find("member n1 is named twice") != std::string::npos);
  CHECK(wrong.find("there is no key 'wieght'; did you mean 'weight'?") != std::string::npos);
  CHECK(wrong.find("there is no key 'stategy'; did you mean 'strategy'?") != std::string::npos);
  CHECK(wrong.find("there is no strategy 'keep_majorty'; did you mean 'keep_majority'?") != std::string::npos);
  CHECK(wrong.find("q.json:3:") != std::string::npos);
  CHECK(wrong.find("q.json:4:") != std::string::npos);
  CHECK(wrong.find("q.json:5:") != std::string::npos);
  ResolveQuestion empty;
  CHECK(read_json("{\"members\": [\n\"n1\",,]}", empty).starts_with("q.json:2:"));
  CHECK(read_json(std::string(5'000, '['), empty).find("nests deeper than 32") != std::string::npos);
  CHECK(read_json("[]", empty).find("it must be a table") != std::string::npos);
  CHECK(read_json("{\"lease\":\"1s\",\"lease\":\"2s\"}", empty).find("'lease' is given twice") != std::string::npos);
  CHECK(read_json("{\"quorum\": 18446744073709551615}", empty).find("must be a whole number") != std::string::npos);
}

TEST_CASE("resolve: disjoint quorums are refused with both named, and only what fits is taken by default") {
  ResolveQuestion question;
  question.members = cluster_of(4, Strategy::keep_majority).members;
  question.quorum = 2;
  std::vector<std::string> wrong;
  candidates_of(question, wrong);
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].find("{n1, n2} and {n3, n4}") != std::string::npos);

  question.quorum = 0;
  question.members[0].weight = 4;
  wrong.clear();
  const auto fitting = candidates_of(question, wrong);
  CHECK(wrong.empty());
  REQUIRE(fitting.size() == 2);
  CHECK(fitting[0].notes.empty());
  CHECK(fitting[1].config.strategy == Strategy::keep_oldest);
  CHECK(fitting[1].notes.size() == 1);  // weights are left out

  question.strategies = {Strategy::static_quorum};
  wrong.clear();
  candidates_of(question, wrong);
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].find("needs `quorum`") != std::string::npos);
}

TEST_CASE("resolve: times that cannot be played are refused") {
  ResolveTimes times = usual();
  CHECK(problems(times).empty());
  times.detection = 150ms;
  CHECK(problems(times).size() == 1);
  times = usual();
  times.settings.lease = 300ms;
  CHECK(problems(times).size() == 1);
  times = usual();
  times.settings.heartbeat = 1ms;
  times.settings.lease = 500ms;
  times.detection = 100ms;
  times.settings.stable_after = 600s;
  REQUIRE(problems(times).size() == 1);
  CHECK(problems(times)[0].find("too long to play") != std::string::npos);
}
