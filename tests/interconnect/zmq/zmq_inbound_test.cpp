// What a listener meets from the open network: strangers, noise, and peers that break the rules. In each story a good
// peer must not notice.
#include "raw_tcp.hpp"
#include "real_loop.hpp"

#include <chrono>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

// A listener with one good peer, which must be heard before and after whatever happens.
struct Town {
  explicit Town(std::size_t frame_bytes_max = 1 << 20, std::size_t connections_max = 1000)
      : n2(loop, "n2", frame_bytes_max, connections_max), good(loop, "good", frame_bytes_max) {
    n2.config.handshake_timeout = Duration{400'000};
    link = good.join(n2.listen());
    hear_good();
  }
  void hear_good() {
    const std::size_t before = heard();
    REQUIRE(good.send(link, "fine") == SendResult::accepted);
    REQUIRE(loop.until([&] { return heard() == before + 1; }));
    REQUIRE(good.downs.empty());
  }
  std::size_t heard() const {
    std::size_t sum = 0;
    for (const auto& [id, inbound] : n2.inbounds) {
      if (inbound.name == "good") sum += inbound.count;
    }
    return sum;
  }
  std::size_t heard_from(const std::string& name) const {
    std::size_t sum = 0;
    for (const auto& [id, inbound] : n2.inbounds) {
      if (inbound.name == name) sum += inbound.count;
    }
    return sum;
  }

  RealLoop loop;
  Station n2;
  Station good;
  LinkId link = LinkId::none;
};

constexpr std::string_view zmtp2_greeting{"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x05\x00\x00", 14};
constexpr std::string_view zmtp1_greeting{"\x02\x00z\x06\x00hello", 10};

}  // namespace

TEST_CASE("noise on the port ends its own connection only") {
  Town town;
  const RawTcp noise{town.n2.at};
  const RawTcp page{town.n2.at};
  REQUIRE(noise.connected());
  noise.write(std::string(4096, '\x5a'));
  page.write("GET / HTTP/1.1\r\nHost: n2\r\n\r\n");
  REQUIRE(town.loop.until([&] { return noise.ended() && page.ended(); }));
  town.hear_good();
  CHECK(town.n2.frames() == town.heard());
}

TEST_CASE("a valid signature and then noise gets no further") {
  Town town;
  const RawTcp liar{town.n2.at};
  liar.write({"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL", 16});
  liar.write(std::string(48, '\0'));
  liar.write("\x06\xff\xff\xff\xff\xff\xff\xff\xff");  // a command that claims to be enormous
  REQUIRE(town.loop.until([&] { return liar.ended(); }));
  town.hear_good();
}

TEST_CASE("a silent connection is ended by the handshake's time limit") {
  Town town;
  const RawTcp silent{town.n2.at};
  const RawTcp slow{town.n2.at};
  slow.write("\xff");
  REQUIRE(town.loop.until([&] { return silent.ended() && slow.ended(); }));
  REQUIRE(town.loop.until([&] { return town.n2.transport->stats().connections_open == 1; }));
  town.hear_good();
}

TEST_CASE("peers that speak the first or second revision of the protocol do not get in") {
  Town town;
  const RawTcp second{town.n2.at};
  second.write(zmtp2_greeting);
  second.write({"\x00\x05hello", 7});
  const RawTcp first{town.n2.at};
  first.write(zmtp1_greeting);
  first.write({"\x06\x00hello", 7});
  REQUIRE(town.loop.until([&] { return first.ended() && second.ended(); }));
  town.hear_good();
  CHECK(town.n2.frames() == town.heard());
}

TEST_CASE("a frame above the limit ends its connection only") {
  Town town{64 << 10};
  BareDealer broken{"broken|ctl|1|1", town.n2.at};
  broken.send("small");
  broken.send(std::string((64 << 10) + 1, 'x'));
  REQUIRE(town.loop.until([&] { return town.heard_from("broken") == 1 && town.n2.inbounds.rbegin()->second.closed; }));
  town.hear_good();
}

