// Many threads at one node: they send, ask and give up while the loop runs elsewhere. Meant for the thread sanitizer.
#include <hawser/interconnect/node.hpp>
#include <hawser/interconnect/zmq/zmq_runtime.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

struct Told {
  std::atomic<std::uint64_t> count{0};
  std::array<std::atomic<std::uint64_t>, outcome_kind_count> kinds{};

  void end(const Outcome& outcome) {
    ++kinds[static_cast<std::size_t>(outcome.kind)];
    ++count;
  }
  std::uint64_t of(OutcomeKind kind) const { return kinds[static_cast<std::size_t>(kind)]; }
};

}  // namespace

TEST_CASE("many threads send, ask and give up at once: each is told once, and the books balance") {
  constexpr int threads = 4;
  constexpr int rounds = 300;
  boost::asio::io_context io;
  ZmqRuntime runtime{io};
  Config first;
  first.id = "n1";
  Config second;
  second.id = "n2";
  std::atomic<std::uint64_t> handled{0};
  std::optional<Node> n2;
  n2.emplace(runtime, second);
  n2->on<Note>([&](Note::Reader) { ++handled; });
  n2->on<Question>(
      [&](Received<Question>) {
        ++handled;
        return Message<Answer>{};
      },
      {.run_on = RunOn::pool});
  first.peers.push_back({"n2", n2->endpoint()});
  std::optional<Node> n1;
  n1.emplace(runtime, first);
  n2->add_peer({"n1", n1->endpoint()});

  Told told;
  {
    std::optional work{boost::asio::make_work_guard(io)};
    std::thread loop{[&] { io.run(); }};
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (n1->peer("n2").health().state != PeerState::up && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
    }
    std::vector<std::thread> producers;
    // Each thread keeps its signals to itself; they must outlive the operations that use their slots.
    std::array<std::deque<boost::asio::cancellation_signal>, threads> signals;
    for (int t = 0; t < threads; ++t) {
      producers.emplace_back([&, t] {
        Peer peer = n1->peer("n2");
        for (int i = 0; i < rounds; ++i) {
          Message<Note> note;
          note->setNumber(static_cast<std::uint64_t>(i));
          peer.send(note, {}, [&](Outcome outcome) { told.end(outcome); });
          auto& send_signal = signals[static_cast<std::size_t>(t)].emplace_back();
          peer.send(note, {}, boost::asio::bind_cancellation_slot(send_signal.slot(), [&](Outcome outcome) {
                      told.end(outcome);
                    }));
          auto& ask_signal = signals[static_cast<std::size_t>(t)].emplace_back();
          Message<Question> question;
          peer.request<Answer>(
              question, {},
              boost::asio::bind_cancellation_slot(
                  ask_signal.slot(), [&](Result<Received<Answer>> result) { told.end(result.outcome()); }));
          if (i % 2 == 0) ask_signal.emit(boost::asio::cancellation_type::terminal);
          if (i % 3 == 0) send_signal.emit(boost::asio::cancellation_type::terminal);
          if (i % 50 == 0) (void)n1->snapshot();
        }
      });
    }
    for (std::thread& producer : producers) producer.join();
    constexpr std::uint64_t all = std::uint64_t{3} * threads * rounds;
    while (told.count < all && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    CHECK(told.count == all);
    std::atomic<bool> stopped{false};
    n1->post([&] { n1->stop(std::nullopt, [&] { stopped = true; }); });
    while (!stopped && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    CHECK(stopped);
    work.reset();
    io.stop();
    loop.join();
  }
  const NodeSnapshot snapshot = n1->snapshot();
  CHECK(snapshot.ledger.balanced());
  CHECK(snapshot.ledger.held == LedgerCount{});
  CHECK(snapshot.ledger.submitted.messages == std::uint64_t{3} * threads * rounds);
  // What callers were told is true to what handlers saw.
  CHECK(handled >= told.of(OutcomeKind::delivered));
  CHECK(handled <= told.of(OutcomeKind::delivered) + told.of(OutcomeKind::unknown));
  CHECK(told.of(OutcomeKind::delivered) > 0);
  CHECK(told.of(OutcomeKind::expired) + told.of(OutcomeKind::unknown) > 0);
  n1.reset();
  n2.reset();
}

TEST_CASE("what follows a stream from another thread does not lie until something else wakes the loop") {
  boost::asio::io_context io;
  ZmqRuntime runtime{io};
  Config first;
  first.id = "n1";
  first.detector.heartbeat = 30s;  // nothing of its own wakes the loop meanwhile
  first.detector.acceptable_pause = 60s;
  Config second;
  second.id = "n2";
  second.detector = first.detector;
  std::optional<Node> n2;
  n2.emplace(runtime, second);
  n2->on<Note>([](Note::Reader) {});
  first.peers.push_back({"n2", n2->endpoint()});
  std::optional<Node> n1;
  n1.emplace(runtime, first);
  n2->add_peer({"n1", n1->endpoint()});
  std::optional work{boost::asio::make_work_guard(io)};
  std::thread loop{[&] { io.run(); }};

  Peer peer = n1->peer("n2");
  const Message<Note> note;
  const EncodedMessage encoded = note.encode();
  const auto arrives = [&] {
    std::atomic<bool> told{false};
    std::atomic<bool> delivered{false};
    peer.send(note, {}, [&](const Outcome& outcome) {
      delivered = outcome.delivered();
      told = true;
    });
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!told && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    REQUIRE(told);
    return delivered.load();
  };
  while (!arrives()) std::this_thread::yield();
  for (int round = 0; round < 300; ++round) {
    // Longer and shorter than what is taken for a stream, and than what a channel holds.
    const int length = round % 7 == 0 ? 3'000 : (round * 37) % 200;
    const auto stream = [&] {
      for (int i = 0; i < length; ++i) (void)peer.try_post(encoded);
    };
    std::thread other{stream};
    stream();
    other.join();
    while (!arrives()) std::this_thread::yield();  // the channel was full
  }

  work.reset();
  io.stop();
  loop.join();
  n1.reset();
  n2.reset();
}
