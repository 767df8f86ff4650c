// Segments under way: order, delay, loss, rates, black holes, jams, resets.
#include "probe.hpp"

#include <catch2/catch.hpp>

using namespace hawser;
using namespace hawser::sim;
using namespace hawser::sim::test;

namespace {

std::string payload(std::size_t bytes) { return std::string(bytes, 'x'); }

// Milliseconds, where a log line begins with them.
std::int64_t at_us(const std::string& line) { return std::stoll(line); }

}  // namespace

TEST_CASE("frames of one connection come in order, however their delays are drawn") {
  WorldOptions options;
  options.delay_min = Duration{100};
  options.delay_max = Duration{90'000};
  Stage stage{options};
  const LinkId link = stage.connect("a", "b");
  for (int i = 0; i < 200; ++i) {
    stage.probe("a").send(link, std::to_string(i));
    stage.run_ms(1);
  }
  stage.run_ms(100);
  REQUIRE(stage.log("b").size() == 200);
  std::int64_t before = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string& line = stage.log("b")[static_cast<std::size_t>(i)];
    CHECK(line.substr(line.find(' ') + 1) == std::to_string(i));
    CHECK(at_us(line) >= before);
    before = at_us(line);
  }
}

TEST_CASE("frames are shared, not copied, and aligned") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  const BufferRef frame = frame_of("the very bytes");
  stage.probe("a").transport->send(link, frame);
  stage.run_ms(1);
  CHECK(stage.probe("b").last_frame->data() == frame->data());
  CHECK(reinterpret_cast<std::uintptr_t>(frame->data()) % 8 == 0);
}

TEST_CASE("frames that arrive together are one group, closed once") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  const int before = stage.probe("b").turns;
  for (const char* text : {"one", "two", "three"}) stage.probe("a").send(link, text);
  stage.run_ms(1);
  CHECK(stage.log("b") == Log{"3000 one", "3000 two", "3000 three"});
  CHECK(stage.probe("b").turns == before + 1);
}

TEST_CASE("a black hole takes bytes and keeps the connection; what was lost never comes, nor what follows it") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.world.one_way("a", "b");
  CHECK(stage.probe("a").send(link, "lost") == SendResult::accepted);
  stage.run_ms(60'000);
  CHECK(stage.log("a").empty());
  CHECK(stage.log("b").empty());
  stage.world.heal("a", "b");
  CHECK(stage.probe("a").send(link, "after a gap") == SendResult::accepted);
  stage.run_ms(60'000);
  CHECK(stage.log("b").empty());
  stage.connect("a", "b");  // a new one works
}

TEST_CASE("a connection that carried nothing during the black hole goes on") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.world.partition({"a"}, {"b"});
  stage.run_ms(1'000);
  stage.world.heal();
  stage.probe("a").send(link, "as if nothing had been");
  stage.run_ms(1);
  CHECK(stage.log("b") == Log{"1003000 as if nothing had been"});
}

TEST_CASE("a cut takes what is under way") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").send(link, "half way");
  stage.world.run_for(Duration{500});
  stage.world.one_way("a", "b");
  stage.run_ms(1'000);
  CHECK(stage.log("b").empty());
}

TEST_CASE("a one-way cut leaves the other way working") {
  Stage stage;
  const LinkId there = stage.connect("a", "b");
  const LinkId back = stage.connect("b", "a");
  stage.world.one_way("a", "b");
  stage.probe("a").send(there, "cut");
  stage.probe("b").send(back, "works");
  stage.run_ms(100);
  CHECK(stage.log("b").empty());
  CHECK(stage.log("a") == Log{"5000 works"});
}

TEST_CASE("the end of a connection that fell into a black hole is told again after the heal") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").send(link, "hello");
  stage.run_ms(1);
  stage.world.partition({"a"}, {"b"});
  stage.probe("a").transport->hang_up(link);
  stage.run_ms(500);
  CHECK(stage.log("b") == Log{"3000 hello"});
  stage.world.heal();
  stage.run_ms(500);  // tries after 200 and 600 ms
  CHECK(stage.log("b") == Log{"3000 hello", "604000 closed"});
  CHECK(stage.world.network().connections() == 0);
}

TEST_CASE("a jam holds everything, and lets it go in order, one delay after the release") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").send(link, "under way");
  stage.world.hold("a", "b");
  stage.run_ms(5);
  stage.probe("a").send(link, "held");
  stage.probe("a").dial("b");
  stage.run_ms(5);
  CHECK(stage.log("b").empty());
  CHECK(stage.log("a").empty());
  stage.world.release("a", "b");
  stage.probe("a").send(link, "free");
  stage.run_ms(5);
  CHECK(stage.log("b") == Log{"13000 under way", "13000 held", "13000 free"});
  CHECK(stage.log("a") == Log{"14000 up"});
}

