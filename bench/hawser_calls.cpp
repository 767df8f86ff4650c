#include "hawser_calls.hpp"

#include "hawser_node.hpp"

#include <time.h>
#include <vector>

namespace hawser::bench {
namespace {

// Both are driven from the loop, one round after the other; the application's thread waits for the end.
class PostRounds : public std::enable_shared_from_this<PostRounds> {
 public:
  PostRounds(Node& node, const Load& load, WallClock::time_point end, Latencies& latencies)
      : node_(node), peer_(node.peer(receiver_id())), load_(load), end_(end), latencies_(latencies) {
    Message<Blob> blob{[&](Blob::Builder b) { b.initContent(load.bytes - blob_overhead); }};
    blob_ = blob.encode();
  }
  std::future<std::uint64_t> posted() { return done_.get_future(); }

  void round() {
    const auto start = WallClock::now();
    for (unsigned i = 0; i < burst_messages; ++i) {
      const Outcome outcome = peer_.try_post(next());
      if (!outcome.delivered()) return give_up(outcome);
    }
    latencies_.record((WallClock::now() - start) / burst_messages);
    posted_ += burst_messages + 1;
    peer_.send(next(), {}, [self = shared_from_this()](const Outcome& outcome) { self->handled(outcome); });
  }

 private:
  EncodedMessage next() {
    if (load_.side == Side::opaque) return blob_;
    Message<Sample> sample;
    fill(*sample, posted_, load_.bytes);
    return sample.encode();
  }
  void handled(const Outcome& outcome) {
    if (!outcome.delivered()) return give_up(outcome);
    if (WallClock::now() >= end_) return done_.set_value(posted_);
    // As work of its own: a call from a completion would be made inside the node's turn.
    node_.post([self = shared_from_this()] { self->round(); });
  }
  void give_up(const Outcome& outcome) {
    done_.set_exception(std::make_exception_ptr(std::runtime_error(text_of("a message", outcome))));
  }

  Node& node_;
  Peer peer_;
  const Load& load_;
  WallClock::time_point end_;
  Latencies& latencies_;
  EncodedMessage blob_;
  std::uint64_t posted_ = 0;
  std::promise<std::uint64_t> done_;
};

class BroadcastRounds : public std::enable_shared_from_this<BroadcastRounds> {
 public:
  BroadcastRounds(Node& node, const Load& load, WallClock::time_point end, Latencies& latencies)
      : node_(node), peers_(node.peers()), load_(load), end_(end), latencies_(latencies) {
    fill(*message_, 1, load.bytes);
  }
  std::future<std::uint64_t> delivered() { return done_.get_future(); }

  void round() {
    const auto start = WallClock::now();
    if (load_.side == Side::broadcast) {
      node_.broadcast(message_, {}, [self = shared_from_this()](const std::vector<PeerOutcome>& outcomes) {
        for (const PeerOutcome& each : outcomes) self->handled(each.outcome);
      });
    } else {
      for (Peer& peer : peers_) {
        peer.send(message_, {}, [self = shared_from_this()](const Outcome& outcome) { self->handled(outcome); });
      }
    }
    latencies_.record(WallClock::now() - start);
  }

 private:
  void handled(const Outcome& outcome) {
    if (!outcome.delivered() && !failure_) failure_ = outcome;
    delivered_ += outcome.delivered();
    if (++told_ % broadcast_peers != 0) return;
    if (failure_) {
      done_.set_exception(std::make_exception_ptr(std::runtime_error(text_of("a message", *failure_))));
    } else if (WallClock::now() >= end_) {
      done_.set_value(delivered_);
    } else {
      node_.post([self = shared_from_this()] { self->round(); });
    }
  }

