// Setting up and ending connections, to the microsecond.
#include "probe.hpp"

#include <catch2/catch.hpp>

using namespace hawser;
using namespace hawser::sim;
using namespace hawser::sim::test;

TEST_CASE("a link is up after one round trip, and the first frame arrives one way later") {
  Stage stage;
  stage.start();
  const LinkId link = stage.probe("a").dial("b");
  CHECK(stage.probe("a").send(link, "too early") == SendResult::down);
  stage.run_ms(2);
  CHECK(stage.log("a") == Log{"2000 up"});
  CHECK(stage.probe("a").send(link, "hello") == SendResult::accepted);
  stage.run_ms(1);
  CHECK(stage.log("b") == Log{"3000 hello"});
  CHECK(stage.probe("b").last_identity.name == "a");
  CHECK_FALSE(stage.probe("b").last_identity.authenticated);
}

TEST_CASE("nothing is told from inside a call") {
  Stage stage;
  stage.start();
  stage.probe("a").dial("no.such.host");
  CHECK(stage.log("a").empty());
  stage.run_ms(0);
  CHECK(stage.log("a") == Log{"0 down name_not_found"});
}

TEST_CASE("where nobody listens the dial is refused after one round trip") {
  Stage stage;
  stage.start();
  const DialRequest request{{"b", 7999}, "b", LaneClass::control};
  stage.probe("a").transport->dial(request);
  stage.run_ms(10);
  CHECK(stage.log("a") == Log{"2000 down connect_refused"});
  CHECK(stage.world.network().connections() == 0);
}

TEST_CASE("a refusing host refuses, and accepts again when told so; its connections stand") {
  Stage stage;
  const LinkId old = stage.connect("a", "b");
  stage.world.refuse("b");
  stage.probe("a").dial("b");
  stage.run_ms(10);
  CHECK(stage.log("a") == Log{"4000 down connect_refused"});
  CHECK(stage.probe("a").send(old, "still here") == SendResult::accepted);
  stage.world.refuse("b", false);
  stage.probe("a").dial("b");
  stage.run_ms(10);
  CHECK(stage.log("a").back() == "14000 up");
  CHECK(stage.log("b") == Log{"13000 still here"});
}

