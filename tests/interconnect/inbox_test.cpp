// Inbox: deduplication, order of verdicts, credit, grants, and peers that do not play by the rules.
#include <hawser/base/assert.hpp>

#include <catch2/catch.hpp>
#include <interconnect/traffic_bench.hpp>

using namespace hawser;
using namespace hawser::test;

namespace {

// An inbox alone: records are made by hand.
struct Alone {
  Config config;
  Registry registry{config};
  BenchHost host;
  Pool peer_pool{16u << 20, 8u << 20};
  Pool node_pool{16u << 20, 16u << 20};
  GrantLine line;
  Inbox inbox{registry, Inbox::Limits{4, 65'536, 4u << 20, 64}, host, Room{peer_pool, node_pool}, line};
  BufferRef frame = numbered(1, 4'096);
  Instant now = instant_from_us(1'000'000);
  std::string problem;
  std::vector<std::uint64_t> handled;
  std::vector<Ack> acks;
  std::vector<VerdictRange> ranges;

  Alone() {
    Delivery from;
    from.node = "n1";
    inbox.reset(from);
  }
  void handle(TypeId type, bool asynchronous = false) {
    registry.set_handler({type, "T"}, std::make_unique<ScriptedHandler>(
                                          asynchronous,
                                          [this, asynchronous](const Delivery&, const InboundBytes& in,
                                                               const HandlerDone&) -> std::optional<HandlerEnd> {
                                            handled.push_back(in.payload.size());
                                            if (asynchronous) return std::nullopt;
                                            return HandlerEnd{};
                                          }));
  }
  bool take(RecordKind kind, TypeId type, std::uint64_t sequence, std::size_t bytes = 16, std::int64_t ttl = 1'000'000,
            std::int64_t sent_at = 0) {
    Record record;
    record.kind = kind;
    record.type = type;
    record.sequence = sequence;
    record.expires_at = ttl;
    record.request_id = sequence;
    body = numbered(sequence, bytes);
    record.payload = kind == RecordKind::want ? std::span<const std::byte>{} : body.bytes();
    const LaneClass lane = kind == RecordKind::want ? LaneClass::control : LaneClass::ordinary;
    return inbox.take(record, {body, lane, now, Duration{0}, sent_at}, problem);
  }
  bool piece(std::uint64_t sequence, std::uint32_t offset, std::uint32_t bytes, std::uint32_t total) {
    Record record;
    record.type = TypeId{1};
    record.sequence = sequence;
    record.expires_at = 1'000'000;
    record.offset = offset;
    record.total_bytes = total;
    body = numbered(sequence, total);
    record.payload = body.bytes().subspan(offset, bytes);
    return inbox.take(record, {body, LaneClass::ordinary, now, Duration{0}, 0}, problem);
  }
  // What the next acknowledgement says of one channel.
  Ack ack(TypeId type, std::uint64_t batch = 1) {
    BatchWriter writer;
    writer.begin(LaneClass::control, 1, batch, {}, 256);
    inbox.acknowledge(writer, 65'536, batch);
    said = writer.finish();
    BatchReader reader;
    REQUIRE(reader.open(said.bytes(), problem));
    Record record;
    Ack each;
    Ack result;
    while (reader.next(record, each, problem) == BatchReader::Next::ack) {
      if (each.type != type) continue;
      ranges.assign(each.exceptions.begin(), each.exceptions.end());
      result = each;
    }
    result.exceptions = ranges;
    return result;
  }
  BufferRef body;
  BufferRef said;
};

constexpr TypeId one{1};
constexpr TypeId two{2};

}  // namespace

TEST_CASE("inbox: a message that comes again is dropped, counted and acknowledged again") {
  Alone peer;
  peer.handle(one);
  REQUIRE(peer.take(RecordKind::message, one, 1));
  peer.inbox.run(peer.now);
  peer.ack(one);
  REQUIRE(peer.take(RecordKind::message, one, 1));
  peer.inbox.run(peer.now);
  CHECK(peer.handled.size() == 1);
  CHECK(peer.inbox.snapshot().front().duplicates == 1);
  CHECK(peer.ack(one).verdicts == 1);
}

TEST_CASE("inbox: a message of a type that nobody handles, or that cannot be read, is told apart") {
  Alone peer;
  peer.handle(one);
  REQUIRE(peer.take(RecordKind::message, two, 1));
  Record torn;
  torn.type = one;
  torn.sequence = 1;
  torn.expires_at = 1'000'000;
  const BufferRef zeros = Buffer::make(16);
  std::memset(zeros->data(), 0xff, 16);
  torn.payload = zeros.bytes();
  REQUIRE(peer.inbox.take(torn, {zeros, LaneClass::ordinary, peer.now, Duration{0}, 0}, peer.problem));
  peer.inbox.run(peer.now);
  CHECK(peer.handled.empty());
  const Ack ack = peer.ack(one);
  REQUIRE(ack.exceptions.size() == 1);
  CHECK(ack.exceptions[0] == VerdictRange{1, 1, OutcomeKind::refused, Cause::malformed});
  peer.inbox.repeat_all();
  const Ack other = peer.ack(two);
  REQUIRE(other.exceptions.size() == 1);
  CHECK(other.exceptions[0].kind == OutcomeKind::unhandled);
}

TEST_CASE(
    "inbox: exceptions are said in the batch after their verdict, once, until they are confirmed or asked for again") {
  Alone peer;
  REQUIRE(peer.take(RecordKind::message, one, 1));
  REQUIRE(peer.take(RecordKind::message, one, 2));
  peer.inbox.run(peer.now);
  CHECK(peer.ack(one, 5).exceptions.size() == 1);  // one range of two
  REQUIRE(peer.take(RecordKind::message, one, 3));
  peer.inbox.run(peer.now);
  Ack ack = peer.ack(one, 6);
  REQUIRE(ack.exceptions.size() == 1);
  CHECK(ack.exceptions[0].first == 3);

  peer.inbox.confirmed(4);
  peer.inbox.repeat_all();
  CHECK(peer.ack(one, 7).exceptions.size() == 2);
  peer.inbox.confirmed(7);
  peer.inbox.repeat_all();
  CHECK(peer.ack(one, 8).exceptions.empty());
}

TEST_CASE("inbox: verdicts keep the order of messages when one in the middle was decided on arrival") {
  Alone peer;
  peer.handle(one, true);
  REQUIRE(peer.take(RecordKind::message, one, 1));
  REQUIRE(peer.take(RecordKind::message, one, 2, 16, 0));  // expired
  REQUIRE(peer.take(RecordKind::message, one, 3));
  peer.inbox.run(peer.now);
  CHECK(peer.ack(one).verdicts == 2);
  CHECK(peer.inbox.running() == 1);
  peer.inbox.handler_ended(one, 1, {}, peer.now);
  CHECK(peer.ack(one).verdicts == 3);
}

TEST_CASE("inbox: a reply that expired on the way and one that did not may share a batch") {
  Alone peer;
  REQUIRE(peer.take(RecordKind::reply, one, 1, 16, 0));
  REQUIRE(peer.take(RecordKind::reply, one, 2));
  peer.inbox.run(peer.now);
  CHECK(peer.inbox.answers().size() == 1);
  const Ack ack = peer.ack(TypeId::none);
  CHECK(ack.verdicts == 2);
  REQUIRE(ack.exceptions.size() == 1);
  CHECK(ack.exceptions[0] == VerdictRange{1, 1, OutcomeKind::expired, Cause::on_arrival});
}

TEST_CASE("inbox: times that only a liar sends neither overflow nor start a handler that they should not") {
  Alone peer;
  peer.handle(one);
  constexpr std::int64_t least = INT64_MIN;
  constexpr std::int64_t most = INT64_MAX;
  REQUIRE(peer.take(RecordKind::message, one, 1, 16, least, most));
  REQUIRE(peer.take(RecordKind::message, one, 2, 16, least, 0));
  peer.inbox.run(peer.now);
  CHECK(peer.handled.empty());
  REQUIRE(peer.take(RecordKind::message, one, 3, 16, most, least));
  peer.inbox.run(peer.now);
  CHECK(peer.handled.size() == 1);
}

// ---- credit

TEST_CASE("inbox: what is beyond the credit breaks the protocol, in messages and in bytes") {
  Alone peer;
  peer.handle(one, true);
  SECTION("messages") {
    CHECK_FALSE(peer.take(RecordKind::message, one, Channel::initial_credit_messages + 1));
    CHECK(peer.problem.find("credit") != std::string::npos);
    CHECK(peer.take(RecordKind::message, one, Channel::initial_credit_messages));
  }
  SECTION("bytes") {
    CHECK(peer.take(RecordKind::message, one, 1, Channel::initial_credit_bytes));
    CHECK_FALSE(peer.take(RecordKind::message, one, 2));
  }
  SECTION("the first piece counts as the whole, so that no memory is taken by a claim") {
    CHECK(peer.take(RecordKind::message, one, 1, Channel::initial_credit_bytes - 1'000));
    CHECK_FALSE(peer.piece(2, 0, 16, 4'000));
  }
}

TEST_CASE("inbox: a message given back leaves room for as much") {
  Alone peer;
  peer.handle(one, true);
  for (std::uint64_t i = 1; i <= 64; ++i) {
    REQUIRE(peer.take(RecordKind::message, one, i, 1'000));
    peer.inbox.run(peer.now);
    if (i <= 62) peer.inbox.handler_ended(one, i, {}, peer.now);
  }
  Ack ack = peer.ack(one);
  CHECK(ack.credit_messages == 64 + 2);
  CHECK(ack.credit_bytes == 64'000 + 65'536 - 2'000);
  peer.inbox.handler_ended(one, 63, {}, peer.now);
  ack = peer.ack(one);
  CHECK(ack.credit_messages == 64 + 3);
  CHECK(ack.credit_bytes == 64'000 + 65'536 - 1'000);
}

TEST_CASE("inbox: a peer cannot use more types than a welcome can list") {
  Alone peer;
  for (std::uint64_t type = 1; type <= resume_entries_max; ++type) {
    if (!peer.take(RecordKind::want, TypeId{type}, 1)) FAIL(type);
  }
  CHECK_FALSE(peer.take(RecordKind::want, TypeId{resume_entries_max + 1}, 1));
  CHECK_FALSE(peer.take(RecordKind::message, TypeId{resume_entries_max + 1}, 1));
  CHECK(peer.take(RecordKind::want, TypeId{5}, 1));
  CHECK(peer.inbox.resume(LaneClass::control).size() <= resume_entries_max);
}

TEST_CASE("inbox: a wish for credit does not move its channel to the control lane") {
  Alone peer;
  peer.handle(one);
  REQUIRE(peer.take(RecordKind::want, one, 200'000));
  REQUIRE(peer.take(RecordKind::message, one, 1));
  REQUIRE(peer.take(RecordKind::want, one, 300'000));
  const auto resume = peer.inbox.resume(LaneClass::ordinary);
  REQUIRE(resume.size() == 1);
  CHECK(resume[0].received == 1);
  CHECK(resume[0].received_bytes == 16);
}

// ---- large messages

TEST_CASE("inbox: pieces that do not continue each other, or claim too much, break the protocol") {
  Alone peer;
  peer.handle(one);
  REQUIRE(peer.piece(1, 0, 1'000, 3'000));
  SECTION("a gap") { CHECK_FALSE(peer.piece(1, 2'000, 1'000, 3'000)); }
  SECTION("another message") { CHECK_FALSE(peer.piece(2, 1'000, 1'000, 3'000)); }
  SECTION("another size") { CHECK_FALSE(peer.piece(1, 1'000, 1'000, 2'000)); }
  SECTION("larger than the largest") { CHECK_FALSE(peer.piece(2, 0, 1'000, (4u << 20) + 8)); }
  SECTION("after the lane was opened anew, only from the start") {
    peer.inbox.lane_reopened(LaneClass::ordinary);
    CHECK_FALSE(peer.piece(1, 1'000, 1'000, 3'000));
    peer.problem.clear();
    for (std::uint32_t at = 0; at < 3'000; at += 1'000) CHECK(peer.piece(1, at, 1'000, 3'000));
    peer.inbox.run(peer.now);
    CHECK(peer.handled == std::vector<std::uint64_t>{3'000});
  }
}

// ---- handlers

TEST_CASE("inbox: concurrency bounds how many handlers of a type run, and no other type waits for them") {
  Alone peer;
  TypePolicy policy;
  policy.concurrency = 2;
  peer.registry.set_policy({one, "T"}, policy);
  peer.handle(one, true);
  peer.handle(two);
  for (std::uint64_t i = 1; i <= 3; ++i) REQUIRE(peer.take(RecordKind::message, one, i));
  REQUIRE(peer.take(RecordKind::message, two, 1));
  peer.inbox.run(peer.now);
  CHECK(peer.inbox.running() == 2);
  CHECK(peer.ack(two).verdicts == 1);
  peer.inbox.handler_ended(one, 2, {}, peer.now);
  CHECK(peer.inbox.running() == 2);
  CHECK(peer.ack(one).verdicts == 3);
}

TEST_CASE("inbox: a request is answered once: with the reply, or with the reason why there is none") {
  Alone peer;
  peer.handle(one, true);
  REQUIRE(peer.take(RecordKind::request, one, 1));
  peer.inbox.run(peer.now);
  HandlerEnd end;
  SECTION("a reply") {
    end.reply = {{two, "Answer"}, numbered(9)};
    peer.inbox.handler_ended(one, 1, end, peer.now);
    REQUIRE(peer.inbox.replies().size() == 1);
    CHECK(peer.inbox.replies()[0].reply.type.id == two);
  }
  SECTION("a failure") {
    end.failed = true;
    end.cause = Cause::handler_threw;
    peer.inbox.handler_ended(one, 1, end, peer.now);
    REQUIRE(peer.inbox.replies().size() == 1);
    CHECK(peer.inbox.replies()[0].reply.type.id == TypeId::none);
  }
  SECTION("a handler that answers nothing") {
    peer.inbox.handler_ended(one, 1, end, peer.now);
    REQUIRE(peer.inbox.replies().size() == 1);
    CHECK(peer.inbox.replies()[0].reply.bytes->data()[0] == static_cast<std::byte>(Cause::no_reply));
  }
  CHECK(peer.inbox.replies()[0].request_id == 1);
  peer.inbox.handler_ended(one, 1, end, peer.now);  // told twice
  CHECK(peer.inbox.replies().size() == 1);
}

TEST_CASE("inbox: a cancelled request that waits is not started, and one that runs is told") {
  Alone peer;
  Cancellation told;
  peer.registry.set_handler({one, "T"}, std::make_unique<ScriptedHandler>(
                                            true, [&](const Delivery& from, const InboundBytes&, const HandlerDone&) {
                                              peer.handled.push_back(0);
                                              told = from.cancellation;
                                              return std::optional<HandlerEnd>{};
                                            }));
  REQUIRE(peer.take(RecordKind::request, one, 1));
  REQUIRE(peer.take(RecordKind::request, one, 2));
  peer.inbox.run(peer.now);
  Record cancel;
  cancel.kind = RecordKind::cancel;
  for (cancel.request_id = 0; cancel.request_id <= 2; ++cancel.request_id) {
    REQUIRE(peer.inbox.take(cancel, {peer.frame, LaneClass::control, peer.now, Duration{0}, 0}, peer.problem));
  }
  CHECK(told.requested());
  peer.inbox.handler_ended(one, 1, {}, peer.now);
  CHECK(peer.handled.size() == 1);
  const Ack ack = peer.ack(one);
  CHECK(ack.verdicts == 2);
  CHECK(ack.exceptions[0] == VerdictRange{2, 1, OutcomeKind::expired, Cause::cancelled});
}

TEST_CASE("inbox: a handler may end the session that it was called from") {
  Alone peer;
  std::string seen;
  peer.registry.set_handler({one, "T"}, std::make_unique<ScriptedHandler>(
                                            false, [&](const Delivery& from, const InboundBytes&, const HandlerDone&) {
                                              peer.handled.push_back(0);
                                              peer.inbox.reset({});
                                              seen = from.node.text();  // still what it was
                                              return std::optional{HandlerEnd{}};
                                            }));
  REQUIRE(peer.take(RecordKind::message, one, 1));
  REQUIRE(peer.take(RecordKind::message, one, 2));
  peer.inbox.run(peer.now);
  CHECK(peer.handled.size() == 1);
  CHECK(seen == "n1");
  CHECK(peer.inbox.queued() == 0);
  CHECK(peer.inbox.bytes_held() == 0);
  CHECK(peer.inbox.snapshot().empty());
}

TEST_CASE("inbox: a new session tells the handlers that run, and hears no more of them") {
  Alone peer;
  peer.handle(one, true);
  REQUIRE(peer.take(RecordKind::request, one, 1));
  peer.inbox.run(peer.now);
  peer.inbox.reset({});
  CHECK(peer.inbox.running() == 0);
  peer.inbox.handler_ended(one, 1, {}, peer.now);
  CHECK(peer.inbox.replies().empty());
  CHECK_FALSE(peer.inbox.ack_due());
}

TEST_CASE("inbox: too many exceptions stop the credit until the peer has confirmed some") {
  Alone peer;
  std::uint64_t sequence = 0;
  peer.handle(two);
  for (std::uint64_t round = 0; round < 700; ++round) {  // neighbours differ, so that no two share a range
    REQUIRE(peer.take(RecordKind::message, one, ++sequence, 16, 1'000'000));
    REQUIRE(peer.take(RecordKind::message, one, ++sequence, 16, 0));
    peer.inbox.run(peer.now);
    if (peer.ack(one, round + 1).credit_messages == sequence) break;
  }
  CHECK(sequence >= 1'024);
  CHECK(sequence < 1'100);
  peer.inbox.confirmed(2'000);
  CHECK(peer.ack(one, 2'001).credit_messages == sequence + 4);
}
