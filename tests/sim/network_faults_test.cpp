// Faults of links beyond loss and delay: shared lines, slow cuts, lanes nobody reads, types that vanish, middle boxes.
#include <hawser/interconnect/frame.hpp>
#include "probe.hpp"

#include <catch2/catch.hpp>

using namespace hawser;
using namespace hawser::sim;
using namespace hawser::sim::test;

namespace {

constexpr TypeId wanted{11};
constexpr TypeId other{12};

std::string payload(std::size_t bytes) { return std::string(bytes, 'x'); }

// A batch as a node would send it, of one message with so many bytes.
BufferRef batch_of(TypeId type, std::size_t bytes, RecordKind kind = RecordKind::message) {
  static const BufferRef content = Buffer::make(4096);
  BatchWriter writer;
  writer.begin(LaneClass::ordinary, wire_version_max, 1, {}, 256);
  Record record;
  record.kind = kind;
  record.type = type;
  record.sequence = 1;
  record.request_id = kind == RecordKind::message ? 0 : 1;
  record.payload = content.bytes().first(bytes);
  writer.add(record);
  return writer.finish();
}

// How many frames have come to `name`.
int frames(Stage& stage, const std::string& name) { return stage.probe(name).frames; }

}  // namespace

TEST_CASE("a slow partition adds a second to every way, and a heal takes it back", "[faults]") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.world.partition({"a"}, {"b"}, Cut::slow);
  stage.probe("a").send(link, "late");
  stage.run_ms(1'100);
  CHECK(stage.log("b") == Log{"1003000 late"});
  stage.world.heal();
  stage.probe("a").send(link, "prompt");
  stage.run_ms(10);
  CHECK(stage.log("b").back() == "1103000 prompt");
}

TEST_CASE("cuts with a reset end the connections of the pair at once", "[faults]") {
  Stage stage;
  stage.connect("a", "b");
  stage.world.partition({"a"}, {"b"}, Cut::reset);
  stage.run_ms(1);
  CHECK(stage.log("a") == Log{"2000 down closed_by_peer"});
  stage.probe("a").dial("b");
  stage.run_ms(600);
  CHECK(stage.log("a").back() == "503000 down connect_timeout");
}