TEST_CASE("a dial into a black hole times out, whichever way is cut") {
  for (const bool there : {true, false}) {
    Stage stage;
    stage.start();
    stage.world.one_way(there ? "a" : "b", there ? "b" : "a");
    stage.probe("a").dial("b");
    stage.run_ms(5'000);
    CHECK(stage.log("a") == Log{"500000 down connect_timeout"});
    CHECK(stage.log("b").empty());
    CHECK(stage.world.network().connections() == 0);
    CHECK(stage.probe("b").transport->stats().connections_open == 0);
  }
}

TEST_CASE("a long connect timeout outlives a short cut: TCP tries again after a second") {
  Stage stage;
  stage.config.connect_timeout = Duration{5'000'000};
  stage.start();
  stage.world.partition({"a"}, {"b"});
  stage.probe("a").dial("b");
  stage.world.after(Duration{900'000}, [&] { stage.world.heal(); });
  stage.run_ms(4'000);
  CHECK(stage.log("a") == Log{"1002000 up"});
}

TEST_CASE("a number that no machine has gives no answer") {
  Stage stage;
  stage.start();
  const DialRequest request{{"10.9.9.9", 7000}, "b", LaneClass::control};
  stage.probe("a").transport->dial(request);
  stage.run_ms(600);
  CHECK(stage.log("a") == Log{"500000 down connect_timeout"});
}

TEST_CASE("hanging up ends the connection in order, after what was sent") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").send(link, "one");
  stage.probe("a").send(link, "two");
  stage.probe("a").transport->hang_up(link);
  CHECK(stage.probe("a").send(link, "three") == SendResult::down);
  stage.run_ms(10);
  CHECK(stage.log("b") == Log{"3000 one", "3000 two", "3000 closed"});
  CHECK(stage.log("a").empty());
  CHECK(stage.world.network().connections() == 0);
}

TEST_CASE("a connection that never delivered a frame is closed without a word") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").transport->hang_up(link);
  stage.run_ms(10);
  CHECK(stage.log("b").empty());
  CHECK(stage.probe("b").transport->stats().connections_open == 0);
}

TEST_CASE("a dial that is hung up before it stands is never heard of") {
  Stage stage;
  stage.start();
  const LinkId link = stage.probe("a").dial("b");
  stage.world.run_for(Duration{1'500});
  stage.probe("a").transport->hang_up(link);
  stage.run_ms(1'000);
  CHECK(stage.log("a").empty());
  CHECK(stage.world.network().connections() == 0);
}

TEST_CASE("drop ends an inbound connection: none of its frames follow, the dialler is told one way later") {
  Stage stage;
  const LinkId link = stage.connect("a", "b");
  stage.probe("b").drop_on_frame = true;
  stage.probe("a").send(link, "first");
  stage.probe("a").send(link, "second");
  stage.run_ms(10);
  CHECK(stage.log("b") == Log{"3000 first"});
  CHECK(stage.log("a") == Log{"4000 down closed_by_peer"});
  CHECK(stage.world.network().connections() == 0);
}

TEST_CASE("an answer with linger arrives before the end, without it the end comes first") {
  for (const bool linger : {true, false}) {
    Stage stage;
    const LinkId link = stage.connect("a", "b");
    stage.probe("a").send(link, "hello");
    stage.run_ms(1);
    Probe& b = stage.probe("b");
    b.transport->answer(b.last, frame_of("go away"));
    b.transport->drop(b.last, linger);
    stage.run_ms(10);
    if (linger) {
      CHECK(stage.log("a") == Log{"4000 answer go away", "4000 down closed_by_peer"});
    } else {
      CHECK(stage.log("a") == Log{"4000 down closed_by_peer"});
    }
    CHECK(stage.log("b") == Log{"3000 hello"});
  }
}

TEST_CASE("inbound connections are bounded; those above are refused and counted") {
  Stage stage;
  stage.config.connections_max = 2;
  stage.connect("a", "b");
  stage.connect("a", "b");
  stage.probe("a").dial("b");
  stage.run_ms(10);
  CHECK(stage.log("a") == Log{"6000 down connect_refused"});
  CHECK(stage.probe("b").transport->stats().connections_refused == 1);
  CHECK(stage.probe("b").transport->stats().connections_open == 2);
}

TEST_CASE("without descriptors nothing is dialled, and nothing accepted") {
  Stage stage;
  stage.start();
  stage.world.descriptors("a", 0);
  stage.probe("a").dial("b");
  stage.run_ms(0);
  CHECK(stage.log("a") == Log{"0 down no_descriptors"});
  stage.probe("b").dial("a");
  stage.run_ms(600);
  CHECK(stage.log("b") == Log{"500000 down connect_timeout"});
}

TEST_CASE("a misrouted name leads to another host") {
  Stage stage{Stage::fixed_delay(), {"a", "b", "c"}};
  stage.start();
  stage.world.misroute("b", "c");
  const LinkId link = stage.connect("a", "b");
  stage.probe("a").send(link, "lost my way");
  stage.run_ms(1);
  CHECK(stage.log("c") == Log{"3000 lost my way"});
  CHECK(stage.log("b").empty());
}

TEST_CASE("a frame above the limit, and an empty one, end their connection and are counted") {
  Stage stage;
  stage.config.frame_bytes_max = 100;
  const LinkId large = stage.connect("a", "b");
  stage.probe("a").send(large, std::string(101, 'x'));
  stage.run_ms(10);
  CHECK(stage.log("a") == Log{"4000 down closed_by_peer"});
  CHECK(stage.probe("b").transport->stats().frames_malformed == 1);
  const LinkId empty = stage.connect("a", "b");
  stage.probe("a").send(empty, "");
  stage.run_ms(10);
  CHECK(stage.probe("b").transport->stats().frames_malformed == 2);
  CHECK(stage.probe("b").frames == 0);
}

TEST_CASE("a host can dial itself, and addresses may be numbers that it listens at") {
  Stage stage;
  stage.start();
  Probe& a = stage.probe("a");
  const DialRequest request{{"127.0.0.1", 7000}, "a", LaneClass::control};
  const LinkId link = a.transport->dial(request);
  stage.run_ms(2);
  CHECK(stage.log("a") == Log{"2000 up"});
  a.send(link, "to myself");
  stage.run_ms(1);
  CHECK(stage.log("a").back() == "3000 to myself");
}
