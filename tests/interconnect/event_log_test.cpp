// EventLog: the last events, numbered, oldest first.
#include <hawser/interconnect/event_log.hpp>

#include <catch2/catch.hpp>

using namespace hawser;

TEST_CASE("event log: numbers count up and show what was overrun") {
  EventLog log{3};
  for (int i = 1; i <= 5; ++i) log.add(instant_from_us(i), "node", {}, "test", std::to_string(i));
  CHECK(log.count() == 5);
  const auto last = log.last(10);
  REQUIRE(last.size() == 3);
  CHECK(last.front().number == 3);
  CHECK(last.back().text == "5");
  CHECK(log.last(2).front().number == 4);
  CHECK(log.last(0).empty());
  CHECK(log.last(10, 4).front().number == 5);
  CHECK(log.last(1, 2).front().number == 5);
  CHECK(log.last(10, 5).empty());
  CHECK(log.last(10, 99).empty());
}

TEST_CASE("event log: an event is what was said") {
  EventLog log;
  const Event& event = log.add(instant_from_us(9), "lane", "n2", "silent", "the lane is lost");
  CHECK(event == Event{1, instant_from_us(9), "lane", "n2", "silent", "the lane is lost"});
  CHECK(log.last(1).front() == event);
}