TEST_CASE("a gateway is one line for a group: whoever comes second waits; inside and back are lines of their own",
          "[faults]") {
  Stage stage{Stage::fixed_delay(), {"a", "b", "c"}};
  const LinkId from_a = stage.connect("a", "c");
  const LinkId from_b = stage.connect("b", "c");
  const LinkId inside = stage.connect("a", "b");
  const LinkId back = stage.connect("c", "a");
  stage.world.gateway({"a", "b"}, 1'000'000, 1'000);  // a byte per microsecond
  stage.probe("a").send(from_a, payload(500));
  stage.probe("b").send(from_b, payload(500));
  stage.probe("a").send(inside, payload(500));
  stage.probe("c").send(back, payload(500));
  CHECK(stage.probe("a").send(from_a, payload(501)) == SendResult::full);
  stage.run_ms(10);
  CHECK(stage.log("c") == Log{"9500 500 bytes", "10000 500 bytes"});
  CHECK(stage.log("b") == Log{"9000 500 bytes"});
  CHECK(stage.log("a") == Log{"9500 500 bytes", "9500 writable"});
  stage.world.gateway({"a", "b"}, 0, 1 << 20);
  stage.probe("a").send(from_a, payload(500));
  stage.run_ms(10);
  CHECK(stage.log("c").back() == "19000 500 bytes");
}

TEST_CASE("a lane that nobody reads fills its sender's buffer; other lanes and new connections go on", "[faults]") {
  Stage stage;
  const LinkId control = stage.connect("a", "b", LaneClass::control);
  const LinkId bulk = stage.connect("a", "b", LaneClass::bulk);
  stage.world.rate("a", "b", 0, 1'000, Direction::there);
  stage.world.lane_stall("b", LaneClass::bulk, true);
  CHECK(stage.probe("a").send(bulk, payload(600)) == SendResult::accepted);
  CHECK(stage.probe("a").send(bulk, payload(600)) == SendResult::full);
  stage.probe("a").send(control, "beat");
  stage.run_ms(1'000);
  CHECK(stage.log("b") == Log{"5000 beat"});
  const LinkId fresh = stage.connect("a", "b", LaneClass::bulk);
  stage.probe("a").send(fresh, "unread as well");
  stage.probe("a").transport->hang_up(fresh);
  stage.run_ms(1'000);
  CHECK(stage.log("b").empty());
  stage.world.lane_stall("b", LaneClass::bulk, false);
  stage.run_ms(2);
  CHECK(stage.log("b") == Log{"2007000 600 bytes", "2007000 unread as well", "2007000 closed"});
  CHECK(stage.log("a") == Log{"2007000 writable"});
}

TEST_CASE("type loss takes frames that hold the type and what follows them there; others pass", "[faults]") {
  Stage stage;
  const LinkId link = stage.connect("a", "b", LaneClass::ordinary);
  const LinkId second = stage.connect("a", "b", LaneClass::ordinary);
  const auto send = [&](LinkId on, const BufferRef& frame) { stage.probe("a").transport->send(on, frame); };
  send(link, batch_of(wanted, 64));  // under way
  stage.world.type_loss("a", "b", wanted, true);
  send(link, batch_of(other, 64));
  stage.run_ms(2);
  CHECK(frames(stage, "b") == 2);
  for (const RecordKind kind : {RecordKind::message, RecordKind::request, RecordKind::reply}) {
    const LinkId own = stage.connect("a", "b", LaneClass::ordinary);
    send(own, batch_of(wanted, 64, kind));
    send(own, batch_of(other, 64));  // TCP has no gaps
  }
  send(second, batch_of(other, 64));
  send(second, frame_of("no frame of ours"));
  stage.run_ms(2);
  CHECK(frames(stage, "b") == 4);
  stage.world.type_loss("a", "b", wanted, false);
  send(link, batch_of(wanted, 64));
  stage.run_ms(2);
  CHECK(frames(stage, "b") == 5);
}

TEST_CASE("the verbs of middle boxes: twice, once more after a reconnect, a bit flipped, the end missing", "[faults]") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  SECTION("duplicate") {
    stage.world.duplicate("a", "b", always);
    stage.probe("a").send(link, "x");
    stage.run_ms(1);
    CHECK(stage.log("b") == Log{"3000 x", "3000 x"});
  }
  SECTION("replay, on a later connection") {
    stage.world.replay("a", "b", always);
    stage.probe("a").send(link, "old");
    stage.run_ms(1);
    stage.world.reset("a", "b");
    const LinkId fresh = stage.connect("a", "b");
    stage.probe("a").send(fresh, "new");
    stage.run_ms(1);
    CHECK(stage.log("b") == Log{"6000 old", "6000 new"});
  }
  SECTION("corrupt") {
    stage.world.corrupt("a", "b", always);
    stage.probe("a").send(link, payload(64));
    stage.run_ms(1);
    CHECK(stage.probe("b").last_frame.size() == 64);
    CHECK(text_of(stage.probe("b").last_frame) != payload(64));
  }
  SECTION("truncate") {
    stage.world.truncate("a", "b", always);
    stage.probe("a").send(link, payload(64));
    stage.run_ms(1);
    CHECK((stage.log("b").empty() || stage.probe("b").last_frame.size() < 64));
  }
  SECTION("none of it once it is over") {
    for (const std::uint32_t chance : {always, std::uint32_t{0}}) {
      stage.world.duplicate("a", "b", chance);
      stage.world.replay("a", "b", chance);
      stage.world.corrupt("a", "b", chance);
      stage.world.truncate("a", "b", chance);
    }
    stage.probe("a").send(link, "as it is");
    stage.run_ms(1);
    CHECK(stage.log("b") == Log{"3000 as it is"});
  }
}
