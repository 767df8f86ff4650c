#include "replay_detector.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;
using namespace hawser::tools;

namespace {

HeartbeatTrace trace(const std::string& text) {
  std::istringstream in{text};
  std::string problem;
  auto read = read_heartbeats(in, problem);
  REQUIRE(problem == "");
  return read;
}

std::string wrong(const std::string& text) {
  std::istringstream in{text};
  std::string problem;
  read_heartbeats(in, problem);
  return problem;
}

// Every 200 ms, with a gap of `gap` in the middle.
std::vector<Instant> steady(std::size_t count, Duration gap) {
  std::vector<Instant> arrivals;
  Duration at{0};
  for (std::size_t i = 0; i < count; ++i) {
    arrivals.emplace_back(at);
    at += i == count / 2 ? gap : Duration{200ms};
  }
  return arrivals;
}

std::string answer(DetectorReplay replay, const std::string& text) {
  if (replay.settings.empty()) replay.settings.push_back({"default", {}});
  std::ostringstream out;
  std::string problem;
  replay_detector(replay, trace(text), out, problem);
  return problem.empty() ? out.str() : "problem: " + problem;
}

}  // namespace

TEST_CASE("heartbeats are read as times, and as sequences with round trips") {
  CHECK(trace("0\n200ms\n# a remark\n0.5s\n").arrivals(1s) ==
        std::vector<Instant>{instant_from_us(0), instant_from_us(200'000), instant_from_us(500'000)});
  CHECK(trace("time\n7\n").arrivals(1s).front() == instant_from_us(7));
  const auto named = trace("round_trip,sequence\n1ms,1\n,2\n250ms,3\n2ms,4\n");
  CHECK(named.by_sequence);
  // The third comes after the fourth; the second never.
  CHECK(named.arrivals(200ms) ==
        std::vector<Instant>{instant_from_us(201'000), instant_from_us(802'000), instant_from_us(850'000)});
  CHECK(trace("1,5ms\n2,5ms\n").by_sequence);
}

TEST_CASE("what is wrong with heartbeats is told with its line") {
  CHECK(wrong("tmie\n") == "line 1: there is no column 'tmie'; did you mean 'time'?");
  CHECK(wrong("sequence\n1\n").find("sequence and round_trip") != std::string::npos);
  CHECK(wrong("5\n4\n").starts_with("line 2: its time is before"));
  CHECK(wrong("1,2\n3\n") == "line 2: 1 fields where there are 2 columns");
  CHECK(wrong("time\nx\n").starts_with("line 2: time: "));
  CHECK(wrong("-5\n").starts_with("line 1: time: "));
  CHECK(wrong("x,5\n").starts_with("line 1: "));
}

TEST_CASE("the logistic fit is the one described, by hand") {
  // y = 0: half. y = 1: e = exp(-1.668166), e / (1 + e) = 0.158676, -log10 = 0.79949.
  CHECK(logistic_phi(0) == Approx(0.30103).margin(1e-5));
  CHECK(logistic_phi(1) == Approx(0.79949).margin(1e-4));
  // Far out it says far more than the normal tail's 23.1.
  CHECK(logistic_phi(10) == Approx(37.6).margin(0.1));
  CHECK(std::isinf(logistic_phi(25)));
}

TEST_CASE("every detector convicts at the silence that it says, and at no shorter one") {
  DetectorSettings settings;
  settings.akka_pause = 400ms;
  const auto arrivals = steady(300, 200ms);
  for (const DetectorKind kind :
       {DetectorKind::hawser, DetectorKind::fixed, DetectorKind::akka, DetectorKind::cassandra}) {
    const auto trial = make_trial(kind, settings, arrivals.front());
    for (std::size_t i = 1; i < arrivals.size(); ++i) trial->heartbeat(arrivals[i]);
    const Instant due = arrivals.back() + trial->silence();
    const double bound = kind == DetectorKind::fixed ? 1.0 : threshold_of(kind, settings);
    INFO(to_string(kind));
    CHECK(trial->phi(due + 2us) >= bound - 1e-9);
    CHECK(trial->phi(due - 20us) < bound);
  }
}

TEST_CASE("the formulas come to what can be computed by hand") {
  DetectorSettings settings;
  settings.akka_pause = 3s;
  const auto arrivals = steady(2'000, 200ms);
  // The window holds intervals of 200 ms alone: 8 x 200 ms x ln 10 = 3.684 s.
  const DetectorVerdict cassandra = judge(DetectorKind::cassandra, settings, arrivals);
  CHECK(cassandra.detection_min == Duration{3'684'137});
  // Mean and pause are 3.2 s, the deviation is at its floor of 100 ms; the fit reaches 8 between 4.9 and 5.4 of them.
  const DetectorVerdict akka = judge(DetectorKind::akka, settings, arrivals);
  CHECK(akka.detection_min > 3'690ms);
  CHECK(akka.detection_min < 3'740ms);
  CHECK(judge(DetectorKind::fixed, settings, arrivals).detection_max == 800ms);
  CHECK(judge(DetectorKind::hawser, settings, arrivals).detection_median < 800ms);
}

TEST_CASE("a gap is a mistake of those whose silence is shorter, for as long as it lasted") {
  DetectorSettings settings;
  const auto arrivals = steady(200, 1'000ms);
  const DetectorVerdict fixed = judge(DetectorKind::fixed, settings, arrivals);
  CHECK(fixed.mistakes == 1);
  CHECK(fixed.wrong == 200ms);
  CHECK(fixed.mistakes_per_day() == Approx(86'400.0 / (199 * 0.2 + 0.8)));
  CHECK(judge(DetectorKind::hawser, settings, arrivals).mistakes == 1);
  CHECK(judge(DetectorKind::akka, settings, arrivals).mistakes == 0);
  CHECK(judge(DetectorKind::cassandra, settings, arrivals).mistakes == 0);
  CHECK(judge(DetectorKind::fixed, settings, steady(200, 800ms)).mistakes == 1);  // at the timeout, it has convicted
  CHECK(judge(DetectorKind::fixed, settings, steady(200, Duration{799'999})).mistakes == 0);
}

TEST_CASE("the gap of an outage does not make the detectors slower that leave it out") {
  DetectorSettings settings;
  settings.akka_pause = 400ms;
  const auto arrivals = steady(200, 5s);
  const auto slowest = [&](DetectorKind kind) { return judge(kind, settings, arrivals).detection_max; };
  CHECK(slowest(DetectorKind::hawser) < 900ms);
  CHECK(slowest(DetectorKind::akka) < 1'200ms);
  // Mean (400 + 10 x 200) / 11 after the first ten, then falling: 8 x 218.2 ms x ln 10.
  CHECK(slowest(DetectorKind::cassandra) < 4'050ms);
}

TEST_CASE("the recommendation is the lowest threshold that keeps to the rate") {
  DetectorSettings settings;
  const auto arrivals = steady(200, 700ms);
  CHECK(*recommend(DetectorKind::fixed, settings, arrivals, 0) == Approx(0.700001));
  CHECK(*recommend(DetectorKind::fixed, settings, arrivals, 1e6) == Approx(0.200001));
  for (const DetectorKind kind : {DetectorKind::hawser, DetectorKind::akka, DetectorKind::cassandra}) {
    const auto threshold = recommend(kind, settings, arrivals, 0);
    INFO(to_string(kind));
    REQUIRE(threshold.has_value());
    set_threshold(kind, settings, *threshold);
    CHECK(judge(kind, settings, arrivals).mistakes == 0);
    if (*threshold > 1) {
      set_threshold(kind, settings, *threshold - 0.25);
      CHECK(judge(kind, settings, arrivals).mistakes > 0);
    }
  }
  // No phi up to 20 reaches over a gap of an hour.
  CHECK_FALSE(recommend(DetectorKind::hawser, settings, steady(200, 1h), 0).has_value());
}

TEST_CASE("rows before each reply and at the instants asked for, then one table") {
  DetectorReplay replay;
  replay.at = {Instant{Duration{300ms}}, Instant{Duration{5s}}};
  replay.settings = {{"a, file", {}}, {"b", {}}};
  const std::string text = answer(replay, "0\n200ms\n400ms\n");
  CAPTURE(text);
  CHECK(text.starts_with("time,settings,event,silence,hawser_phi,hawser_detection,hawser_convicts,fixed_phi,"));
  CHECK(text.find("\n300000,a__file,at,100000,0.000,") != std::string::npos);
  CHECK(text.find("\n5000000,b,at,4600000,") != std::string::npos);
  CHECK(text.find("\n400000,b,reply,200000,") != std::string::npos);
  CHECK(text.find("\n# settings,detector,threshold,mistakes,") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '#') == 1 + 2 * 4);
  replay.summary = replay.json = true;
  replay.mistakes_per_day = 0;
  const std::string json = answer(replay, "0\n200ms\n400ms\n");
  CHECK(json.starts_with("{\"summary\":{\"settings\":\"a__file\",\"detector\":\"hawser\",\"threshold\":8.000,"));
  CHECK(std::count(json.begin(), json.end(), '\n') == 8);
  CHECK(json.find("\"recommended\":") != std::string::npos);
  CHECK(answer({}, "0\n").starts_with("problem: a trace needs at least two replies"));
}

TEST_CASE("settings of detectors are checked") {
  DetectorSettings settings;
  CHECK(read_detector_settings("interval = 1s\nthreshold = 10.5\nakka.acceptable_pause = 2s\n", settings).empty());
  CHECK(settings.threshold == 10.5);
  CHECK(settings.akka_pause == 2s);
  CHECK(read_detector_settings("treshold = 3\n", settings).front() ==
        "line 1: there is no key 'treshold'; did you mean 'threshold'?");
  CHECK(read_detector_settings("threshold = 0\n", settings).size() == 1);
  CHECK(read_detector_settings("threshold = nan\n", settings).size() == 1);
  CHECK(read_detector_settings("interval = 0s\nwindow = 3\n", settings).size() >= 2);
}
