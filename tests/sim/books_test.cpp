// Every entry that would mean a broken promise is found, and an honest life of a message is not.
#include <hawser/sim/books.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using hawser::sim::Books;
using hawser::sim::ChannelKey;
using hawser::sim::Findings;
using hawser::sim::Invariant;
using hawser::sim::RunId;
using hawser::sim::WorldTime;

namespace {

constexpr WorldTime at(Duration since_begin) { return sim::world_begin + since_begin; }
constexpr Outcome as(OutcomeKind kind) { return {kind, Cause::none, std::nullopt}; }

struct Desk {
  Findings findings;
  Books books{findings};
  RunId a{"a", Incarnation{5}};
  RunId b{"b", Incarnation{7}};
  ChannelKey channel{a, "b", TypeId{1}};

  std::uint64_t submit(Duration when, Duration ttl = 1s) {
    const std::uint64_t number = books.next_number();
    books.submitted(number, channel, 100, ttl, at(when));
    return number;
  }
  // What was found, which must be one thing.
  std::string found() {
    if (findings.empty()) return "nothing";
    return std::string{to_string(findings.all().front().invariant)} + ": " + findings.all().front().text;
  }
  bool found_only(Invariant what) { return findings.all().size() == 1 && findings.all().front().invariant == what; }
};

}  // namespace

TEST_CASE("messages that are handled once, in order and in time, and end truly, are no findings", "[books]") {
  Desk desk;
  const auto first = desk.submit(0ms);
  const auto second = desk.submit(1ms);
  const auto third = desk.submit(2ms);
  desk.books.handled(first, desk.b, desk.a, at(3ms));
  desk.books.ended(first, as(OutcomeKind::delivered), at(4ms));
  desk.books.ended(second, as(OutcomeKind::expired), at(1s));
  desk.books.ended(third, as(OutcomeKind::unknown), at(1400ms));
  INFO(desk.found());
  CHECK(desk.findings.empty());
  CHECK(desk.books.row(desk.channel)->submitted == LedgerCount{3, 300});
  CHECK(desk.books.row(desk.channel)->handled == 1);
}

TEST_CASE("a second delivery breaks at most once", "[books]") {
  Desk desk;
  const auto number = desk.submit(0ms);
  desk.books.handled(number, desk.b, desk.a, at(1ms));
  desk.books.handled(number, desk.b, desk.a, at(2ms));
  CHECK(desk.found_only(Invariant::at_most_once));
}

TEST_CASE("an outcome that is not true, or comes twice, breaks conservation", "[books]") {
  Desk desk;
  const auto number = desk.submit(0ms);
  SECTION("delivered, and nobody saw it") { desk.books.ended(number, as(OutcomeKind::delivered), at(1ms)); }
  SECTION("not handled, and somebody saw it") {
    desk.books.handled(number, desk.b, desk.a, at(1ms));
    desk.books.ended(number, as(OutcomeKind::unreachable), at(2ms));
  }
  SECTION("handled after its sender was told that it is not") {
    desk.books.ended(number, as(OutcomeKind::queue_full), at(1ms));
    desk.books.handled(number, desk.b, desk.a, at(2ms));
  }
  SECTION("two outcomes") {
    desk.books.ended(number, as(OutcomeKind::expired), at(1s));
    desk.books.ended(number, as(OutcomeKind::unknown), at(1s));
  }
  SECTION("at the wrong node") { desk.books.handled(number, {"c", Incarnation{1}}, desk.a, at(1ms)); }
  SECTION("under a wrong sender") { desk.books.handled(number, desk.b, {"a", Incarnation{4}}, at(1ms)); }
  SECTION("a message that nobody submitted") { desk.books.handled(number + 1, desk.b, desk.a, at(1ms)); }
  SECTION("none at all") {
    desk.books.look_for_overdue(at(1581ms), [](const std::string&) { return true; });
    CHECK(desk.findings.empty());
    desk.books.look_for_overdue(at(1583ms), [](const std::string&) { return true; });
  }
  INFO(desk.found());
  CHECK(desk.found_only(Invariant::conservation));
}

TEST_CASE("whoever cannot speak is not overdue: not while paused, not after a crash", "[books]") {
  Desk desk;
  desk.submit(0ms);
  desk.books.look_for_overdue(at(10s), [](const std::string&) { return false; });
  CHECK(desk.findings.empty());
  desk.books.ran_again("a", at(11s));
  desk.books.look_for_overdue(at(11200ms), [](const std::string&) { return true; });
  CHECK(desk.findings.empty());
  SECTION("and then it must") {
    desk.books.look_for_overdue(at(13s), [](const std::string&) { return true; });
    CHECK(desk.found_only(Invariant::conservation));
  }
  SECTION("a run that has ended tells nothing any more") {
    desk.books.run_ended(desk.a);
    desk.books.look_for_overdue(at(60s), [](const std::string&) { return true; });
    CHECK(desk.findings.empty());
  }
}