TEST_CASE("a message of several parts, or an empty one, ends its connection and is counted") {
  Town town;
  const auto breaks = [&](BareDealer& broken, const std::string& name) {
    REQUIRE(town.loop.until([&] { return town.heard_from(name) == 1; }));
    REQUIRE(town.loop.until([&] { return town.n2.transport->stats().connections_open == 1; }));
    CHECK(town.n2.inbounds[town.n2.newest()].closed);
    broken.send("later");
    town.hear_good();
    CHECK(town.heard_from(name) == 1);
  };
  BareDealer parts{"parts|ctl|1|1", town.n2.at};
  parts.send("good so far");
  parts.send("one", true);
  parts.send("two");
  breaks(parts, "parts");
  BareDealer empty{"empty|ctl|1|1", town.n2.at};
  empty.send("good so far");
  empty.send("");
  breaks(empty, "empty");
  CHECK(town.n2.transport->stats().frames_malformed == 2);
}

TEST_CASE("a message that never ends is cut off, though nothing of it was ever delivered") {
  Town town{256 << 10};
  RawZmtp endless{town.n2.at, "endless|ctl|1|1"};
  const std::string part = RawZmtp::part(64 << 10);
  std::size_t said = 0;
  REQUIRE(town.loop.until([&] {
    for (int i = 0; i < 16 && endless.waiting() < part.size(); ++i, said += part.size()) endless.say(part);
    if (endless.waiting() > 0) endless.say({});
    return town.n2.transport->stats().frames_malformed == 1;
  }));
  REQUIRE(town.loop.until([&] { return endless.ended() && town.n2.transport->stats().connections_open == 1; }));
  CHECK(said > (8u << 20));
  CHECK(town.heard_from("endless") == 0);
  town.hear_good();
}

TEST_CASE("long traffic within the rules is not taken for a message that never ends") {
  Town town{256 << 10};
  const std::string big(200 << 10, 'x');
  const auto began = std::chrono::steady_clock::now();
  std::size_t accepted = 0;
  // Past two of the transport's audits, and well past what they let pass unexplained.
  REQUIRE(town.loop.until([&] {
    if (town.good.send(town.link, big) == SendResult::accepted) ++accepted;
    return accepted > 200 && std::chrono::steady_clock::now() - began > 500ms;
  }));
  REQUIRE(town.loop.until([&] { return town.heard() == accepted + 1; }));
  CHECK(town.n2.transport->stats().frames_malformed == 0);
  town.hear_good();
}

TEST_CASE("a newcomer with the routing id of another takes its place, and the older is told closed") {
  Town town;
  BareDealer older{"twin|ctl|1|1", town.n2.at};
  older.send("I am the first");
  REQUIRE(town.loop.until([&] { return town.heard_from("twin") == 1; }));
  const ConnectionId first = town.n2.newest();
  BareDealer newer{"twin|ctl|1|1", town.n2.at};
  newer.send("I am the second");
  REQUIRE(town.loop.until([&] { return town.heard_from("twin") == 2; }));
  CHECK(town.n2.newest() != first);
  REQUIRE(town.loop.until([&] { return town.n2.inbounds[first].closed; }));
  older.send("am I?");
  REQUIRE(town.loop.until([&] { return town.n2.transport->stats().connections_open == 2; }));
  CHECK(town.heard_from("twin") == 2);
  town.hear_good();
}