TEST_CASE("a reset loses what was not read, and both ends notice") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").send(link, "read");
  stage.run_ms(1);
  stage.probe("a").send(link, "unread");
  stage.world.reset("a", "b");
  stage.run_ms(10);
  CHECK(stage.log("a") == Log{"3000 down closed_by_peer"});
  CHECK(stage.log("b") == Log{"3000 read", "3000 closed"});
  CHECK(stage.world.network().connections() == 0);
}

TEST_CASE("when only the listener notices, the dialler learns it from the answer to its next frame") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").send(link, "hello");
  stage.run_ms(1);
  stage.world.reset("a", "b", Notice::second);
  stage.run_ms(1'000);
  CHECK(stage.log("b") == Log{"3000 hello", "3000 closed"});
  CHECK(stage.log("a").empty());
  CHECK(stage.probe("a").send(link, "into the void") == SendResult::accepted);
  stage.run_ms(10);
  CHECK(stage.log("a") == Log{"1005000 down closed_by_peer"});
}

TEST_CASE("when only the dialler notices, the listener stays half-open until its process ends") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").send(link, "hello");
  stage.run_ms(1);
  stage.world.reset("a", "b", Notice::first);
  stage.run_ms(10);
  CHECK(stage.log("a") == Log{"3000 down closed_by_peer"});
  CHECK(stage.log("b") == Log{"3000 hello"});
  CHECK(stage.probe("b").transport->stats().connections_open == 1);
  stage.world.crash("b");
  CHECK(stage.world.network().connections() == 0);
}

TEST_CASE("established connections die silently while new ones work") {
  Stage stage;
  const LinkId old = stage.connect("a", "b");
  stage.world.established_drop("a", "b");
  CHECK(stage.probe("a").send(old, "lost") == SendResult::accepted);
  const LinkId fresh = stage.connect("a", "b");
  stage.probe("a").send(fresh, "works");
  stage.run_ms(10);
  CHECK(stage.log("b") == Log{"5000 works"});
  CHECK(stage.log("a").empty());
}

TEST_CASE("with syn-drop new connections hang while the old ones go on") {
  Stage stage;
  const LinkId old = stage.connect("a", "b");
  stage.world.syn_drop("a", "b", true);
  stage.probe("a").dial("b");
  stage.probe("a").send(old, "goes on");
  stage.run_ms(600);
  CHECK(stage.log("b") == Log{"3000 goes on"});
  CHECK(stage.log("a") == Log{"502000 down connect_timeout"});
}

TEST_CASE("the rate of a pair spaces its frames, over all connections together") {
  Stage stage;
  const LinkId one = stage.connect("a", "b");
  const LinkId two = stage.connect("a", "b");
  stage.world.rate("a", "b", 1'000'000, 1 << 20);  // a byte per microsecond
  stage.probe("a").send(one, payload(500));
  stage.probe("a").send(two, payload(700));
  stage.probe("a").send(one, payload(300));
  stage.run_ms(10);
  CHECK(stage.log("b") == Log{"5500 500 bytes", "6200 700 bytes", "6500 300 bytes"});
}

