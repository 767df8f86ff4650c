#include <hawser/inspect/log.hpp>
#include "interconnect/zmq/real_loop.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

using namespace hawser;

namespace {

Event log_event(std::string_view kind, std::string_view cause) {
  return {7, instant_from_us(2'500'000), kind, "n2", cause, "a sentence"};
}

}  // namespace

TEST_CASE("log: what must be mended is an error, what is wrong a warning, what heals is information") {
  CHECK(level_of(log_event("peer_state", "silent")) == LogLevel::warn);
  CHECK(level_of(log_event("peer_state", "recovered")) == LogLevel::info);
  CHECK(level_of(log_event("lane", "welcomed")) == LogLevel::debug);
  CHECK(level_of(log_event("task", "exception")) == LogLevel::error);
  CHECK(level_of(log_event("node", "vote_not_stored")) == LogLevel::error);
  CHECK(level_of(log_event("node", "started")) == LogLevel::info);
  CHECK(level_of(log_event("stance", "lease_ended")) == LogLevel::warn);
  CHECK(level_of(log_event("stance", "joined")) == LogLevel::info);
  CHECK(level_of(log_event("breaker", "failure_rate")) == LogLevel::warn);
  CHECK(level_of(log_event("stall", "loop_late")) == LogLevel::warn);
  CHECK(level_of(log_event("gray", "recovered")) == LogLevel::info);
  CHECK(level_of(log_event("gray", "slow_rate")) == LogLevel::warn);
  CHECK(level_of(log_event("arbiter", "answers")) == LogLevel::info);
  CHECK(level_of(log_event("arbiter", "silent")) == LogLevel::warn);
  CHECK(level_of(log_event("session", "peer_stopped")) == LogLevel::info);
  CHECK(level_of(log_event("view", "rejoined")) == LogLevel::info);
  CHECK(level_of(log_event("breaker", "reset")) == LogLevel::info);
  CHECK(level_of(log_event("lane", "connect_refused")) == LogLevel::debug);
  CHECK(level_of(log_event("admin", "isolate")) == LogLevel::warn);
  // What nobody has explained is worth a look.
  CHECK(level_of(log_event("intake", "anything")) == LogLevel::warn);
  CHECK(level_of(log_event("unheard_of", "anything")) == LogLevel::warn);
}

TEST_CASE("log: a line as key=value and as JSON, and no text can end its quotes or drive a terminal") {
  LogLine line{LogLevel::warn,      "n1", "peer_state", "n2", "silent", "it's \"gone\"\n\x1b[31m \\", 42,
               Duration{1'500'000}, 3};
  CHECK(to_key_values(line, 1'767'225'600'123'456) ==
        "time=2026-01-01T00:00:00.123Z level=warn node=n1 kind=peer_state peer=n2 cause=silent "
        "msg=\"it's \\\"gone\\\"\\n?[31m \\\\\" number=42 uptime_us=1500000 suppressed=3");
  const auto said = nlohmann::json::parse(to_json_line(line, 0));
  CHECK(said["msg"] == line.text);
  CHECK(said["level"] == "warn");
  CHECK(said["suppressed"] == 3);
  line.text = "\xff";
  line.peer.clear();
  CHECK_FALSE(nlohmann::json::parse(to_json_line(line, 0)).contains("peer"));
}

TEST_CASE("log: a flood of one kind is cut, counted, and does not silence another") {
  LogOptions options;
  options.burst = 3;
  options.window = Duration{1'000'000};
  LogLimit limit{options};
  const Instant began = instant_from_us(10'000'000);
  std::uint64_t suppressed = 0;
  int let_through = 0;
  for (int i = 0; i < 100; ++i) let_through += limit.allows("flood", began, suppressed) ? 1 : 0;
  CHECK(let_through == 3);
  CHECK(limit.allows("other", began, suppressed));
  CHECK(suppressed == 0);
  CHECK(limit.allows("flood", began + options.window, suppressed));
  CHECK(suppressed == 97);
  CHECK(limit.take_untold().empty());
  for (int i = 0; i < 5; ++i) limit.allows("flood", began + options.window, suppressed);
  CHECK(limit.take_untold() == std::map<std::string, std::uint64_t>{{"flood", 3}});
  CHECK(limit.take_untold().empty());
}

TEST_CASE("log: whatever peers do, the limit remembers a bounded number of kinds, and forgets no count") {
  LogOptions options;
  options.burst = 1;
  LogLimit limit{options};
  std::uint64_t suppressed = 0;
  for (std::size_t i = 0; i < 2 * LogLimit::keys_max; ++i) {
    const Instant now = instant_from_us(static_cast<std::int64_t>(i));
    limit.allows(std::to_string(i), now, suppressed);
    limit.allows(std::to_string(i), now, suppressed);
  }
  const auto untold = limit.take_untold();
  CHECK(untold.size() == LogLimit::keys_max + 1);
  CHECK(untold.at("others") == LogLimit::keys_max);
}

TEST_CASE("log: an embedding program gets its node's lines by a callback, from a level on") {
  RealLoop loop;
  Config config;
  config.id = "n1";
  config.peers = {{"n2", {"127.0.0.1", 1}}};  // where nobody listens
  std::vector<LogLine> lines;
  Node node{loop.runtime, config};
  LogOptions options;
  options.level = LogLevel::warn;
  Log log{node, options, [&](const LogLine& line) { lines.push_back(line); }};
  REQUIRE(loop.until([&] { return !lines.empty(); }));
  CHECK(lines[0].node == "n1");
  CHECK(lines[0].kind == "peer_state");
  CHECK(lines[0].peer == "n2");
  CHECK(lines[0].level == LogLevel::warn);
  // One that comes later hears of what was before it, once.
  std::vector<LogLine> all;
  Log late{node, {}, [&](const LogLine& line) { all.push_back(line); }};
  REQUIRE_FALSE(all.empty());
  CHECK(all[0].cause == "started");
  CHECK(all[0].number == 1);
}
