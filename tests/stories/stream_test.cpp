// A stream from another thread over a slow link: its wakes are moderated, and nothing waits for an acknowledgement.
#include "pair.hpp"

#include <algorithm>
#include <thread>

using namespace hawser;
using namespace hawser::stories;

namespace {

constexpr std::size_t half = 20;  // more than makes a stream, less than the first credit

std::size_t sent(Pair& pair) {
  const NodeSnapshot shown = pair.node("n1").snapshot();
  std::size_t sum = 0;
  for (const PeerSnapshot& peer : shown.peers) {
    for (const ChannelSnapshot& channel : peer.channels) sum += channel.sent_messages;
  }
  return sum;
}

}  // namespace

TEST_CASE("a stream from another thread does not wait for the acknowledgement of what went before (sockets)") {
  const auto pair = socket_pair();
  const auto quiet = [](Config& config) {  // no heartbeat looks at the queue by chance
    config.detector.heartbeat = 30s;
    config.detector.acceptable_pause = 60s;
  };
  std::size_t heard = 0;
  pair->begin({{"n1", {}, quiet}, {"n2", [&](Node& node) { node.on<Note>([&](Note::Reader) { ++heard; }); }, quiet}});
  pair->meet();
  CHECK(send(*pair, "n1", "n2", note(0)).delivered());
  pair->delay(400ms);

  Ends ends;
  const auto stream = [&] {
    Peer peer = pair->node("n1").peer("n2");
    std::thread{[&] {
      for (std::size_t i = 0; i < half; ++i) peer.send(note(i), {}, ends.sink());
    }}.join();
  };
  stream();  // the loop finds all of it at once
  REQUIRE(pair->run_until([&] { return sent(*pair) == half; }));
  stream();
  REQUIRE(pair->run_until([&] { return ends.count() > 0; }));
  CHECK(heard == 1 + 2 * half);
  pair->rest();
}