TEST_CASE("a finite buffer says full, and writable once half of it is free") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.world.rate("a", "b", 1'000'000, 1'000);
  CHECK(stage.probe("a").send(link, payload(400)) == SendResult::accepted);
  CHECK(stage.probe("a").send(link, payload(400)) == SendResult::accepted);
  CHECK(stage.probe("a").send(link, payload(400)) == SendResult::full);
  CHECK(stage.probe("a").send(link, payload(200)) == SendResult::accepted);
  CHECK(stage.probe("a").send(link, payload(1)) == SendResult::full);
  stage.run_ms(10);
  // 400 bytes are through at 3400: 600 are left, too many. 800 at 3800: told.
  CHECK(stage.log("a") == Log{"3800 writable"});
  CHECK(stage.probe("a").send(link, payload(5'000)) == SendResult::accepted);  // larger than all of it, alone
  CHECK(stage.probe("a").send(link, payload(1)) == SendResult::full);
}

TEST_CASE("bytes in a black hole stay in the sender's buffer, so that it fills for good") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.world.rate("a", "b", 0, 1'000);
  stage.world.one_way("a", "b");
  CHECK(stage.probe("a").send(link, payload(1'000)) == SendResult::accepted);
  CHECK(stage.probe("a").send(link, payload(1)) == SendResult::full);
  stage.run_ms(60'000);
  CHECK(stage.log("a").empty());
}

TEST_CASE("loss is delay: what is lost comes 200 ms later, and what stands behind it waits") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.world.loss("a", "b", 100'000);
  for (int i = 0; i < 500; ++i) stage.probe("a").send(link, std::to_string(i));
  stage.run_ms(120'000);
  REQUIRE(stage.log("b").size() == 500);
  // All left at 2000; with one in ten lost, the first few arrive at once and the rest with the worst before them.
  CHECK(at_us(stage.log("b").front()) <= 203'000);
  for (const std::string& line : stage.log("b")) {
    const std::int64_t late = at_us(line) - 3'000;
    CAPTURE(line);
    CHECK((late == 0 || late == 200'000 || late == 600'000 || late == 1'400'000 || late == 3'000'000));
  }
  CHECK(at_us(stage.log("b").back()) >= 603'000);
}

TEST_CASE("a link that loses everything makes TCP give up after its retransmissions") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.world.loss("a", "b", always);
  stage.probe("a").send(link, "never");
  stage.run_ms(50'000);
  CHECK(stage.log("a").empty());
  stage.run_ms(10'000);
  CHECK(stage.log("a") == Log{"51002000 down closed_by_peer"});
}

TEST_CASE("in a burst frames are late together") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  Burst burst;
  burst.enter = 50'000;
  burst.leave = 250'000;
  burst.extra_delay = Duration{30'000};
  stage.world.burst("a", "b", burst);
  int late = 0;
  for (int i = 0; i < 1'000; ++i) {
    stage.log("b").clear();
    const std::int64_t sent = to_us(stage.world.now());
    stage.probe("a").send(link, "x");
    stage.run_ms(40);
    REQUIRE(stage.log("b").size() == 1);
    late += at_us(stage.log("b")[0]) - sent == 31'000 ? 1 : 0;
  }
  CHECK(late > 100);  // a sixth of the time is bad
  CHECK(late < 240);
}

TEST_CASE("an mtu hole stops the connection that sends something large, and no other, until it closes") {
  Stage stage;
  const LinkId large = stage.connect("a", "b");
  const LinkId small = stage.connect("a", "b");
  stage.world.mtu_hole("a", "b", 1'400);
  stage.probe("a").send(large, "before");
  stage.probe("a").send(large, payload(1'401));
  stage.probe("a").send(large, "behind");
  stage.probe("a").send(small, "heartbeat");
  stage.run_ms(100);
  CHECK(stage.log("b") == Log{"5000 before", "5000 heartbeat"});
  stage.world.mtu_hole("a", "b", 1u << 30);
  stage.run_ms(100);
  CHECK(stage.log("b") == Log{"5000 before", "5000 heartbeat", "105000 1401 bytes", "105000 behind"});
}

TEST_CASE("lane loss takes one class of traffic only") {
  Stage stage;
  const LinkId control = stage.connect("a", "b", LaneClass::control);
  const LinkId ordinary = stage.connect("a", "b", LaneClass::ordinary);
  stage.world.lane_loss("a", "b", LaneClass::ordinary, true);
  stage.probe("a").send(ordinary, "vanishes");
  stage.probe("a").send(control, "passes");
  stage.run_ms(10);
  CHECK(stage.log("b") == Log{"5000 passes"});
}

TEST_CASE("middle boxes that lie: duplicates, replays across connections, flipped bits, missing ends") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  const auto edit = [&](const std::function<void(Rule&)>& change) {
    stage.world.edit("a", "b", Direction::there, "tamper", change);
  };
  edit([](Rule& rule) { rule.duplicate = always; });
  stage.probe("a").send(link, "twice");
  stage.run_ms(1);
  CHECK(stage.log("b") == Log{"3000 twice", "3000 twice"});

  stage.log("b").clear();
  edit([](Rule& rule) {
    rule.duplicate = 0;
    rule.replay = always;
  });
  stage.probe("a").send(link, "old");
  stage.run_ms(1);
  const LinkId fresh = stage.connect("a", "b");
  stage.probe("a").send(fresh, "new");
  stage.run_ms(1);
  CHECK(stage.log("b") == Log{"7000 old", "7000 new"});

  edit([](Rule& rule) {
    rule.replay = 0;
    rule.corrupt = always;
  });
  const BufferRef original = frame_of(payload(64));
  stage.probe("a").transport->send(fresh, original);
  stage.run_ms(1);
  CHECK(stage.probe("b").last_frame.size() == 64);
  CHECK(text_of(stage.probe("b").last_frame) != payload(64));
  CHECK(text_of(original) == payload(64));  // the sender's own bytes are untouched

  edit([](Rule& rule) {
    rule.corrupt = 0;
    rule.truncate = always;
  });
  stage.probe("a").transport->send(fresh, original);
  stage.run_ms(1);
  CHECK(stage.probe("b").last_frame.size() < 64);
}
