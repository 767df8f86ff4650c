// Channel: admission, transmission, verdicts, breaks, room.
#include <catch2/catch.hpp>
#include <interconnect/traffic_bench.hpp>

using namespace hawser;
using namespace hawser::test;

namespace {

const Outcome unreachable{OutcomeKind::unreachable, Cause::silent, {}};

// Delivers the acknowledgements, settles, and checks the books.
void hear(TrafficBench& bench) {
  bench.send_acks();
  while (!bench.acks.empty()) bench.deliver_ack();
  bench.settle();
  bench.check();
}

void there(TrafficBench& bench) {
  while (bench.send_batch()) {
  }
  while (!bench.data.empty()) bench.deliver_data();
}

}  // namespace

// ---- admission

TEST_CASE("channel: refusals are tested in the contract's order, and the first is the answer") {
  BenchOptions options;
  options.sender.messages = 1;
  TrafficBench bench{options};
  Channel& channel = bench.add({});
  const Outcome closed{OutcomeKind::closed, Cause::stopping, {}};

  CHECK(bench.outcome(bench.submit(0, 16, Duration{0})).cause == Cause::in_queue);
  bench.submit(0);
  CHECK(bench.outcome(bench.submit(0)) == Outcome{OutcomeKind::queue_full, Cause::channel_messages, {}});
  CHECK(bench.outcome(bench.submit(0, 16, Duration{0})) == OutcomeKind::queue_full);
  channel.set_gate(unreachable, true);
  CHECK(bench.outcome(bench.submit(0)) == unreachable);
  CHECK(bench.outcome(bench.submit(0, 20'000)) == OutcomeKind::too_large);
  channel.set_gate(closed, true);
  CHECK(bench.outcome(bench.submit(0, 20'000)) == closed);
  bench.check();
}

TEST_CASE("channel: bytes beyond the channel's share are borrowed from both reserves, and given back") {
  BenchOptions options;
  options.sender.bytes = 100;
  options.reserve = 1'000;
  TrafficBench bench{options};
  Channel& channel = bench.add({});

  SECTION("nothing is borrowed within the share") {
    bench.submit(0, 96);
    CHECK(bench.peer_out.reserve.used() == 0);
  }
  SECTION("a peer without a session may not borrow") {
    channel.set_gate(std::nullopt, false);
    CHECK(bench.outcome(bench.submit(0, 104)) == Outcome{OutcomeKind::queue_full, Cause::channel_bytes, {}});
  }
  SECTION("what was borrowed is exactly what is above the share") {
    bench.submit(0, 504);
    CHECK(bench.peer_out.reserve.used() == 404);
    bench.submit(0, 504);
    CHECK(bench.peer_out.reserve.used() == 908);
    CHECK(bench.outcome(bench.submit(0, 504)) == Outcome{OutcomeKind::queue_full, Cause::peer_bytes, {}});
    CHECK(bench.node_out.reserve.used() == 908);
  }
  SECTION("a node without room refuses, and the peer's reserve is untouched") {
    REQUIRE(bench.node_out.reserve.try_take(900));
    CHECK(bench.outcome(bench.submit(0, 304)) == Outcome{OutcomeKind::queue_full, Cause::node_bytes, {}});
    CHECK(bench.peer_out.reserve.used() == 0);
    bench.node_out.reserve.give_back(900);
  }
  bench.drain();
  bench.check_at_rest();
}

// ---- overflow

TEST_CASE("channel: drop_oldest ends the oldest unsent message, never one that was sent") {
  BenchOptions options;
  options.sender.messages = 3;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = Overflow::drop_oldest;
  bench.add(policy);
  const auto sent = bench.submit(0);
  bench.send_batch();
  const auto oldest = bench.submit(0);
  const auto kept = bench.submit(0);
  const auto newest = bench.submit(0);
  bench.settle();
  CHECK(bench.outcome(oldest) == Outcome{OutcomeKind::queue_full, Cause::dropped_oldest, {}});
  bench.drain();
  for (const auto id : {sent, kept, newest}) CHECK(bench.outcome(id).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: keep_latest replaces the unsent message of the same key and no other") {
  BenchOptions options;
  options.sender.messages = 2;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = Overflow::keep_latest;
  bench.add(policy);
  const auto of_one = bench.submit(0, 16, Duration{1'000'000}, RecordKind::message, 1);
  const auto of_two = bench.submit(0, 16, Duration{1'000'000}, RecordKind::message, 2);
  const auto newer = bench.submit(0, 16, Duration{1'000'000}, RecordKind::message, 1);
  const auto of_three = bench.submit(0, 16, Duration{1'000'000}, RecordKind::message, 3);
  bench.settle();
  CHECK(bench.outcome(of_one) == Outcome{OutcomeKind::queue_full, Cause::superseded, {}});
  CHECK(bench.outcome(of_three) == OutcomeKind::queue_full);
  bench.drain();
  CHECK(bench.outcome(of_two).delivered());
  CHECK(bench.outcome(newer).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: a message that finds no room even if all unsent ones made way drops none of them") {
  BenchOptions options;
  options.sender.messages = 4;
  options.sender.bytes = 400;
  options.reserve = 0;
  const auto overflow = GENERATE(Overflow::drop_oldest, Overflow::keep_latest);
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = overflow;
  bench.add(policy);
  bench.submit(0, 296);
  bench.send_batch();  // what was sent holds its room
  const auto small = bench.submit(0, 16);
  CHECK(bench.outcome(bench.submit(0, 304)) == OutcomeKind::queue_full);
  bench.drain();
  CHECK(bench.outcome(small).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: replaced messages leave nothing behind, however long the line is down") {
  BenchOptions options;
  options.sender.messages = 4;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = GENERATE(Overflow::drop_oldest, Overflow::keep_latest);
  Channel& channel = bench.add(policy);
  bench.open = false;
  bench.submit(0, 16, Duration{1'000'000}, RecordKind::message, 9);
  for (int i = 0; i < 2'000; ++i) bench.submit(0, 16, Duration{1'000'000}, RecordKind::message, 1);
  bench.settle();
  CHECK(channel.unsent_slots() <= 12);
  bench.open = true;
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel: with wait, nobody overtakes one that waits for room, however small") {
  BenchOptions options;
  options.sender.bytes = 1'000;
  options.reserve = 0;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = Overflow::wait;
  bench.add(policy);
  const auto first = bench.submit(0, 800);
  const auto waits = bench.submit(0, 600);
  const auto small = bench.submit(0, 16);
  bench.drain();  // the handler checks the order
  for (const auto id : {first, waits, small}) CHECK(bench.outcome(id).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: those who wait for room are bounded in messages and bytes, and expire like all others") {
  BenchOptions options;
  options.sender.messages = 2;
  options.sender.bytes = 1'000;
  options.reserve = 0;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = Overflow::wait;
  bench.add(policy);
  bench.open = false;
  for (int i = 0; i < 4; ++i) bench.submit(0, 496);
  CHECK(bench.outcome(bench.submit(0, 16)) == OutcomeKind::queue_full);
  bench.check();
  bench.pass(Duration{1'000'000});
  CHECK(bench.outcome(1) == OutcomeKind::expired);
  CHECK(bench.outcome(4) == OutcomeKind::expired);
  bench.submit(0, 16);  // all room is free again
  bench.open = true;
  bench.drain();
  bench.check_at_rest();
}

TEST_CASE("channel: settling says whether a message that waited can leave now") {
  BenchOptions options;
  options.sender.messages = 1;
  TrafficBench bench{options};
  TypePolicy policy;
  policy.overflow = Overflow::wait;
  Channel& channel = bench.add(policy);
  bench.submit(0);
  bench.submit(0);
  there(bench);
  bench.send_acks();
  bench.deliver_ack();
  CHECK(channel.settle(bench.now, bench.endings));
  CHECK(channel.sendable());
  CHECK_FALSE(channel.settle(bench.now, bench.endings));
  bench.drain();
}

// ---- verdicts

TEST_CASE("channel: each verdict reaches its own message, whatever mix of them one acknowledgement carries") {
  TrafficBench bench;
  bench.add({});
  bench.refuse = [](std::uint64_t id) { return id % 3 == 0; };
  for (int i = 0; i < 20; ++i) bench.submit(0);
  there(bench);
  hear(bench);
  for (std::uint64_t id = 1; id <= 20; ++id) {
    CHECK(bench.outcome(id) == (id % 3 == 0 ? OutcomeKind::refused : OutcomeKind::delivered));
  }
  bench.check_at_rest();
}

TEST_CASE("channel: a verdict on what was never sent is implausible") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  bench.submit(0);
  CHECK_FALSE(channel.plausible(Ack{channel.type(), 1, 0, 0, {}}));
  bench.send_batch();
  CHECK(channel.plausible(Ack{channel.type(), 1, 0, 0, {}}));
  CHECK_FALSE(channel.plausible(Ack{channel.type(), 2, 0, 0, {}}));
}

TEST_CASE("channel: an acknowledgement that comes twice ends nothing twice") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  bench.submit(0);
  bench.submit(0);
  bench.send_batch();
  channel.acknowledge(Ack{channel.type(), 1, 0, 0, {}}, bench.now, bench.endings);
  channel.acknowledge(Ack{channel.type(), 1, 0, 0, {}}, bench.now, bench.endings);
  bench.settle();
  CHECK(bench.outcome(1).delivered());
  CHECK(channel.held() == 1);
  CHECK(channel.ledger().balanced());
}

TEST_CASE("channel: a reply may overtake the verdict of its request") {
  TrafficBench bench;
  bench.add({});
  const auto id = bench.submit(0, 16, Duration{1'000'000}, RecordKind::request);
  bench.submit(0);
  there(bench);
  bench.answer_all();
  bench.settle();
  CHECK(bench.outcome(id).delivered());
  bench.check();
  hear(bench);
  bench.check_at_rest();
}

TEST_CASE("channel: a reply that nobody waits for is no reply") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  bench.submit(0, 16, Duration{10'000}, RecordKind::request);
  there(bench);
  bench.pass(Duration{10'000});
  CHECK(bench.outcome(1) == Outcome{OutcomeKind::unknown, Cause::deadline, {}});
  CHECK(bench.cancelled == std::vector<std::uint64_t>{1u << 16});
  CHECK_FALSE(channel.answer(1u << 16, {OutcomeKind::delivered, Cause::none, {}}, {}, bench.now, bench.endings));
  bench.drain();
  bench.check_at_rest();
}

// ---- breaks

TEST_CASE("channel: a line that breaks after any number of batches delivers each message once and in order") {
  const int delivered = GENERATE(0, 1, 2, 3, 5, 8);
  const bool heard = GENERATE(false, true);
  BenchOptions options;
  options.batch_bytes = 200;
  TrafficBench bench{options};
  bench.add({});
  for (int i = 0; i < 20; ++i) bench.submit(0);
  while (bench.send_batch()) {
  }
  for (int i = 0; i < delivered; ++i) bench.deliver_data();
  if (heard) hear(bench);
  bench.break_data();
  bench.check();
  bench.resume_data();
  bench.drain();
  for (std::uint64_t id = 1; id <= 20; ++id) CHECK(bench.outcome(id).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: a message in pieces that is cut off by a break is sent whole again") {
  const int pieces = GENERATE(0, 1, 3, 7);
  BenchOptions options;
  options.batch_bytes = 1'200;  // one piece to a batch
  TrafficBench bench{options};
  bench.add({});
  bench.submit(0, 16);
  bench.submit(0, 3'600);
  bench.submit(0, 16);
  for (int i = 0; i < pieces; ++i) bench.send_batch();
  while (!bench.data.empty()) bench.deliver_data();
  bench.break_data();
  bench.resume_data();
  bench.drain();
  for (std::uint64_t id = 1; id <= 3; ++id) CHECK(bench.outcome(id).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: a message given up while it is cut into pieces does not hide those that wait to be sent again") {
  BenchOptions options;
  options.batch_bytes = 1'200;
  TrafficBench bench{options};
  bench.add({});
  const auto small = bench.submit(0, 16);
  const auto large = bench.submit(0, 3'600, Duration{50'000});
  bench.send_batch();  // the small one and the first piece
  bench.send_batch();
  bench.break_data();
  bench.inbox->lane_reopened(LaneClass::ordinary);
  bench.resume_data();
  bench.pass(Duration{50'000});  // nothing was sent again yet
  CHECK(bench.outcome(large) == Outcome{OutcomeKind::expired, Cause::in_queue, {}});
  const auto after = bench.submit(0, 16);
  bench.drain();
  CHECK(bench.outcome(small).delivered());
  CHECK(bench.outcome(after).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: a message that ends while it is sent again in pieces leaves its place clean for the next") {
  BenchOptions options;
  options.batch_bytes = 1'200;
  TrafficBench bench{options};
  bench.add({});
  const auto first = bench.submit(0, 3'600, Duration{50'000});
  const auto second = bench.submit(0, 3'600);
  for (int i = 0; i < 8; ++i) bench.send_batch();
  bench.break_data();
  bench.resume_data();
  bench.send_batch();  // a piece of the first
  bench.send_batch();
  bench.pass(Duration{80'000});  // beyond its TTL and the verdict window
  CHECK(bench.outcome(first) == OutcomeKind::unknown);
  bench.drain();
  CHECK(bench.outcome(second).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: a peer that starts again leaves the sent unknown and the unsent unreachable") {
  TrafficBench bench;
  bench.add({});
  const auto sent = bench.submit(0);
  bench.send_batch();
  const auto unsent = bench.submit(0);
  bench.restart_receiver();
  CHECK(bench.outcome(sent) == Outcome{OutcomeKind::unknown, Cause::peer_restarted, {}});
  CHECK(bench.outcome(unsent) == Outcome{OutcomeKind::unreachable, Cause::peer_restarted, {}});
  bench.resume_data();
  bench.resume_control();
  const auto next = bench.submit(0);
  bench.drain();
  CHECK(bench.outcome(next).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: an unreachable peer ends the unsent at once, but for types that hold until their TTL") {
  TrafficBench bench;
  bench.add({});
  TypePolicy patient;
  patient.hold = Hold::until_ttl;
  bench.add(patient);
  bench.open = false;
  const auto gone = bench.submit(0);
  const auto held = bench.submit(1);
  for (const auto& channel : bench.channels) channel->end_unsent(unreachable, false, bench.now, bench.endings);
  bench.settle();
  CHECK(bench.outcome(gone) == unreachable);
  CHECK_FALSE(bench.book.at(held).outcome);
  bench.pass(Duration{1'000'000});
  CHECK(bench.outcome(held) == Outcome{OutcomeKind::expired, Cause::in_queue, {}});
  bench.check_at_rest();
}

// ---- credit

TEST_CASE("channel: a sender stops at its credit, in messages and in bytes, and goes on when it is raised") {
  BenchOptions options;
  options.sender.messages = 1'000;
  options.sender.bytes = 1u << 20;
  options.sender.message_bytes_max = 1u << 20;
  options.sender.chunk_bytes = 1u << 20;
  options.batch_bytes = 1u << 20;
  TrafficBench bench{options};
  Channel& channel = bench.add({});

  SECTION("messages") {
    for (std::uint64_t i = 0; i < Channel::initial_credit_messages + 5; ++i) bench.submit(0);
    while (bench.send_batch()) {
    }
    CHECK(channel.plausible(Ack{channel.type(), Channel::initial_credit_messages, 0, 0, {}}));
    CHECK_FALSE(channel.plausible(Ack{channel.type(), Channel::initial_credit_messages + 1, 0, 0, {}}));
    CHECK_FALSE(channel.sendable());
    channel.acknowledge(Ack{channel.type(), 0, Channel::initial_credit_messages + 2, 0, {}}, bench.now, bench.endings);
    CHECK(channel.sendable());
    bench.send_batch();
    CHECK_FALSE(channel.sendable());
    CHECK_FALSE(channel.plausible(Ack{channel.type(), Channel::initial_credit_messages + 3, 0, 0, {}}));
  }
  SECTION("bytes") {
    bench.submit(0, 40'000);
    bench.submit(0, 40'000);
    bench.send_batch();
    CHECK_FALSE(channel.sendable());
    CHECK(channel.wanted_credit() == 80'000);
    channel.acknowledge(Ack{channel.type(), 0, 0, 79'999, {}}, bench.now, bench.endings);
    CHECK_FALSE(channel.sendable());
    channel.acknowledge(Ack{channel.type(), 0, 0, 80'000, {}}, bench.now, bench.endings);
    CHECK(channel.sendable());
    CHECK(channel.wanted_credit() == 0);
  }
}

// ---- breaker

TEST_CASE("channel: an open breaker ends what would have left, and a held probe closes it again") {
  BenchOptions options;
  options.breaker = BreakerConfig{};
  options.breaker.ramp_time = Duration{0};
  TrafficBench bench{options};
  bench.add({});
  bench.submit(0);
  bench.peer_breaker.trip(bench.now, "test", "the test says so", false);
  bench.send_batch();
  bench.settle();
  const Outcome refused = bench.outcome(1);
  CHECK(refused.kind == OutcomeKind::circuit_open);
  REQUIRE(refused.next_at);
  bench.now = *refused.next_at;
  for (int i = 0; i < 4; ++i) {
    bench.submit(0);
    bench.drain();
  }
  CHECK(bench.peer_breaker.state(bench.now) == BreakerState::closed);
  CHECK(bench.outcome(5).delivered());
  bench.check_at_rest();
}

TEST_CASE("channel: ends that say nothing of the peer leave the breaker as it was") {
  BenchOptions options;
  options.breaker = BreakerConfig{};
  options.breaker.consecutive_failures = 1;
  TrafficBench bench{options};
  Channel& channel = bench.add({});
  bench.refuse = [](std::uint64_t) { return true; };
  bench.submit(0);
  bench.drain();
  CHECK(bench.outcome(1) == OutcomeKind::refused);
  bench.open = false;
  bench.submit(0, 16, Duration{10'000});
  bench.pass(Duration{10'000});
  CHECK(bench.outcome(2) == OutcomeKind::expired);
  CHECK(channel.guard().breaker().state(bench.now) == BreakerState::closed);
  bench.open = true;
  bench.submit(0, 16, Duration{10'000});
  bench.send_batch();
  bench.pass(Duration{40'000});
  CHECK(bench.outcome(3) == OutcomeKind::unknown);
  CHECK(channel.guard().breaker().state(bench.now) == BreakerState::open);
}

TEST_CASE("channel: a type that holds until its TTL waits for an open breaker, and writes nothing meanwhile") {
  BenchOptions options;
  options.breaker = BreakerConfig{};
  TrafficBench bench{options};
  TypePolicy patient;
  patient.hold = Hold::until_ttl;
  bench.add(patient);
  bench.peer_breaker.trip(bench.now, "test", "the test says so", true);
  const auto id = bench.submit(0);
  CHECK_FALSE(bench.send_batch());
  bench.settle();
  CHECK_FALSE(bench.book.at(id).outcome);
  bench.peer_breaker.evidence(bench.now);
  bench.peer_breaker.evidence(bench.now);
  bench.drain();
  CHECK(bench.outcome(id).delivered());
  bench.check_at_rest();
}
