// The seven places where the TTL of a message is looked at, one test for each that nothing but that look can pass.
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <interconnect/traffic_bench.hpp>
#include <messages.capnp.h>

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr Duration ttl{50'000};
const Outcome in_queue{OutcomeKind::expired, Cause::in_queue, {}};
const Outcome on_arrival{OutcomeKind::expired, Cause::on_arrival, {}};
const Outcome in_inbox{OutcomeKind::expired, Cause::in_inbox, {}};

}  // namespace

TEST_CASE("ttl 1, admission: what has expired is refused in the call, and nothing is held") {
  TrafficBench bench;
  Channel& channel = bench.add({});
  CHECK(bench.outcome(bench.submit(0, 16, Duration{0})) == in_queue);
  CHECK(channel.held() == 0);
  CHECK(channel.unsent_slots() == 0);
}

TEST_CASE("ttl 2, queue: what cannot leave is told within a quantum of its end") {
  TrafficBench bench;
  bench.add({});
  bench.open = false;
  const auto id = bench.submit(0, 16, ttl);
  bench.pass(ttl - Duration{1});
  CHECK_FALSE(bench.book.at(id).outcome);
  bench.pass(Channel::expiry_quantum);
  CHECK(bench.outcome(id) == in_queue);
}

TEST_CASE("ttl 3, transmission: nothing expired is put into a batch, though nobody has looked since") {
  TrafficBench bench;
  bench.add({});
  const auto id = bench.submit(0, 16, ttl);
  bench.now += ttl;
  CHECK_FALSE(bench.send_batch());
  bench.settle();
  CHECK(bench.outcome(id) == in_queue);
}

TEST_CASE("ttl 4, retransmission: what was lost and has expired since is not sent again") {
  TrafficBench bench;
  bench.add({});
  const auto id = bench.submit(0, 16, ttl);
  bench.send_batch();
  bench.break_data();
  bench.now += ttl;
  bench.resume_data();
  CHECK_FALSE(bench.send_batch());
  bench.settle();
  CHECK(bench.outcome(id) == in_queue);
}

TEST_CASE("ttl 5, arrival: time on the way counts, though the receiver's queue is empty") {
  TrafficBench bench;
  bench.add({});
  const auto id = bench.submit(0, 16, ttl);
  bench.send_batch();
  bench.now += ttl;
  bench.deliver_data();
  bench.drain();
  CHECK(bench.outcome(id) == on_arrival);
}

TEST_CASE("ttl 6, inbound queue: what waits for a busy handler is told while that one still works") {
  TrafficBench bench;
  bench.add({}, true);
  bench.submit(0);
  const auto behind = bench.submit(0, 16, ttl);
  bench.send_batch();
  bench.deliver_data();
  bench.now += ttl;
  REQUIRE(bench.inbox->next_expiry() <= bench.now);
  bench.inbox->run(bench.now);
  CHECK(bench.host.working.size() == 1);
  bench.send_acks();
  bench.deliver_ack();
  bench.settle();
  CHECK(bench.outcome(behind) == in_inbox);
}

TEST_CASE("ttl 7, right before the handler: the time that the handler before it took in the same turn counts") {
  TrafficBench bench;
  bench.add({});
  bench.on_run = [&](std::uint64_t) { bench.now += ttl; };
  const auto slow = bench.submit(0, 16, 2 * ttl);
  const auto behind = bench.submit(0, 16, ttl);
  bench.send_batch();
  bench.deliver_data();
  bench.drain();
  CHECK(bench.outcome(slow).delivered());
  CHECK(bench.outcome(behind) == in_inbox);
  CHECK(bench.runs(behind) == 0);
}

// ---- and a thread of the pool may come late too

namespace {

// An inbox whose handlers wait for a pool that the test runs.
struct PoolNode final : InboxHost {
  Config config;
  Registry registry{config};
  boost::asio::io_context threads;
  boost::asio::io_context io;
  Instant now = instant_from_us(1'000'000);
  BenchClock clock{now};
  Pool peer_in{1u << 20, 1u << 20};
  Pool node_in{1u << 20, 1u << 20};
  GrantLine line;
  Inbox inbox{registry, Inbox::Limits{16, 4'096, 4'096}, *this, Room{peer_in, node_in}, line};
  std::vector<std::uint64_t> ran;
  BufferRef body;
  std::vector<VerdictRange> ranges;

