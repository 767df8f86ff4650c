// What a message costs the allocator once traffic is steady: counted in this very process, over real sockets.
#include <hawser/interconnect/node.hpp>
#include <hawser/interconnect/zmq/zmq_runtime.hpp>

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include "messages.capnp.h"
#include <support/counted_new.hpp>

#include <chrono>
#include <memory>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t burst = 256;

class TwoNodes {
 public:
  TwoNodes() {
    Config config;
    config.id = NodeId{"n2"};
    config.listen = {"127.0.0.1", 0};
    config.peers = {{NodeId{"n1"}, {"127.0.0.1", 1}}};
    other = std::make_unique<Node>(runtime, config);
    config.id = NodeId{"n1"};
    config.peers = {{NodeId{"n2"}, other->endpoint()}};
    node = std::make_unique<Node>(runtime, config);
    other->set_endpoint(NodeId{"n1"}, node->endpoint());
    other->on<Note>([this](Note::Reader note) { handled += note.getNumber(); });
    other->on<Question>([](Question::Reader question) {
      Message<Answer> answer;
      answer->setNumber(question.getNumber());
      return answer;
    });
    run_until([this] { return node->peer("n2").health().state == PeerState::up; });
  }

  template <typename Reached>
  void run_until(Reached reached) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!reached() && std::chrono::steady_clock::now() < limit) io.run_one_for(50ms);
    REQUIRE(reached());
  }

  boost::asio::io_context io;
  ZmqRuntime runtime{io};
  std::unique_ptr<Node> other;
  std::unique_ptr<Node> node;
  std::uint64_t handled = 0;
};

// Allocations per message, in thousandths, after a warm-up.
template <typename SendBurst>
std::uint64_t per_thousand(SendBurst send_burst) {
  for (int i = 0; i < 20; ++i) send_burst();
  const std::uint64_t before = test::allocations();
  constexpr std::uint64_t bursts = 40;
  for (std::uint64_t i = 0; i < bursts; ++i) send_burst();
  return (test::allocations() - before) * 1000 / (bursts * burst);
}

}  // namespace

TEST_CASE("in steady state a message that is built, sent, received and handled is allocated by nobody") {
  TwoNodes nodes;
  Peer peer = nodes.node->peer("n2");
  const std::uint64_t cost = per_thousand([&] {
    const std::uint64_t wanted = nodes.handled + burst;
    for (std::uint64_t i = 0; i < burst; ++i) {
      Message<Note> note;
      note->setNumber(1);
      REQUIRE(peer.try_post(note).delivered());
    }
    nodes.run_until([&] { return nodes.handled == wanted; });
  });
  INFO("allocations per thousand messages: " << cost);
  CHECK(cost < 50);  // what a batch, a timer or a heartbeat costs is shared by many
}

TEST_CASE("in steady state a message whose outcome is waited for is allocated by nobody") {
  TwoNodes nodes;
  Peer peer = nodes.node->peer("n2");
  std::uint64_t told = 0;
  const std::uint64_t cost = per_thousand([&] {
    const std::uint64_t wanted = told + burst;
    for (std::uint64_t i = 0; i < burst; ++i) {
      Message<Note> note;
      note->setNumber(1);
      peer.send(note, {}, [&told](Outcome outcome) { told += outcome.delivered() ? 1 : 1000; });
    }
    nodes.run_until([&] { return told == wanted; });
  });
  INFO("allocations per thousand messages: " << cost);
  CHECK(cost < 50);
}

TEST_CASE("in steady state a request and its reply are allocated by nobody") {
  TwoNodes nodes;
  Peer peer = nodes.node->peer("n2");
  std::uint64_t answered = 0;
  const std::uint64_t cost = per_thousand([&] {
    const std::uint64_t wanted = answered + burst;
    for (std::uint64_t i = 0; i < burst; ++i) {
      Message<Question> question;
      question->setNumber(1);
      peer.request<Answer>(question, {}, [&answered](Result<Received<Answer>> reply) {
        answered += reply ? (*reply)->getNumber() : 1000;
      });
    }
    nodes.run_until([&] { return answered == wanted; });
  });
  INFO("allocations per thousand requests: " << cost);
  CHECK(cost < 1100);  // Received keeps its reader on the heap, and is the caller's
}
