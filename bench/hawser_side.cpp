// The same work through Hawser with its defaults: nothing is switched off for the benchmark.
//
// One way, the sender is a thread of the application that posts to the node's loop; requests are made on the loop,
// where the handlers run too.
#include "hawser_calls.hpp"
#include "hawser_node.hpp"
#include "roles.hpp"
#include "stopwatch.hpp"

#include <boost/asio/use_future.hpp>

#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

namespace hawser::bench {
namespace {

// What the loop tells the application's thread. Shared, because the loop may still be inside set_value when the other
// side has its answer already.
using Answered = std::shared_ptr<std::promise<std::uint64_t>>;

void set_failure(const Answered& done, const Outcome& outcome) {
  done->set_exception(std::make_exception_ptr(std::runtime_error(text_of("a request", outcome))));
}

[[noreturn]] void fail(const char* what, const Outcome& outcome) { throw std::runtime_error(text_of(what, outcome)); }

struct PhaseTally {
  std::uint64_t messages = 0;
  std::int64_t cpu_us = 0;
};

PhaseTally mark(Peer peer) {
  Message<Mark> message;
  auto reply = peer.request<Tally>(message, {}, boost::asio::use_future).get();
  if (!reply) fail("the mark", reply.outcome());
  return {(*reply)->getMessages(), (*reply)->getCpuMicroseconds()};
}

// Offers what `next` makes until `time` is over, then one last message whose outcome is waited for: messages of one
// type are handled in order, so all of them have been.
class OneWaySender {
 public:
  OneWaySender(Peer peer, const Load& load) : peer_(std::move(peer)), load_(load) {
    Message<Blob> blob{[&](Blob::Builder b) { b.initContent(load.bytes - blob_overhead); }};
    blob_ = blob.encode();
  }

  // At an even pace, whatever the nodes do: what they spend on it can be compared.
  std::uint64_t send_paced(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds tick{5};
    std::uint64_t sent = 0;
    const auto begin = WallClock::now();
    for (auto next = begin + tick; next <= begin + time; next += tick) {
      std::this_thread::sleep_until(next);
      const auto due = static_cast<std::uint64_t>(std::chrono::duration<double>(next - begin).count() * load_.rate);
      for (; sent < due; ++sent) post();
    }
    if (load_.rate == 0) return 0;
    await_last();
    return sent + 1;
  }

  std::uint64_t send_for(std::chrono::milliseconds time) {
    std::uint64_t sent = 0;
    const auto end = WallClock::now() + time;
    while (WallClock::now() < end) {
      for (int i = 0; i < 64; ++i) post();
      sent += 64;
    }
    await_last();
    return sent + 1;
  }

 private:
  EncodedMessage next() {
    if (load_.side == Side::opaque) return blob_;
    Message<Sample> sample;
    fill(*sample, ++sequence_, load_.bytes);
    return sample.encode();
  }
  void back_off() const {
    if (load_.backoff_us == 0) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds{load_.backoff_us});
    }
  }
  // A typed message is built, then posted, as a program would; the opaque one was encoded once for all.
  void post() {
    if (load_.side == Side::opaque) return offer(blob_);
    Message<Sample> sample;
    fill(*sample, ++sequence_, load_.bytes);
    offer(sample);
  }
  template <typename Offered>
  void offer(const Offered& message) {
    for (;;) {
      const Outcome outcome = peer_.try_post(message);
      if (outcome.delivered()) return;
      if (!(outcome == OutcomeKind::queue_full)) fail("a message", outcome);
      back_off();
    }
  }
  void await_last() {
    const EncodedMessage message = next();
    for (;;) {
      const Outcome outcome = peer_.send(message, {}, boost::asio::use_future).get();
      if (outcome.delivered()) return;
      if (!(outcome == OutcomeKind::queue_full)) fail("the last message", outcome);
      back_off();
    }
  }

  Peer peer_;
  const Load& load_;
  EncodedMessage blob_;
  std::uint64_t sequence_ = 0;
};

Task<> ask_for(Peer peer, const Load& load, std::chrono::milliseconds time, Latencies& latencies, Answered done) {
  std::uint64_t answered = 0;
  const auto end = WallClock::now() + time;
  for (;;) {
    const auto start = WallClock::now();
    if (start >= end) break;
    Message<Sample> question;
    fill(*question, answered + 1, load.bytes);
    auto reply = co_await peer.request<Sample>(question);
    if (!reply) {
      set_failure(done, reply.outcome());
      co_return;
    }
    answered += read(**reply) > 0;
    latencies.record(WallClock::now() - start);
  }
  done->set_value(answered);
}

// Keeps `open` requests without reply until the time is over, then waits for the rest. Lives on the loop.
class Pipeline : public std::enable_shared_from_this<Pipeline> {
 public:
  Pipeline(Peer peer, const Load& load, WallClock::time_point end, Answered done)
      : peer_(std::move(peer)), load_(load), end_(end), done_(std::move(done)) {}
  void start() {
    open_ = load_.open;
    for (std::uint32_t i = 0; i < load_.open; ++i) ask();
  }

