// Frames between two transports on one loop, over real TCP.
#include "raw_tcp.hpp"
#include "real_loop.hpp"

#include <numeric>

using namespace hawser;
using namespace std::chrono_literals;

TEST_CASE("a frame arrives whole, with the dialler's name, and the turn is closed") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  const LinkId link = n1.join(n2.listen());
  CHECK(n1.send(link, "good morning") == SendResult::accepted);
  REQUIRE(loop.until([&] { return n2.frames() == 1; }));
  const Station::Inbound& inbound = n2.inbounds.begin()->second;
  CHECK(inbound.name == "n1");
  CHECK(inbound.frames == std::vector<std::string>{"good morning"});
  CHECK(n2.turns > 0);
  CHECK(n1.ups[link] == 1);
  CHECK(n1.transport->stats().frames_out == 1);
  CHECK(n2.transport->stats().frames_in == 1);
  CHECK(n2.transport->stats().connections_open == 1);
}

TEST_CASE("every frame of a long burst arrives in order, although one wake-up stands for many") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  const LinkId link = n1.join(n2.listen());
  std::vector<std::string> said;
  std::size_t next = 0;
  constexpr std::size_t count = 5000;
  const auto pump = [&] {
    while (next < count && n1.send(link, "frame " + std::to_string(next)) == SendResult::accepted) {
      said.push_back("frame " + std::to_string(next++));
    }
  };
  REQUIRE(loop.until([&] {
    pump();
    return n2.frames() == count;
  }));
  CHECK(n2.inbounds.begin()->second.frames == said);
}

TEST_CASE("frames of every size come through unchanged, lent or copied") {
  RealLoop loop;
  Station n1{loop, "n1", 8u << 20};
  Station n2{loop, "n2", 8u << 20};
  const LinkId link = n1.join(n2.listen());
  for (const std::size_t size : {std::size_t{1}, std::size_t{33}, std::size_t{255}, std::size_t{256}, std::size_t{1023},
                                 std::size_t{1024}, std::size_t{65'536}, std::size_t{8u << 20}}) {
    BufferRef frame = Buffer::make(size);
    std::size_t i = 0;
    for (std::byte& byte : frame.bytes()) byte = static_cast<std::byte>(i++ * 7 + size);
    BufferRef received;
    n2.on_frame = [&](ConnectionId, const BufferRef& got) { received = got; };
    REQUIRE(n1.transport->send(link, frame) == SendResult::accepted);
    REQUIRE(loop.until([&] { return static_cast<bool>(received); }));
    CHECK(std::equal(received.bytes().begin(), received.bytes().end(), frame.bytes().begin(), frame.bytes().end()));
  }
}

TEST_CASE("an answer is noticed although the send just before it swallowed its wake-up") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  n2.listen();
  n2.on_frame = [&](ConnectionId from, const BufferRef& frame) {
    if (text_of(frame) == "hello") n2.transport->answer(from, frame_of("not you"));
  };
  for (int i = 0; i < 10; ++i) {
    const LinkId link = n1.join(n2.at);
    n1.send(link, "hello");
    // Keep the sending socket busy at the very time the answer comes.
    REQUIRE(loop.until([&] {
      n1.send(link, "more");
      return n1.answers.count(link) == 1;
    }));
    CHECK(n1.answers[link] == "not you");
    n1.transport->hang_up(link);
  }
}

TEST_CASE("an answer leaves before a lingering drop ends the connection") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  n2.listen();
  n2.on_frame = [&](ConnectionId from, const BufferRef&) {
    n2.transport->answer(from, frame_of("another cluster"));
    n2.transport->drop(from, true);
  };
  const LinkId link = n1.join(n2.at);
  n1.send(link, "hello");
  REQUIRE(loop.until([&] { return n1.downs.count(link) == 1; }));
  CHECK(n1.answers[link] == "another cluster");
  CHECK(n1.downs.at(link).why == LinkFailure::closed_by_peer);
  CHECK_FALSE(n2.inbounds.begin()->second.closed);  // we dropped it ourselves: nobody is told
}