  PoolNode() {
    TypePolicy policy;
    policy.concurrency = 4;
    registry.set_policy(type_info<Question>(), policy);
    registry.set_handler(type_info<Question>(), make_handler<Question>(
                                                    [this](Received<Question> asked) {
                                                      ran.push_back(asked->getNumber());
                                                      return Message<Answer>{};
                                                    },
                                                    {.run_on = RunOn::pool}));
    Delivery from;
    from.node = "n1";
    from.clock = &clock;
    inbox.reset(from);
  }
  HandlerDone handler_done(TypeId type, std::uint64_t sequence) override {
    return [this, type, sequence](HandlerEnd end) { inbox.handler_ended(type, sequence, std::move(end), now); };
  }
  bool reserve_reply(std::size_t) override { return true; }
  void release_reply(std::size_t) override {}
  void look_again() override {}
  boost::asio::any_io_executor loop() override { return io.get_executor(); }
  boost::asio::any_io_executor pool() override { return threads.get_executor(); }

  void take(std::uint64_t sequence, RecordKind kind, Duration left) {
    Message<Question> question;
    question->setNumber(sequence);
    body = question.encode().bytes;
    Record record;
    record.kind = kind;
    record.type = type_info<Question>().id;
    record.sequence = sequence;
    record.request_id = kind == RecordKind::request ? sequence : 0;
    record.expires_at = to_us(left);
    record.payload = body.bytes();
    std::string problem;
    REQUIRE(inbox.take(record, {body, LaneClass::ordinary, now, Duration{0}, 0}, problem));
    inbox.run(now);
  }
  // Up to which sequence verdicts are given; the exceptions are in `ranges`.
  std::uint64_t verdicts() {
    inbox.repeat_all();
    BatchWriter writer;
    writer.begin(LaneClass::control, 1, 1, {}, 256);
    inbox.acknowledge(writer, 65'536, 1);
    const BufferRef said = writer.finish();
    BatchReader reader;
    std::string problem;
    REQUIRE(reader.open(said.bytes(), problem));
    Record record;
    Ack ack;
    REQUIRE(reader.next(record, ack, problem) == BatchReader::Next::ack);
    ranges.assign(ack.exceptions.begin(), ack.exceptions.end());
    return ack.verdicts;
  }
};

}  // namespace

TEST_CASE("ttl 7, pool: a message that waited too long for a thread is not handled, and its verdict says so") {
  PoolNode node;
  node.take(1, RecordKind::message, ttl);
  node.take(2, RecordKind::message, 4 * ttl);
  node.take(3, RecordKind::request, ttl);
  CHECK(node.verdicts() == 0);  // nothing has begun
  node.now += ttl;
  node.threads.run();
  CHECK(node.ran == std::vector<std::uint64_t>{2});
  CHECK(node.verdicts() == 3);
  REQUIRE(node.ranges.size() == 2);
  CHECK((node.ranges[0].first == 1 && node.ranges[0].kind == OutcomeKind::expired));
  CHECK((node.ranges[1].first == 3 && node.ranges[1].kind == OutcomeKind::expired));
  CHECK(node.inbox.replies().empty());
  CHECK(node.inbox.running() == 0);
  CHECK(node.inbox.bytes_held() == 0);
}

TEST_CASE("ttl 7, pool: verdicts keep their order though a later handler begins first") {
  PoolNode node;
  node.take(1, RecordKind::message, 4 * ttl);
  node.take(2, RecordKind::message, 4 * ttl);
  node.threads.run_one();
  CHECK(node.verdicts() == 1);
  node.inbox.handler_ended(type_info<Question>().id, 2, HandlerEnd{}, node.now);
  CHECK(node.verdicts() == 2);
  CHECK(node.ranges.empty());
}

TEST_CASE("ttl 7, pool: a request whose caller gave up before a thread was free is not begun") {
  PoolNode node;
  node.take(1, RecordKind::request, 4 * ttl);
  node.inbox.nobody_waits();
  node.threads.run();
  CHECK(node.ran.empty());
  CHECK(node.verdicts() == 1);
  REQUIRE(node.ranges.size() == 1);
  CHECK(node.ranges[0].cause == Cause::cancelled);
}
