#include "replay_command.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace hawser;
using namespace hawser::tools;

namespace {

std::vector<ReplayEvent> trace(const std::string& text) {
  std::istringstream in{text};
  std::string problem;
  auto events = read_trace(in, problem);
  REQUIRE(problem.empty());
  return events;
}

std::string wrong(const std::string& text) {
  std::istringstream in{text};
  std::string problem;
  read_trace(in, problem);
  return problem;
}

std::string answer(ReplayOptions options, const std::string& settings, const std::string& text) {
  std::ostringstream out;
  std::string problem;
  replay(options, settings, trace(text), out, problem);
  return problem.empty() ? out.str() : "problem: " + problem;
}

}  // namespace

TEST_CASE("a trace is read with and without a header, in microseconds and in units") {
  const auto plain = trace("0,success,12000\n# a remark\n\n1500000,timeout,1s\r\n");
  REQUIRE(plain.size() == 2);
  CHECK(plain[1].time == instant_from_us(1'500'000));
  CHECK(plain[1].outcome == AttemptEnd::timeout);
  CHECK(plain[0].latency == 12ms);
  const auto named =
      trace("priority,time,outcome,deadline,latency\n7, 1s, success, 30ms, 5ms\n0,1s,failure,forever,0\n");
  CHECK(named[0].priority == 7);
  CHECK(named[0].deadline == 30ms);
  CHECK(named[1].deadline == forever);
  CHECK(trace("").empty());
}

TEST_CASE("what is wrong with a trace is told with its line, its column and the remedy") {
  CHECK(wrong("0,sucess,1\n") == "line 1: outcome: 'sucess' is none of success, failure, timeout, overloaded, ignored");
  CHECK(wrong("time,latancy\n") == "line 1: there is no column 'latancy'; did you mean 'latency'?");
  CHECK(wrong("latency\n5\n") == "line 1: no column is called 'time'");
  CHECK(wrong("5,success,1\n4,success,1\n").starts_with("line 2: its time is before"));
  CHECK(wrong("5,success\n") == "line 1: 2 fields where there are 3 columns");
  CHECK(wrong("time,outcome,latency,priority\n5,success,1,8\n").starts_with("line 2: priority: '8'"));
  CHECK(wrong("0,success,-5\n").find("negative") != std::string::npos);
  CHECK(wrong("99999999999999999999,success,1\n").starts_with("line 1: time:"));
  CHECK_FALSE(wrong("time,time\n").empty());
}

TEST_CASE("settings that are unknown, malformed, given twice or incoherent are refused") {
  ReplayOptions options;
  options.kind = "breaker";
  CHECK(answer(options, "open_fr = 1s\n", "") ==
        "problem: line 1: there is no key 'open_fr'; did you mean 'open_for'?");
  CHECK(answer(options, "\n# remark\nopen_for = soon\n", "").starts_with("problem: line 3: open_for: 'soon'"));
  CHECK(answer(options, "open_for = 1s\nopen_for = 2s\n", "") == "problem: line 2: 'open_for' is given twice");
  CHECK(answer(options, "probes_max = 30\n", "").find("calls_min (20)") != std::string::npos);
  CHECK(answer(options, "calls_min = -1\n", "").find("whole number") != std::string::npos);
}

TEST_CASE("five failures open the breaker, it refuses, probes after its open time, and the summary counts") {
  ReplayOptions options;
  options.kind = "breaker";
  std::string text;
  for (int i = 0; i < 6; ++i) text += std::to_string(i * 10) + "ms,failure,1ms\n";
  text += "1041ms,success,1ms\n";
  CHECK(answer(options, "open_jitter_permille = 0\n", text) ==
        "time,decision,state,cause,retry_at\n"
        "0,admit,closed,started,\n10000,admit,closed,started,\n20000,admit,closed,started,\n"
        "30000,admit,closed,started,\n40000,admit,closed,started,\n"
        "41000,change,open,consecutive_failures,\n50000,refuse,open,consecutive_failures,1041000\n"
        "1041000,change,half_open,open_elapsed,\n1041000,probe,half_open,open_elapsed,\n"
        "# calls = 7\n# admitted = 6\n# refused = 1\n# opened = 1\n# changes = 2\n");
  options.json = options.summary = true;
  CHECK(answer(options, "", text).starts_with("{\"summary\":{\"calls\":7,"));
}

TEST_CASE("timeouts follow what answers take, and cut what takes longer") {
  ReplayOptions options;
  options.kind = "timeout";
  std::string text;
  for (int i = 0; i < 30; ++i) text += std::to_string(i) + "s,success,100ms\n";
  text += "40s,success,200ms\n";
  const std::string out = answer(options, "margin = 10ms\n", text);
  CHECK(out.find("0,wait,1000000,,100000\n") != std::string::npos);
  CHECK(out.find("40000000,cut,160000,100000,200000\n") != std::string::npos);
  CHECK(out.find("# cut = 1\n") != std::string::npos);
}

TEST_CASE("backoff grows with failures and forgets after a success; a budget denies what is not paid for") {
  ReplayOptions options;
  options.kind = "backoff";
  CHECK(answer(options, "jitter = none\nbase = 10ms\n", "0,failure,0\n1,failure,0\n2,success,0\n3,failure,0\n") ==
        "time,decision,delay,ceiling,attempts\n0,delay,10000,10000,1\n1,delay,20000,20000,2\n2,reset,0,10000,0\n"
        "3,delay,10000,10000,1\n# events = 4\n# failures = 3\n# longest_delay = 20000\n");
  options.kind = "retry-budget";
  CHECK(answer(options, "tokens_initial = 1\nfloor_per_second = 0\n", "0,failure,1\n2,failure,1\n4,success,1\n") ==
        "time,decision,millitokens\n1,retry,100\n3,deny,200\n5,none,300\n# calls = 3\n# granted = 1\n# denied = 1\n");
}

TEST_CASE("a shedder's replay decides itself when calls run, and a limit's counts what was in flight") {
  ReplayOptions options;
  options.kind = "shedder";
  const std::string narrow =
      "limit.limit_min = 1\nlimit.limit_initial = 1\nlimit.limit_max = 1\nqueue_max = 1\n"
      "pressure_from = 1001\npressure_to = 1001\n";
  const std::string out =
      answer(options, narrow,
             "time,outcome,latency,priority\n0,success,10ms,4\n1,success,10ms,4\n2,success,10ms,4\n3,success,10ms,7\n");
  CHECK(out.find("0,1,admit,none,,0,1,1,0,0\n") != std::string::npos);
  CHECK(out.find("1,2,queue,none") != std::string::npos);
  CHECK(out.find("2,3,reject,queue_full,50000") != std::string::npos);
  CHECK(out.find("3,2,reject,displaced") != std::string::npos);
  CHECK(out.find("10000,4,admit,none,,9997") != std::string::npos);
  CHECK(out.find("# displaced = 1\n") != std::string::npos);
  options.kind = "limit";
  const std::string limits =
      answer(options, "limit_min = 1\nlimit_initial = 1\n", "0,success,10\n5,success,10\n20,success,1\n");
  CHECK(limits.find("0,admit,1,1,") != std::string::npos);
  CHECK(limits.find("5,refuse,1,2,") != std::string::npos);
  CHECK(limits.find("20,admit,1,1,") != std::string::npos);
}

TEST_CASE("every kind takes an empty trace and names its keys") {
  for (const auto kind : replay_kinds) {
    ReplayOptions options;
    options.kind = kind;
    CHECK(answer(options, "", "").starts_with("# "));
    CHECK_FALSE(replay_keys(kind).empty());
  }
}
