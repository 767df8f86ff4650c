// Channel: what time does to messages in each place where they can be.
#include <catch2/catch.hpp>
#include <interconnect/traffic_bench.hpp>

using namespace hawser;
using namespace hawser::test;

namespace {
constexpr Duration ttl{50'000};
}

TEST_CASE("channel expiry: a message that expires unsent was not handled, wherever it waited") {
  TrafficBench bench;
  bench.add({});
  SECTION("in the queue") { bench.submit(0, 16, ttl); }
  SECTION("staged behind one that is too large for the credit") {
    bench.submit(0, 9'000, ttl);
    bench.submit(0, 16, ttl);
    bench.submit(0, 16'000, ttl);
    bench.send_batch();
    bench.break_data();
    bench.resume_data();
  }
  bench.open = false;
  bench.pass(ttl - Duration{1});
  CHECK_FALSE(bench.book.rbegin()->second.outcome);
  bench.pass(Duration{6'000});
  bench.check();
  CHECK(bench.book.rbegin()->second.outcome->handled() == Handled::no);
  CHECK(bench.book.rbegin()->second.outcome->cause == Cause::in_queue);
}

TEST_CASE("channel expiry: nothing expired is put into a batch, even between two looks at the clock") {
  TrafficBench bench;
  bench.add({});
  const auto late = bench.submit(0, 16, ttl);
  const auto fine = bench.submit(0);
  bench.now += ttl;  // nobody has called expire()
  bench.send_batch();
  bench.settle();
  CHECK(bench.outcome(late) == Outcome{OutcomeKind::expired, Cause::in_queue, {}});
  bench.drain();
  CHECK(bench.outcome(fine).delivered());
}

TEST_CASE("channel expiry: what the peer did not take and has expired by the time of the resume is not sent again") {
  TrafficBench bench;
  bench.add({});
  const auto lost = bench.submit(0, 16, ttl);
  bench.send_batch();
  bench.break_data();
  bench.now += ttl;
  bench.resume_data();
  CHECK_FALSE(bench.send_batch());
  bench.settle();
  CHECK(bench.outcome(lost) == Outcome{OutcomeKind::expired, Cause::in_queue, {}});
  bench.check_at_rest();
}

TEST_CASE("channel expiry: a message on the way too long expires on arrival") {
  TrafficBench bench;
  bench.add({});
  const auto id = bench.submit(0, 16, ttl);
  bench.send_batch();
  bench.now += ttl;
  bench.deliver_data();
  bench.drain();
  CHECK(bench.outcome(id) == Outcome{OutcomeKind::expired, Cause::on_arrival, {}});
  bench.check_at_rest();
}

TEST_CASE("channel expiry: a message that waits too long behind a busy handler expires in the inbox") {
  TrafficBench bench;
  bench.add({}, true);
  const auto busy = bench.submit(0);
  const auto behind = bench.submit(0, 16, ttl);
  bench.send_batch();
  bench.deliver_data();
  CHECK(bench.inbox->next_expiry() == bench.book.at(behind).expires);
  bench.now += ttl;
  bench.inbox->run(bench.now);
  bench.drain();
  CHECK(bench.outcome(busy).delivered());
  CHECK(bench.outcome(behind) == Outcome{OutcomeKind::expired, Cause::in_inbox, {}});
  bench.check_at_rest();
}

TEST_CASE("channel expiry: a sent message waits one verdict window beyond its TTL, and then it is unknown") {
  TrafficBench bench;
  bench.add({});
  const auto id = bench.submit(0, 16, ttl);
  bench.send_batch();
  bench.pass(ttl + Duration{19'999});
  CHECK_FALSE(bench.book.at(id).outcome);
  bench.pass(Duration{1});
  CHECK_FALSE(bench.book.at(id).outcome);  // an expiry is noticed within a quantum of the look before
  bench.pass(Channel::expiry_quantum);
  CHECK(bench.outcome(id) == Outcome{OutcomeKind::unknown, Cause::verdict_lost, {}});
  SECTION("a verdict that comes later changes nothing") {
    bench.now -= ttl;
    bench.deliver_data();
    bench.drain();
    CHECK(bench.outcome(id) == OutcomeKind::unknown);
    CHECK(bench.runs(id) == 1);
    bench.check_at_rest();
  }
}

TEST_CASE("channel expiry: a request past its deadline is unknown at once, and its work is cancelled") {
  TrafficBench bench;
  bench.add({}, true);
  const auto id = bench.submit(0, 16, ttl, RecordKind::request);
  bench.send_batch();
  bench.deliver_data();
  bench.send_acks();
  bench.deliver_ack();  // delivered, and not answered
  bench.pass(ttl);
  CHECK(bench.outcome(id) == Outcome{OutcomeKind::unknown, Cause::deadline, {}});
  CHECK(bench.cancelled == std::vector<std::uint64_t>{id << 16});
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel expiry: a call that hangs past the slow limit is counted once, while it hangs") {
  BenchOptions options;
  options.breaker.slow_percent = 50;
  options.breaker.calls_min = 3;
  options.breaker.slow_limit = Duration{10'000};
  TrafficBench bench{options};
  Channel& channel = bench.add({});
  for (int i = 0; i < 3; ++i) bench.submit(0);
  bench.send_batch();
  bench.pass(Duration{10'000});
  CHECK(channel.guard().breaker().state(bench.now) == BreakerState::closed);
  bench.pass(Duration{6'000});
  bench.drain();  // and the ends do not count as slow once more
  bench.check_at_rest();
}

TEST_CASE("channel expiry: the next look is never later than the next deadline, and never without one") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  CHECK(channel.next_expiry() == never);
  bench.submit(0, 16, ttl);
  CHECK(channel.next_expiry() == bench.now + ttl);
  bench.send_batch();
  CHECK(channel.next_expiry() <= bench.now + ttl);
  bench.drain();
  bench.pass(Duration{10'000'000});
  CHECK(channel.next_expiry() == never);
}

TEST_CASE("channel expiry: messages that expired in the middle leave no places behind while the first is held") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  bench.open = false;
  bench.submit(0, 16, Duration{60'000'000});
  for (int i = 0; i < 50; ++i) {
    for (int j = 0; j < 20; ++j) bench.submit(0, 16, Duration{5'000});
    bench.pass(Duration{11'000});
  }
  CHECK(channel.unsent_slots() == 1);
  CHECK(channel.held() == 1);
}