TEST_CASE("a handler may start until TTL, quantum, base delay and drift are over, and no later", "[books]") {
  Desk desk;
  desk.books.lateness() = {1ms, 500ms, 4ms, 0.0, {}};
  SECTION("in time") {
    desk.books.handled(desk.submit(0ms), desk.b, desk.a, at(1005ms));
    CHECK(desk.findings.empty());
  }
  SECTION("too late") {
    desk.books.handled(desk.submit(0ms), desk.b, desk.a, at(1005ms + 1us));
    CHECK(desk.found_only(Invariant::ttl));
  }
  SECTION("drift that nobody could measure is no fault") {
    desk.books.lateness().drift = 0.05;
    desk.books.lateness().unconfirmed = [](const std::string&, const std::string&, WorldTime) { return Duration{4s}; };
    // Of the four seconds of silence, as much counts as an answer may take.
    const Duration error = 2 * (1480ms + 2s + 1200ms) / 20;
    CHECK(1s + error > 1460ms);
    desk.books.handled(desk.submit(0ms), desk.b, desk.a, at(1460ms));
    CHECK(desk.findings.empty());
  }
  SECTION("and a long silence excuses no more than that") {
    desk.books.lateness().drift = 0.05;
    desk.books.lateness().unconfirmed = [](const std::string&, const std::string&, WorldTime) { return Duration{4s}; };
    desk.books.handled(desk.submit(0ms), desk.b, desk.a, at(1605ms));
    CHECK(desk.found_only(Invariant::ttl));
  }
  SECTION("answers that had to wait hide the drift since the last prompt one") {
    desk.books.lateness().drift = 0.05;
    desk.books.lateness().answer_max = 800ms;
    desk.books.lateness().queued = [&](const std::string& receiver, const std::string& sender) {
      CHECK(receiver == "b");
      CHECK(sender == "a");
      return Duration{4s};
    };
    const Duration error = 5ms + 400ms;
    const Duration latest = (1s + error + 200ms) * 10 / 9;  // a tenth of its own age and of two seconds
    SECTION("in time") {
      desk.books.handled(desk.submit(0ms), desk.b, desk.a, at(latest - 10us));
      CHECK(desk.findings.empty());
    }
    SECTION("too late") {
      desk.books.handled(desk.submit(0ms), desk.b, desk.a, at(latest + 10us));
      CHECK(desk.found_only(Invariant::ttl));
    }
    SECTION("but no more than an answer may take") {
      desk.books.lateness().answer_max = 300ms;
      desk.books.handled(desk.submit(0ms), desk.b, desk.a, at(latest - 100ms));
      CHECK(desk.found_only(Invariant::ttl));
    }
  }
  SECTION("an outcome is late too") {
    desk.books.ended(desk.submit(0ms), as(OutcomeKind::expired), at(1503ms));
    CHECK(desk.found_only(Invariant::ttl));
  }
}

TEST_CASE("an outcome has the time that TTL and verdict window take on a slow clock, and timers their lateness",
          "[books]") {
  Desk desk;
  desk.books.lateness() = {1ms, 500ms, 4ms, 0.05, {}};
  const auto number = desk.submit(100ms, 206ms);
  const Duration slow = Duration{206ms + 502ms} * 100 / 95;  // it reckons the window by the same clock
  const auto ends_at = [&](Duration when, bool late) {
    desk.books.ended(number, as(OutcomeKind::unknown), at(100ms + when));
    INFO(desk.found());
    CHECK(late == desk.found_only(Invariant::ttl));
    CHECK(late != desk.findings.empty());
  };
  SECTION("in time") { ends_at(slow, false); }
  SECTION("too late") { ends_at(slow + 2us, true); }
  SECTION("none, but in time to be told") {
    desk.books.look_for_overdue(at(100ms + slow), [](const std::string&) { return true; });
    CHECK(desk.findings.empty());
    desk.books.look_for_overdue(at(100ms + slow + 2us), [](const std::string&) { return true; });
    CHECK(desk.found_only(Invariant::conservation));
  }
  SECTION("timers that are late") {
    desk.books.timers_late("a", 20ms, at(200ms));
    desk.books.timers_late("a", 5ms, at(300ms));
    SECTION("in time") { ends_at(slow + 20ms, false); }
    SECTION("too late") { ends_at(slow + 20ms + 2us, true); }
  }
  SECTION("timers that were late until a while ago") {
    desk.books.timers_late("a", 20ms, at(50ms));
    desk.books.timers_late("a", 0ms, at(79ms));
    ends_at(slow + 2us, true);
  }
  SECTION("of another node") {
    desk.books.timers_late("b", 20ms, at(200ms));
    ends_at(slow + 2us, true);
  }
}

