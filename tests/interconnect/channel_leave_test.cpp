// Channel: callers that give up, wherever their message is, and peers that leave for good.
#include <catch2/catch.hpp>
#include <interconnect/traffic_bench.hpp>

#include <vector>

using namespace hawser;
using namespace hawser::test;

namespace {

const Outcome cancelled_unsent{OutcomeKind::expired, Cause::cancelled, {}};
const Outcome cancelled_sent{OutcomeKind::unknown, Cause::cancelled, {}};

void give_up(TrafficBench& bench, Channel& channel, std::uint64_t id, bool only_unsent = false) {
  channel.cancel(id, only_unsent, bench.now, bench.endings, bench.cancelled);
  bench.settle();
  bench.check();
}

}  // namespace

TEST_CASE("channel: a message given up in the queue, or where it waits for room, is gone and leaves its room") {
  BenchOptions options;
  options.sender.messages = 2;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = Overflow::wait;
  Channel& channel = bench.add(policy);
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 4; ++i) ids.push_back(bench.submit(0));
  give_up(bench, channel, ids[3]);
  CHECK(bench.outcome(ids[3]) == cancelled_unsent);
  give_up(bench, channel, ids[0]);
  CHECK(bench.outcome(ids[0]) == cancelled_unsent);
  bench.drain();
  CHECK(bench.outcome(ids[1]).delivered());
  CHECK(bench.outcome(ids[2]).delivered());
  CHECK(bench.cancelled.empty());
  bench.check_at_rest();
}

TEST_CASE("channel: one given up behind a message that is being cut into pieces does not disturb it") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  const auto large = bench.submit(0, 8'000);
  const auto small = bench.submit(0);
  bench.send_batch();  // a part of the large one
  SECTION("the small one") {
    give_up(bench, channel, small);
    CHECK(bench.outcome(small) == cancelled_unsent);
    bench.drain();
    CHECK(bench.outcome(large).delivered());
  }
  SECTION("the large one itself: what has left of it is never whole") {
    if (bench.book.at(large).outcome) return;
    give_up(bench, channel, large);
    CHECK(bench.outcome(large) == cancelled_unsent);
    bench.drain();
    CHECK(bench.runs(large) == 0);
    CHECK(bench.outcome(small).delivered());
  }
  bench.check_at_rest();
}

TEST_CASE("channel: a message given up on the way is unknown at once, and its verdict changes nothing") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  const auto message = bench.submit(0);
  const auto request = bench.submit(0, 16, Duration{1'000'000}, RecordKind::request);
  bench.send_batch();
  give_up(bench, channel, message, true);
  CHECK_FALSE(bench.book.at(message).outcome);
  give_up(bench, channel, message);
  give_up(bench, channel, request);
  CHECK(bench.outcome(message) == cancelled_sent);
  CHECK(bench.outcome(request) == cancelled_sent);
  CHECK(bench.cancelled == std::vector<std::uint64_t>{request << 16});
  bench.drain();
  CHECK(bench.outcome(message) == cancelled_sent);
  bench.check_at_rest();
}

TEST_CASE("channel: a request given up while its handler works is unknown, and the peer is to be told") {
  TrafficBench bench;
  Channel& channel = bench.add({}, true);
  const auto request = bench.submit(0, 16, Duration{1'000'000}, RecordKind::request);
  bench.send_batch();
  bench.deliver_data();
  bench.send_acks();
  bench.deliver_ack();  // delivered, not answered
  give_up(bench, channel, request);
  CHECK(bench.outcome(request) == cancelled_sent);
  CHECK(bench.cancelled == std::vector<std::uint64_t>{request << 16});
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel: who gives up what has ended, or what was never there, changes nothing") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  const auto id = bench.submit(0);
  bench.drain();
  give_up(bench, channel, id);
  give_up(bench, channel, 999);
  CHECK(bench.outcome(id).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: a caller that gives up says nothing about the peer") {
  BenchOptions options;
  options.breaker.consecutive_failures = 2;
  TrafficBench bench{options};
  Channel& channel = bench.add({});
  for (int i = 0; i < 10; ++i) {
    const auto id = bench.submit(0);
    bench.send_batch();
    give_up(bench, channel, id);
  }
  CHECK(channel.guard().breaker().state(bench.now) == BreakerState::closed);
}

TEST_CASE("channel: what had left when the view changed is unknown at once, and says nothing about the peer") {
  BenchOptions options;
  options.breaker.consecutive_failures = 2;
  TrafficBench bench{options};
  Channel& channel = bench.add({});
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(bench.submit(0, 16, Duration{1'000'000}, i % 2 == 0 ? RecordKind::request : RecordKind::message));
    bench.send_batch();
  }
  const Outcome removed{OutcomeKind::unknown, Cause::peer_isolated, {}};
  channel.disown_sent(removed, bench.now, bench.endings);
  bench.settle();
  for (const std::uint64_t id : ids) CHECK(bench.outcome(id) == removed);
  CHECK(channel.guard().breaker().state(bench.now) == BreakerState::closed);
  bench.check();
}

TEST_CASE("channel: what has ended on the way holds nothing but its place") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  const std::size_t before = Buffer::held();
  for (int i = 0; i < 20; ++i) {
    const auto id = bench.submit(0, 16, Duration{1'000'000}, RecordKind::request);
    bench.send_batch();
    give_up(bench, channel, id);
  }
  bench.data.clear();  // lost
  CHECK(Buffer::held() == before);
}

TEST_CASE("channel: when the peer has left, what it took without a verdict is unknown, the rest surely not handled") {
  TrafficBench bench;
  Channel& channel = bench.add({}, true);
  const auto works = bench.submit(0, 16, Duration{1'000'000}, RecordKind::request);
  const auto taken = bench.submit(0);
  bench.send_batch();
  bench.deliver_data();
  bench.send_acks();
  bench.deliver_ack();
  const auto lost = bench.submit(0);
  bench.send_batch();
  bench.break_data();
  channel.peer_left(2, bench.now, bench.endings);
  bench.settle();
  CHECK(bench.outcome(works) == Outcome{OutcomeKind::unknown, Cause::peer_stopped, {}});
  CHECK(bench.outcome(taken) == Outcome{OutcomeKind::unknown, Cause::peer_stopped, {}});
  CHECK(bench.outcome(lost) == Outcome{OutcomeKind::unreachable, Cause::peer_stopped, {}});
  CHECK(channel.held() == 0);
  bench.check();
}

TEST_CASE("inbox: a node that leaves takes nothing more, and says of what waits that it was not handled") {
  TrafficBench bench;
  bench.add({}, true);
  const auto works = bench.submit(0);
  const auto waits = bench.submit(0);
  bench.send_batch();
  bench.deliver_data();
  bench.inbox->close(bench.now);
  const auto late = bench.submit(0);
  bench.send_batch();
  bench.deliver_data();
  bench.send_acks();
  bench.deliver_ack();
  bench.settle();
  CHECK(bench.outcome(works).delivered());
  CHECK(bench.outcome(waits) == Outcome{OutcomeKind::unreachable, Cause::peer_stopped, {}});
  CHECK_FALSE(bench.book.at(late).outcome);
  const auto taken = bench.inbox->taken();
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].received == 2);
  bench.channels[0]->peer_left(taken[0].received, bench.now, bench.endings);
  bench.settle();
  CHECK(bench.outcome(late) == Outcome{OutcomeKind::unreachable, Cause::peer_stopped, {}});
  bench.check();
}