  Node& node_;
  std::vector<Peer> peers_;
  const Load& load_;
  WallClock::time_point end_;
  Latencies& latencies_;
  Message<Sample> message_;
  std::optional<Outcome> failure_;
  std::uint64_t told_ = 0;
  std::uint64_t delivered_ = 0;
  std::promise<std::uint64_t> done_;
};

std::uint64_t broadcast_for(Running& running, const Load& load, std::uint32_t milliseconds, Latencies& latencies) {
  const auto end = WallClock::now() + std::chrono::milliseconds{milliseconds};
  auto rounds = std::make_shared<BroadcastRounds>(running.node(), load, end, latencies);
  auto delivered = rounds->delivered();
  running.node().post([rounds] { rounds->round(); });
  return delivered.get();
}

// Asks until the time is over; true answers are counted, so that no compiler leaves the question out.
std::uint64_t ask_permission_for(const Node& node, Side side, WallClock::time_point end, Latencies& latencies) {
  std::uint64_t served = 0;
  for (;;) {
    const auto start = WallClock::now();
    if (start >= end) return served;
    for (unsigned i = 0; i < burst_messages; ++i) {
      if (side == Side::clock) {
        timespec now{};
        served += ::clock_gettime(CLOCK_BOOTTIME, &now) == 0;
      } else {
        served += node.may_serve().serving;
      }
    }
    latencies.record((WallClock::now() - start) / burst_messages);
  }
}

void await_serving(const Node& node) {
  const auto end = WallClock::now() + std::chrono::seconds{10};
  while (!node.may_serve()) {
    if (WallClock::now() > end) throw std::runtime_error("a node on its own did not come to serve within 10 s");
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

}  // namespace

Figures time_questions(const Load& load) {
  Running running{load, true};
  running.start();
  if (load.side != Side::clock) await_serving(running.node());
  const auto ask = [&](std::uint32_t milliseconds, Latencies& latencies) {
    const auto end = WallClock::now() + std::chrono::milliseconds{milliseconds};
    std::vector<Latencies> others(load.open - 1);
    std::vector<std::thread> threads;
    for (Latencies& each : others) {
      threads.emplace_back([&running, &load, &each, end] { ask_permission_for(running.node(), load.side, end, each); });
    }
    const std::uint64_t served = ask_permission_for(running.node(), load.side, end, latencies);
    for (std::thread& thread : threads) thread.join();
    return served;
  };
  Latencies warm_up;
  ask(load.warm_up_ms, warm_up);

  Latencies latencies;
  const std::int64_t cpu_start = cpu_us();
  const auto start = WallClock::now();
  Figures figures;
  figures.delivered = ask(load.measured_ms, latencies);
  figures.seconds = seconds_since(start);
  figures.cpu_seconds = static_cast<double>(cpu_us() - cpu_start) / 1e6;
  figures.accepted = latencies.size() * burst_messages;  // all of them must have been answered yes
  figures.p50_us = latencies.percentile_us(500);
  figures.p99_us = latencies.percentile_us(990);
  return figures;
}

std::uint64_t post_bursts_for(Node& node, const Load& load, std::chrono::milliseconds time, Latencies& latencies) {
  auto rounds = std::make_shared<PostRounds>(node, load, WallClock::now() + time, latencies);
  auto posted = rounds->posted();
  node.post([rounds] { rounds->round(); });
  return posted.get();
}

Figures time_broadcasts(const Load& load) {
  std::uint64_t handled = 0;
  Running running{load, true};
  for (unsigned i = 0; i < broadcast_peers; ++i) {
    running.add_neighbour("peer" + std::to_string(i)).on<Sample>([&](Sample::Reader sample) {
      handled += read(sample) > 0;
    });
  }
  running.start();
  running.await_peers();
  Latencies warm_up;
  const std::uint64_t before = broadcast_for(running, load, load.warm_up_ms, warm_up);

  Latencies latencies;
  const std::int64_t cpu_start = cpu_us();
  const auto start = WallClock::now();
  Figures figures;
  figures.accepted = broadcast_for(running, load, load.measured_ms, latencies);
  figures.seconds = seconds_since(start);
  figures.cpu_seconds = static_cast<double>(cpu_us() - cpu_start) / 1e6;
  // Handlers and completions run on the one loop, and the last completion came after the last handler.
  figures.delivered = handled - before;
  figures.p50_us = latencies.percentile_us(500);
  figures.p99_us = latencies.percentile_us(990);
  return figures;
}

}  // namespace hawser::bench
