// Inbox: deduplication, order of verdicts, credit, grants, and peers that do not play by the rules.
#include <hawser/base/assert.hpp>

#include <catch2/catch.hpp>
#include <interconnect/lone_inbox.hpp>

using namespace hawser;
using namespace hawser::test;

TEST_CASE("inbox: a message that comes again is dropped, counted and acknowledged again") {
  LoneInbox peer;
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

TEST_CASE("inbox: what waits for its handler outlives its frame: a small one is held, a large one is let go of") {
  LoneInbox peer;
  std::vector<std::vector<std::byte>> seen;
  peer.registry.set_handler(
      {one, "T"},
      std::make_unique<ScriptedHandler>(
          true, [&](const Delivery&, const InboundBytes& in, const HandlerDone&) -> std::optional<HandlerEnd> {
            seen.emplace_back(in.payload.begin(), in.payload.end());
            return std::nullopt;
          }));
  REQUIRE(peer.take(RecordKind::message, one, 1));
  peer.inbox.run(peer.now);  // and takes its time
  const BufferRef content = numbered(2, 16);
  const std::vector<std::byte> sent(content.bytes().begin(), content.bytes().end());
  for (const std::size_t bytes : {std::size_t{64}, std::size_t{4096}}) {
    CAPTURE(bytes);
    BufferRef frame = Buffer::make(bytes);
    std::memcpy(frame->data(), sent.data(), sent.size());
    Record record;
    record.type = one;
    record.sequence = bytes == 64 ? 2 : 3;
    record.expires_at = 1'000'000;
    record.payload = frame.bytes().first(sent.size());
    REQUIRE(peer.inbox.take(record, {frame, LaneClass::ordinary, peer.now, Duration{0}, 0}, peer.problem));
    peer.inbox.run(peer.now);
    SECTION("the frame ends") { peer.inbox.detach(); }
    SECTION("another frame comes, though nobody said that this one ends") {}
    if (bytes == 64) {
      frame = nullptr;
      continue;
    }
    peer.inbox.detach();
    CHECK_FALSE(frame.shared());
    std::memset(frame->data(), 0xff, bytes);
  }
  for (const std::uint64_t ended : {1, 2}) {
    peer.inbox.handler_ended(one, ended, HandlerEnd{}, peer.now);
    peer.inbox.run(peer.now);
  }
  REQUIRE(seen.size() == 3);
  CHECK(seen[1] == sent);
  CHECK(seen[2] == sent);
}

TEST_CASE("inbox: a message of a type that nobody handles, or that cannot be read, is told apart") {
  LoneInbox peer;
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
  LoneInbox peer;
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
  LoneInbox peer;
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
  LoneInbox peer;
  REQUIRE(peer.take(RecordKind::reply, one, 1, 16, 0));
  REQUIRE(peer.take(RecordKind::reply, one, 2));
  peer.inbox.run(peer.now);
  CHECK(peer.answers().size() == 1);
  const Ack ack = peer.ack(TypeId::none);
  CHECK(ack.verdicts == 2);
  REQUIRE(ack.exceptions.size() == 1);
  CHECK(ack.exceptions[0] == VerdictRange{1, 1, OutcomeKind::expired, Cause::on_arrival});
}

TEST_CASE("inbox: times that only a liar sends neither overflow nor start a handler that they should not") {
  LoneInbox peer;
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
  LoneInbox peer;
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
  LoneInbox peer;
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
  LoneInbox peer;
  for (std::uint64_t type = 1; type <= resume_entries_max; ++type) {
    if (!peer.take(RecordKind::want, TypeId{type}, 1)) FAIL(type);
  }
  CHECK_FALSE(peer.take(RecordKind::want, TypeId{resume_entries_max + 1}, 1));
  CHECK_FALSE(peer.take(RecordKind::message, TypeId{resume_entries_max + 1}, 1));
  CHECK(peer.take(RecordKind::want, TypeId{5}, 1));
  CHECK(peer.inbox.resume(LaneClass::control).size() <= resume_entries_max);
}

TEST_CASE("inbox: a wish for credit does not move its channel to the control lane") {
  LoneInbox peer;
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
  LoneInbox peer;
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
  LoneInbox peer;
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
  LoneInbox peer;
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
  LoneInbox peer;
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

TEST_CASE("inbox: a message is handled as it is read, unless it would overtake another of its channel") {
  LoneInbox peer;
  peer.handle(one);
  peer.handle(two);
  REQUIRE(peer.take(RecordKind::message, one, 1, 16));
  CHECK(peer.handled == std::vector<std::size_t>{16});
  REQUIRE(peer.take(RecordKind::request, one, 2, 24));
  REQUIRE(peer.take(RecordKind::message, one, 3, 32));
  REQUIRE(peer.take(RecordKind::message, two, 1, 40));
  CHECK(peer.handled == std::vector<std::size_t>{16, 40});
  CHECK(peer.inbox.bytes_held() == 24 + 32);
  peer.inbox.run(peer.now);
  CHECK(peer.handled == std::vector<std::size_t>{16, 40, 24, 32});
  CHECK(peer.inbox.bytes_held() == 0);
  CHECK(peer.ack(one).verdicts == 3);
}

TEST_CASE("inbox: a handler that takes its time spends that of the messages behind it") {
  struct Clock final : Scheduler {
    Instant time;
    explicit Clock(Instant now) : time(now) {}
    Instant now() const noexcept override { return time; }
    TimerId at(Instant, UniqueFunction<void()>) override { return TimerId::none; }
    void cancel(TimerId) noexcept override {}
  };
  LoneInbox peer;
  Clock clock{peer.now};
  Delivery from;
  from.clock = &clock;
  peer.inbox.reset(from);
  peer.registry.set_handler({one, "T"}, std::make_unique<ScriptedHandler>(
                                            false, [&](const Delivery&, const InboundBytes& in, const HandlerDone&) {
                                              peer.handled.push_back(in.payload.size());
                                              clock.time += Duration{600'000};
                                              return std::optional{HandlerEnd{}};
                                            }));
  REQUIRE(peer.take(RecordKind::message, one, 1, 16, 1'000'000));
  REQUIRE(peer.take(RecordKind::message, one, 2, 24, 500'000));
  REQUIRE(peer.take(RecordKind::message, one, 3, 32, 1'000'000));
  REQUIRE(peer.take(RecordKind::request, one, 4, 24, 1'100'000));  // it stands in the queue
  peer.inbox.run(peer.now);
  CHECK(peer.handled == std::vector<std::size_t>{16, 32});
  const Ack ack = peer.ack(one);
  REQUIRE(ack.exceptions.size() == 2);
  CHECK(ack.exceptions[0] == VerdictRange{2, 1, OutcomeKind::expired, Cause::in_inbox});
  CHECK(ack.exceptions[1] == VerdictRange{4, 1, OutcomeKind::expired, Cause::in_inbox});
}

TEST_CASE("inbox: a handler may end the session that it was called from") {
  LoneInbox peer;
  std::string seen;
  peer.registry.set_handler({one, "T"}, std::make_unique<ScriptedHandler>(
                                            false, [&](const Delivery& from, const InboundBytes&, const HandlerDone&) {
                                              peer.handled.push_back(0);
                                              peer.inbox.reset({});
                                              seen = from.node.text();  // still what it was
                                              return std::optional{HandlerEnd{}};
                                            }));
  SECTION("a message that was started as it was read") {
    const std::uint64_t before = peer.inbox.resets();
    REQUIRE(peer.take(RecordKind::message, one, 1));
    CHECK(peer.inbox.resets() == before + 1);  // so that nobody reads on
  }
  SECTION("a request that stood in the queue, and one behind it") {
    REQUIRE(peer.take(RecordKind::request, one, 1));
    REQUIRE(peer.take(RecordKind::request, one, 2));
    peer.inbox.run(peer.now);
  }
  CHECK(peer.handled.size() == 1);
  CHECK(seen == "n1");
  CHECK(peer.inbox.queued() == 0);
  CHECK(peer.inbox.bytes_held() == 0);
  CHECK(peer.inbox.snapshot().empty());
}

TEST_CASE("inbox: a new session tells the handlers that run, and hears no more of them") {
  LoneInbox peer;
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
  LoneInbox peer;
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