TEST_CASE("a stranger that announces the routing ids we dial with does not stop us") {
  Town town;
  // The very id that n2's next dial will announce, and n2's own name.
  std::vector<std::unique_ptr<BareDealer>> strangers;
  for (const char* id : {"n2|ctl|7|1", "n2|ctl|7|2", "good|ctl|7|2", "n2"}) {
    strangers.push_back(std::make_unique<BareDealer>(id, town.n2.at));
    strangers.back()->send("mine");
  }
  REQUIRE(town.loop.until([&] { return town.n2.inbounds.size() == 1 + strangers.size(); }));
  Station n3{town.loop, "n3"};
  n3.listen();
  town.n2.send(town.n2.join(n3.at), "hello");
  REQUIRE(town.loop.until([&] { return n3.frames() == 1; }));
  const LinkId to_itself = town.n2.join(town.n2.at);
  town.n2.send(to_itself, "and to myself");
  REQUIRE(town.loop.until([&] { return town.heard_from("n2") == 4; }));
  town.hear_good();
}

TEST_CASE("connections above the limit are refused and counted; one that leaves makes room") {
  Town town{1 << 20, 3};
  const RawTcp one{town.n2.at};
  auto two = std::make_unique<RawTcp>(town.n2.at);
  REQUIRE(town.loop.until([&] { return town.n2.transport->stats().connections_open == 3; }));
  const RawTcp three{town.n2.at};
  REQUIRE(town.loop.until([&] { return three.ended(); }));
  CHECK_FALSE(one.ended());
  REQUIRE(town.loop.until([&] { return town.n2.transport->stats().connections_open == 3; }));
  CHECK(town.n2.transport->stats().connections_refused == 1);
  two.reset();
  REQUIRE(town.loop.until([&] { return town.n2.transport->stats().connections_open == 2; }));
  Station late{town.loop, "late"};
  late.send(late.join(town.n2.at), "hello");
  REQUIRE(town.loop.until([&] { return town.heard_from("late") == 1; }));
  town.hear_good();
}

TEST_CASE("five hundred connections that come and reset leave nothing behind") {
  Town town;
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<RawTcp>> crowd;
    for (int i = 0; i < 50; ++i) crowd.push_back(std::make_unique<RawTcp>(town.n2.at));
    town.loop.io.restart();
    town.loop.io.poll();
  }
  REQUIRE(town.loop.until([&] {
    const TransportStats stats = town.n2.transport->stats();
    return stats.connections_accepted == 501 && stats.connections_open == 1;
  }));
  REQUIRE(town.loop.until([&] { return open_descriptors() <= before; }));
  town.hear_good();
}

TEST_CASE("peers that come, speak and go while the loop is busy are each a connection of their own") {
  RealLoop busy;
  Station n2{busy, "n2"};
  n2.listen();
  constexpr int visitors = 12;
  {
    RealLoop others;
    Station peer{others, "peer"};
    for (int i = 0; i < visitors; ++i) {
      const LinkId link = peer.join(n2.at);
      peer.send(link, "visit " + std::to_string(i));
      others.run_for(5ms);  // ZeroMQ's thread writes it out
      peer.transport->hang_up(link);
      others.run_for(5ms);  // and frees the descriptor for the next
    }
  }
  REQUIRE(busy.until([&] {
    std::size_t closed = 0;
    for (const auto& [id, inbound] : n2.inbounds) closed += inbound.closed ? 1 : 0;
    return closed == visitors;
  }));
  CHECK(n2.inbounds.size() == visitors);
  for (const auto& [id, inbound] : n2.inbounds) CHECK(inbound.count == 1);
}

TEST_CASE("a port in use, a foreign address and a forbidden name are refused with what to do") {
  Town town;
  Station n4{town.loop, "n4"};
  n4.start();
  CHECK_THROWS_WITH(n4.transport->listen(town.n2.at), Catch::Contains(std::to_string(town.n2.at.port)) &&
                                                          Catch::Contains("in use") && Catch::Contains("`listen`"));
  CHECK_THROWS_WITH(n4.transport->listen({"192.0.2.1", 0}), Catch::Contains("no address of this machine"));
  CHECK_THROWS_AS(n4.transport->listen({"no-such-host.invalid", 0}), StartError);
  CHECK(n4.transport->listen({"127.0.0.1", 0}).port != 0);  // and the next try may succeed
}