 private:
  void ask() {
    Message<Sample> question;
    fill(*question, ++sequence_, load_.bytes);
    peer_.request<Sample>(question, {}, [self = shared_from_this()](Result<Received<Sample>> reply) {
      self->answered(std::move(reply));
    });
  }
  void answered(Result<Received<Sample>> reply) {
    if (!reply && !failure_) failure_ = reply.outcome();
    if (reply) answered_ += read(**reply) > 0;
    // An answer is the work of a microsecond or less: reading the clock for each would be measured too.
    if (sequence_ % 16 == 0) over_ = over_ || WallClock::now() >= end_;
    if (!over_ && !failure_) return ask();
    if (--open_ > 0) return;
    if (failure_) {
      set_failure(done_, *failure_);
    } else {
      done_->set_value(answered_);
    }
  }

  Peer peer_;
  const Load& load_;
  WallClock::time_point end_;
  Answered done_;
  std::optional<Outcome> failure_;
  std::uint64_t sequence_ = 0;
  std::uint64_t answered_ = 0;
  std::uint32_t open_ = 0;
  bool over_ = false;
};

std::uint64_t ask_pipelined_for(Node& node, const Load& load, std::chrono::milliseconds time) {
  auto done = std::make_shared<std::promise<std::uint64_t>>();
  auto answered = done->get_future();
  auto pipeline = std::make_shared<Pipeline>(node.peer(receiver_id()), load, WallClock::now() + time, std::move(done));
  node.post([pipeline] { pipeline->start(); });
  return answered.get();
}

std::uint64_t ask_one_by_one_for(Node& node, const Load& load, std::chrono::milliseconds time, Latencies& latencies) {
  auto done = std::make_shared<std::promise<std::uint64_t>>();
  auto answered = done->get_future();
  spawn(node, [&node, &load, time, &latencies, done] {
    return ask_for(node.peer(receiver_id()), load, time, latencies, done);
  });
  return answered.get();
}

}  // namespace

Figures send_hawser(const Load& load) {
  if (load.work == Work::broadcast) return time_broadcasts(load);
  if (load.work == Work::serve) return time_questions(load);
  Running running{load, true};
  running.start();
  running.await_peers();
  Peer receiver = running.node().peer(receiver_id());
  OneWaySender sender{receiver, load};
  const auto work_for = [&](std::uint32_t milliseconds, Latencies& latencies) -> std::uint64_t {
    const std::chrono::milliseconds time{milliseconds};
    switch (load.work) {
      case Work::one_way:
        return sender.send_for(time);
      case Work::paced:
        return sender.send_paced(time);
      case Work::round_trip:
        return ask_one_by_one_for(running.node(), load, time, latencies);
      case Work::pipelined:
        return ask_pipelined_for(running.node(), load, time);
      case Work::post:
        return post_bursts_for(running.node(), load, time, latencies);
      case Work::broadcast:
      case Work::serve:
        break;
    }
    return 0;
  };
  Latencies warm_up;
  work_for(load.warm_up_ms, warm_up);
  mark(receiver);

  Latencies latencies;
  const std::int64_t cpu_start = cpu_us();
  const auto start = WallClock::now();
  Figures figures;
  figures.accepted = work_for(load.measured_ms, latencies);
  const PhaseTally tally = mark(receiver);
  figures.seconds = seconds_since(start);
  figures.cpu_seconds = static_cast<double>(cpu_us() - cpu_start + tally.cpu_us) / 1e6;
  figures.delivered = tally.messages;
  figures.p50_us = latencies.percentile_us(500);
  figures.p99_us = latencies.percentile_us(990);
  return figures;
}

void receive_hawser(const Load& load) {
  PhaseTally phase;
  std::uint64_t checksum = 0;
  std::int64_t cpu_start = cpu_us();
  Running running{load, false};
  Node& node = running.node();
  if (load.work == Work::one_way || load.work == Work::paced || load.work == Work::post) {
    node.on<Sample>([&](Sample::Reader sample) {
      ++phase.messages;
      checksum += read(sample);
    });
  } else {
    node.on<Sample>([&](Sample::Reader sample) {
      ++phase.messages;
      Message<Sample> answer;
      fill(*answer, sample.getSequence() + 1, load.bytes);
      return answer;
    });
  }
  node.on<Blob>([&](const Unread<Blob>&) { ++phase.messages; });
  node.on<Mark>([&](Mark::Reader) {
    Message<Tally> tally;
    tally->setMessages(phase.messages);
    tally->setCpuMicroseconds(cpu_us() - cpu_start);
    tally->setChecksum(checksum);
    phase = {};
    cpu_start = cpu_us();
    return tally;
  });
  running.start();
  // Standard input ends when the measurement has.
  char ignored = 0;
  while (::read(0, &ignored, 1) > 0) {
  }
}

}  // namespace hawser::bench