TEST_CASE("a reader that stops makes the link full, and it is writable once the reader goes on") {
  RealLoop writing;
  RealLoop reading;
  Station n1{writing, "n1"};
  Station n2{reading, "n2"};
  n2.listen();
  const LinkId link = n1.dial(n2.at);
  REQUIRE(writing.until([&] {
    reading.io.poll();
    reading.io.restart();
    return n1.ups[link] == 1;
  }));
  // The reader's loop stands still. 64 KiB frames fill its queue, TCP and ours.
  const std::string big(65'536, 'x');
  std::size_t accepted = 0;
  SendResult last = SendResult::accepted;
  REQUIRE(writing.until([&] {
    for (int i = 0; i < 20 && last == SendResult::accepted; ++i) {
      last = n1.send(link, big);
      if (last == SendResult::accepted) ++accepted;
    }
    if (last != SendResult::full) return false;
    const int before = n1.writables[link];
    writing.run_for(100ms);  // full for good: not just a moment of the I/O thread
    if (n1.writables[link] == before) return true;
    last = SendResult::accepted;
    return false;
  }));
  const int before = n1.writables[link];
  REQUIRE(reading.until([&] { return n2.frames() == accepted; }));
  REQUIRE(writing.until([&] { return n1.writables[link] == before + 1; }));
  CHECK(n1.send(link, "on we go") == SendResult::accepted);
  REQUIRE(reading.until([&] { return n2.frames() == accepted + 1; }));
  CHECK(n2.inbounds.size() == 1);
}

TEST_CASE("a dropped connection is silent at once, its dialler learns of it, and the others do not notice") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n3{loop, "n3"};
  Station n2{loop, "n2"};
  n2.listen();
  const LinkId doomed = n1.join(n2.at);
  const LinkId other = n3.join(n2.at);
  n1.send(doomed, "drop me");
  REQUIRE(loop.until([&] { return n2.frames() == 1; }));
  const ConnectionId dropped = n2.newest();
  n2.transport->drop(dropped);
  n1.send(doomed, "too late");
  n3.send(other, "still here");
  REQUIRE(loop.until([&] { return n1.downs.count(doomed) == 1 && n2.inbounds.size() == 2; }));
  CHECK(n1.downs.at(doomed).why == LinkFailure::closed_by_peer);
  CHECK(n2.inbounds[dropped].count == 1);
  CHECK_FALSE(n2.inbounds[dropped].closed);
  CHECK(n3.downs.empty());
  CHECK(n1.send(doomed, "gone") == SendResult::down);
  // Nothing of it is left behind.
  REQUIRE(loop.until([&] { return n2.transport->stats().connections_open == 1; }));
}

TEST_CASE("the listener learns that a connection closed, after the last of its frames") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  const LinkId link = n1.join(n2.listen());
  for (int i = 0; i < 10; ++i) n1.send(link, "x");
  REQUIRE(loop.until([&] { return n2.frames() == 10; }));
  n1.transport->hang_up(link);
  REQUIRE(loop.until([&] { return n2.inbounds.begin()->second.closed; }));
  CHECK(n1.downs.empty());  // who hangs up is not told
}

TEST_CASE("redialling forty times leaks no descriptor, and each dial is a connection of its own") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  n2.listen();
  const auto cycle = [&] {
    const std::size_t had = n2.frames();
    const LinkId link = n1.join(n2.at);
    n1.send(link, "hello");
    REQUIRE(loop.until([&] { return n2.frames() == had + 1; }));
    n1.transport->hang_up(link);
    REQUIRE(loop.until([&] { return n2.transport->stats().connections_open == 0; }));
  };
  for (int i = 0; i < 5; ++i) cycle();
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 40; ++i) cycle();
  REQUIRE(loop.until([&] { return open_descriptors() <= before; }));
  CHECK(n2.inbounds.size() == 45);
}

TEST_CASE("a port is free again right after its transport is gone") {
  RealLoop loop;
  Endpoint at;
  {
    Station n1{loop, "n1"};
    Station n2{loop, "n2"};
    const LinkId link = n1.join(n2.listen());
    n1.send(link, "hello");
    REQUIRE(loop.until([&] { return n2.frames() == 1; }));
    at = n2.at;
  }
  Station again{loop, "n2"};
  again.start();
  // ZeroMQ closes the old listener in a thread of its own.
  REQUIRE(loop.until([&] {
    try {
      return again.transport->listen(at) == at;
    } catch (const StartError&) {
      return false;
    }
  }));
}

TEST_CASE("a transport may be destroyed inside each of its calls") {
  RealLoop loop;
  Station n1{loop, "n1"};
  auto n2 = std::make_unique<Station>(loop, "n2");
  const LinkId link = n1.join(n2->listen());
  bool gone = false;
  n2->on_frame = [&](ConnectionId, const BufferRef&) {
    n2->transport.reset();
    gone = true;
  };
  for (int i = 0; i < 5; ++i) n1.send(link, "goodbye");
  REQUIRE(loop.until([&] { return gone; }));
  REQUIRE(loop.until([&] { return n1.downs.count(link) == 1; }));
  CHECK(n2->frames() == 1);
}