TEST_CASE("a message handled after a younger one of its channel breaks order", "[books]") {
  Desk desk;
  const auto first = desk.submit(0ms);
  const auto second = desk.submit(1ms);
  desk.books.handled(second, desk.b, desk.a, at(2ms));
  desk.books.handled(first, desk.b, desk.a, at(3ms));
  CHECK(desk.found_only(Invariant::order));
}

TEST_CASE("a message of an older incarnation after one of a newer breaks fencing", "[books]") {
  Desk desk;
  const auto old = desk.submit(0ms);
  desk.a.incarnation = Incarnation{6};
  desk.channel.from = desk.a;
  const auto young = desk.submit(1ms);
  desk.books.handled(young, desk.b, desk.a, at(2ms));
  desk.books.handled(old, desk.b, {"a", Incarnation{5}}, at(3ms));
  CHECK(desk.found_only(Invariant::fencing));
}

TEST_CASE("nothing is heard of a run that has ended", "[books]") {
  Desk desk;
  const auto number = desk.submit(0ms);
  SECTION("no handler starts there") {
    desk.books.run_ended(desk.b);
    desk.books.handled(number, desk.b, desk.a, at(1ms));
  }
  SECTION("no completion comes there") {
    desk.books.run_ended(desk.a);
    desk.books.ended(number, as(OutcomeKind::expired), at(1ms));
  }
  CHECK(desk.found_only(Invariant::hygiene));
}

TEST_CASE("a ledger that differs from the books is found, in messages, bytes and outcomes", "[books]") {
  Desk desk;
  const auto number = desk.submit(0ms);
  LedgerRow shown;
  shown.submit(100);
  desk.books.compare(desk.channel, shown, false);
  CHECK(desk.findings.empty());
  SECTION("messages") { shown.submit(0); }
  SECTION("bytes") { shown.submitted.bytes += 1; }
  SECTION("outcomes") { shown.end(as(OutcomeKind::expired), 100); }
  SECTION("at rest nothing is held") {
    desk.books.compare(desk.channel, shown, true);
    CHECK(desk.found_only(Invariant::conservation));
    return;
  }
  SECTION("at rest no more was handled than can be accounted for") {
    desk.books.handled(number, desk.b, desk.a, at(1ms));
    desk.books.ended(number, as(OutcomeKind::delivered), at(2ms));
    shown.end(as(OutcomeKind::delivered), 100);
    desk.books.compare(desk.channel, shown, true);
    CHECK(desk.findings.empty());
    const auto second = desk.submit(3ms);
    desk.books.handled(second, desk.b, desk.a, at(4ms));
    desk.books.compare(desk.channel, shown, true);
    CHECK_FALSE(desk.findings.empty());
    return;
  }
  desk.books.compare(desk.channel, shown, false);
  CHECK_FALSE(desk.findings.empty());
  CHECK(desk.findings.all().front().invariant == Invariant::conservation);
}

TEST_CASE("a clock that stood or jumped is unknown until the two have met again", "[books]") {
  for (const bool jumped : {true, false}) {
    for (const bool met : {true, false}) {
      CAPTURE(jumped, met);
      Desk desk;
      desk.books.lateness().unconfirmed = [met](const std::string&, const std::string&, WorldTime) {
        return met ? Duration{1s} : Duration{7s};
      };
      if (jumped) {
        desk.books.clock_jumped("a", at(4s));
      } else {
        desk.books.clock_stands("b", true, at(3s));
        desk.books.clock_stands("b", false, at(4s));
      }
      desk.books.handled(desk.submit(8s), desk.b, desk.a, at(12s));
      CHECK(desk.findings.empty() == !met);
    }
  }
}

TEST_CASE("a clock that jumps puts no end off", "[books]") {
  Desk desk;
  desk.submit(0ms);
  desk.books.clock_jumped("a", at(900ms));
  desk.books.look_for_overdue(at(1583ms), [](const std::string&) { return true; });
  CHECK(desk.found_only(Invariant::conservation));
}

TEST_CASE("while a clock stands nobody can tell an age; when it goes on, what was late may be told late", "[books]") {
  Desk desk;
  const auto early = desk.submit(500ms);
  desk.books.clock_stands("b", true, at(1s));
  desk.books.ended(early, as(OutcomeKind::unknown), at(1600ms));
  desk.books.handled(early, desk.b, desk.a, at(5s));
  desk.books.clock_stands("b", false, at(6s));
  CHECK(desk.findings.empty());
  desk.books.clock_stands("a", true, at(7s));
  const auto frozen = desk.submit(8s);
  desk.books.clock_stands("a", false, at(12s));
  desk.books.look_for_overdue(at(12500ms), [](const std::string&) { return true; });
  desk.books.ended(frozen, as(OutcomeKind::unknown), at(13400ms));  // a TTL after the clock went on
  INFO(desk.found());
  CHECK(desk.findings.empty());
  const auto stale = desk.submit(20s);
  desk.books.handled(stale, desk.b, desk.a, at(23s));
  CHECK(desk.found_only(Invariant::ttl));
}
