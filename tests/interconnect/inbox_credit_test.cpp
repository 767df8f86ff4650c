// Inbox: the room behind its credit. What was granted can be held, and the sum never passes the bounds.
#include <catch2/catch.hpp>
#include <interconnect/lone_inbox.hpp>

#include <memory>
#include <set>
#include <vector>

using namespace hawser;
using namespace hawser::test;

namespace {

constexpr std::size_t initial = Channel::initial_credit_bytes;
constexpr std::size_t mib = 1u << 20;

InboundSnapshot row(const LoneInbox& peer, TypeId type) {
  for (const InboundSnapshot& each : peer.inbox.snapshot()) {
    if (each.type == type) return each;
  }
  return {};
}

// What is promised and held is charged, at the peer and at the node.
void check_charged(const LoneInbox& peer) {
  std::size_t claims = 0;
  for (const InboundSnapshot& each : peer.inbox.snapshot()) claims += each.held_bytes + each.promised_bytes;
  REQUIRE(claims <= peer.peer_pool.used());
  REQUIRE(peer.peer_pool.used() <= peer.node.in.used());
}

void send_large(LoneInbox& peer, TypeId type, std::uint64_t sequence, std::uint32_t total) {
  constexpr std::uint32_t piece = 65'536;
  for (std::uint32_t at = 0; at < total; at += piece) {
    REQUIRE(peer.piece(sequence, at, std::min(piece, total - at), total, RecordKind::message, 1'000'000, type));
  }
}

}  // namespace

TEST_CASE("inbox credit: a large message is granted its whole size at once, borrowed from peer and node") {
  LoneInbox peer;
  peer.handle(one, true);
  REQUIRE(peer.want(one, 2 * mib));
  CHECK(peer.ack(one).credit_bytes == 2 * mib);
  CHECK(peer.peer_pool.reserve.used() == 2 * mib - Share::step);
  CHECK(peer.node.in.reserve.used() == 2 * mib - Share::step);
  send_large(peer, one, 1, 2 * mib);
  peer.inbox.run(peer.now);
  CHECK(row(peer, one).held_bytes == 2 * mib);
  CHECK(peer.peer_pool.reserve.used() == 2 * mib - Share::step);
  peer.inbox.handler_ended(one, 1, {}, peer.now);
  CHECK(peer.peer_pool.reserve.used() == 0);
  check_charged(peer);
}

TEST_CASE("inbox credit: what a channel has borrowed must come back before it borrows again") {
  LoneInbox peer;
  peer.handle(one, true);
  peer.handle(two, true);
  REQUIRE(peer.want(one, 2 * mib));
  send_large(peer, one, 1, 2 * mib);
  peer.inbox.run(peer.now);  // its handler hangs
  REQUIRE(peer.want(one, 4 * mib));
  REQUIRE(peer.want(two, 2 * mib));  // and stands in nobody's way
  CHECK(peer.ack(one).credit_bytes < 4 * mib);
  peer.inbox.repeat_all();
  CHECK(peer.ack(two).credit_bytes == 2 * mib);
  peer.inbox.handler_ended(one, 1, {}, peer.now);
  peer.inbox.repeat_all();
  CHECK(peer.ack(one).credit_bytes == 4 * mib);
}

TEST_CASE("inbox credit: a limit that was granted is not withdrawn, but may be given up, and then its room is free") {
  LoneInbox peer{nullptr, LoneInbox::small, 4 * mib};
  REQUIRE(peer.want(one, 3 * mib));
  REQUIRE(peer.want(two, 3 * mib));
  peer.now += Duration{600'000'000};
  peer.inbox.run(peer.now);
  peer.inbox.repeat_all();
  CHECK(peer.ack(one).credit_bytes == 3 * mib);
  peer.inbox.repeat_all();
  CHECK(peer.ack(two).credit_bytes == initial);
  SECTION("given up") {
    REQUIRE(peer.want(one, 3 * mib, 3 * mib));
    CHECK(peer.ack(two).credit_bytes == 3 * mib);
    REQUIRE(peer.want(one, 3 * mib, 3 * mib));  // said again
    peer.inbox.repeat_all();
    CHECK(peer.ack(one).credit_bytes == 3 * mib + initial);  // what is used goes on from there
  }
  SECTION("more than there is breaks the protocol") {
    CHECK_FALSE(peer.want(one, 3 * mib, 3 * mib + 1));
    CHECK(peer.problem.find("given up") != std::string::npos);
  }
  SECTION("a wish that is taken back waits no more") {
    REQUIRE(peer.want(two, 1));
    REQUIRE(peer.want(one, 3 * mib, 3 * mib));
    peer.inbox.repeat_all();
    CHECK(peer.ack(two).credit_bytes == initial);
  }
  check_charged(peer);
}

TEST_CASE("inbox credit: a wish larger than any message is no wish") {
  LoneInbox peer;
  REQUIRE(peer.want(one, initial + LoneInbox::largest + 1));
  peer.inbox.repeat_all();
  CHECK(peer.ack(one).credit_bytes == initial);
  REQUIRE(peer.want(one, UINT64_MAX));
  peer.inbox.repeat_all();
  CHECK(peer.ack(one).credit_bytes == initial);
  CHECK(peer.peer_pool.reserve.used() == 0);
}

TEST_CASE("inbox credit: two peers with many types that all wait for large messages get them all, first come first") {
  // Room for three of them at the node, two at a peer.
  constexpr std::size_t types = 12;
  constexpr std::uint32_t large = 3 * mib;
  NodePools node{20 * mib};
  std::vector<std::unique_ptr<LoneInbox>> peers;
  for (int i = 0; i < 2; ++i) peers.push_back(std::make_unique<LoneInbox>(&node, LoneInbox::small, 7 * mib));
  std::vector<std::pair<std::size_t, TypeId>> granted;
  std::set<std::pair<std::size_t, TypeId>> done;
  for (std::size_t t = 1; t <= types; ++t) {
    for (auto& peer : peers) {
      peer->handle(TypeId{t}, true);
      REQUIRE(peer->want(TypeId{t}, large));
    }
  }
  std::vector<std::uint64_t> order;
  for (int round = 0; round < 200 && done.size() < 2 * types; ++round) {
    for (std::size_t p = 0; p < peers.size(); ++p) {
      LoneInbox& peer = *peers[p];
      peer.inbox.look_for_room();
      for (std::size_t t = 1; t <= types; ++t) {
        peer.inbox.repeat_all();
        if (done.contains({p, TypeId{t}}) || peer.ack(TypeId{t}).credit_bytes < large) continue;
        granted.emplace_back(p, TypeId{t});
        done.emplace(p, TypeId{t});
      }
      REQUIRE(node.in.reserve.used() <= node.in.reserve.limit());
      REQUIRE(peer.peer_pool.reserve.used() <= peer.peer_pool.reserve.limit());
    }
    // The oldest of those that hold a grant comes and is handled.
    if (granted.empty()) continue;
    const auto [p, type] = granted.front();
    granted.erase(granted.begin());
    if (p == 0) order.push_back(to_number(type));
    send_large(*peers[p], type, 1, large);
    peers[p]->inbox.run(peers[p]->now);
    peers[p]->inbox.handler_ended(type, 1, {}, peers[p]->now);
    check_charged(*peers[p]);
  }
  CHECK(done.size() == 2 * types);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE(
    "inbox credit: whatever the number of peers and types, what is promised and held stays below the node's bound") {
  NodePools node{4 * mib};
  Inbox::Limits limits = LoneInbox::small;
  limits.bytes = mib;
  limits.messages = 4'096;
  std::vector<std::unique_ptr<LoneInbox>> peers;
  std::size_t shed = 0;
  std::size_t taken = 0;
  for (int p = 0; p < 10; ++p) {
    LoneInbox& peer = *peers.emplace_back(std::make_unique<LoneInbox>(&node, limits, 2 * mib));
    for (std::uint64_t type = 1; type <= 20; ++type) {
      peer.handle(TypeId{type}, true);
      for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
        REQUIRE(peer.take(RecordKind::message, TypeId{type}, sequence, 20'000));
      }
      peer.inbox.run(peer.now);
      const Ack ack = peer.ack(TypeId{type});
      for (const VerdictRange& range : ack.exceptions) {
        CHECK(range.kind == OutcomeKind::overloaded);
        CHECK(range.cause == Cause::intake);
        shed += range.count;
      }
      taken += row(peer, TypeId{type}).held_bytes / 20'000;
      REQUIRE(node.in.used() <= 4 * mib);
      check_charged(peer);
    }
  }
  CHECK(shed > 0);
  CHECK(taken >= 60);
  // A peer alone could not take it all: the others have their part.
  CHECK(peers[0]->peer_pool.used() <= 2 * mib);
  std::size_t held = 0;
  for (const auto& peer : peers) held += peer->inbox.bytes_held();
  CHECK(held <= 4 * mib);
  SECTION("and when a peer is gone its room is there for the others") {
    LoneInbox& hungry = *peers.back();
    CHECK(hungry.inbox.bytes_held() == 0);
    for (std::size_t p = 0; p + 1 < peers.size(); ++p) peers[p]->inbox.reset({});
    hungry.inbox.look_for_room();
    REQUIRE(hungry.take(RecordKind::message, one, 4, 5'000));
    hungry.inbox.run(hungry.now);
    CHECK(hungry.inbox.bytes_held() == 5'000);
  }
}

TEST_CASE("inbox credit: the window grows while it is used, up to the share, and no further") {
  Inbox::Limits limits{1'024, 400'000, LoneInbox::largest, 64};
  LoneInbox peer{nullptr, limits};
  peer.handle(one);
  std::uint64_t sent = 0;
  std::uint64_t widest = 0;
  for (std::uint64_t sequence = 1; sequence <= 100; ++sequence) {
    REQUIRE(peer.take(RecordKind::message, one, sequence, 20'000));
    sent += 20'000;
    peer.inbox.run(peer.now);
    const Ack ack = peer.ack(one);
    widest = std::max(widest, ack.credit_bytes - sent);
    CHECK(ack.credit_messages - sequence <= 1'024);
    check_charged(peer);
  }
  CHECK(widest == 400'000);
  SECTION("where the pool is nearly empty it is not renewed") {
    REQUIRE(peer.node.in.shares.try_take(peer.node.in.shares.limit() * 9 / 10));
    for (std::uint64_t sequence = 101; sequence <= 130; ++sequence) {
      REQUIRE(peer.take(RecordKind::message, one, sequence, 20'000));
      sent += 20'000;
      peer.inbox.run(peer.now);
      peer.ack(one);
    }
    peer.inbox.repeat_all();
    CHECK(peer.ack(one).credit_bytes - sent <= initial);
    peer.node.in.shares.give_back(peer.node.in.shares.limit() * 9 / 10);
  }
}

TEST_CASE("inbox credit: a type's own share holds inbound, too") {
  LoneInbox peer;
  TypePolicy policy;
  policy.channel_bytes = 8'192;
  policy.channel_messages = 2;
  peer.registry.set_policy({one, "T"}, policy);
  peer.handle(one, true);
  for (std::uint64_t i = 1; i <= 64; ++i) {
    REQUIRE(peer.take(RecordKind::message, one, i, 1'024));
    peer.inbox.run(peer.now);
    peer.inbox.handler_ended(one, i, {}, peer.now);
  }
  const Ack ack = peer.ack(one);
  CHECK(ack.credit_messages == 64 + 2);
  CHECK(ack.credit_bytes == 64 * 1'024 + 8'192);
}

TEST_CASE("inbox credit: a new policy changes how many handlers run and how much may come, and takes nothing back") {
  LoneInbox peer;
  peer.handle(one, true);
  for (std::uint64_t i = 1; i <= 3; ++i) REQUIRE(peer.take(RecordKind::message, one, i));
  peer.inbox.run(peer.now);
  CHECK(peer.inbox.running() == 1);
  const std::uint64_t told = peer.ack(one).credit_bytes;
  TypePolicy policy;
  policy.concurrency = 2;
  policy.channel_bytes = 4'096;
  peer.registry.set_policy({one, "T"}, policy);
  peer.inbox.follow_policy(one);
  peer.inbox.run(peer.now);
  CHECK(peer.inbox.running() == 2);
  CHECK(peer.ack(one).credit_bytes == told);
  policy.concurrency = 1;
  peer.registry.set_policy({one, "T"}, policy);
  peer.inbox.follow_policy(one);
  peer.inbox.handler_ended(one, 1, {}, peer.now);
  CHECK(peer.inbox.running() == 1);  // those that run are not stopped, and no other is started
}

// ---- pieces

TEST_CASE(
    "inbox credit: a message in pieces is dropped when its TTL ends, and what is still under way of it is ignored") {
  LoneInbox peer;
  peer.handle(one);
  REQUIRE(peer.piece(1, 0, 1'000, 3'000));
  CHECK(peer.inbox.next_expiry() == peer.now + Duration{1'000'000});
  peer.now += Duration{1'000'000};
  peer.inbox.run(peer.now);
  CHECK(peer.inbox.next_expiry() == never);
  REQUIRE(peer.piece(1, 1'000, 1'000, 3'000));
  SECTION("its sender has given it up: the next message comes") {
    REQUIRE(peer.take(RecordKind::message, one, 2, 16, 9'000'000));
    peer.inbox.run(peer.now);
    CHECK(peer.handled == std::vector<std::uint64_t>{16});
    CHECK(peer.ack(one).verdicts == 2);
  }
  SECTION("its sender's clock is late: it comes whole, and has expired") {
    peer.now = instant_from_us(1'000'000);
    Record last;
    last.type = one;
    last.sequence = 1;
    last.offset = 2'000;
    last.total_bytes = 3'000;
    last.expires_at = 1'000'000;
    const BufferRef body = numbered(1, 1'000);
    last.payload = body.bytes();
    REQUIRE(peer.inbox.take(last, {body, LaneClass::ordinary, peer.now, Duration{1'000'000}, 0}, peer.problem));
    peer.inbox.run(peer.now);
    CHECK(peer.handled.empty());
    const Ack ack = peer.ack(one);
    REQUIRE(ack.exceptions.size() == 1);
    CHECK(ack.exceptions[0] == VerdictRange{1, 1, OutcomeKind::expired, Cause::on_arrival});
  }
  CHECK(peer.inbox.bytes_held() == 0);
}

TEST_CASE("inbox credit: pieces that were sent before their credit was given up may come after it, and are ignored") {
  constexpr std::uint32_t total = 2 * mib;
  LoneInbox peer;
  peer.handle(one);
  REQUIRE(peer.want(one, total));
  CHECK(peer.ack(one).credit_bytes == total);
  const bool begun = GENERATE(true, false);  // the first piece comes before the word that the rest never will
  CAPTURE(begun);
  if (begun) REQUIRE(peer.piece(1, 0, 65'536, total));
  REQUIRE(peer.want(one, total, total));
  CHECK(peer.peer_pool.reserve.used() == 0);
  CHECK(peer.inbox.next_expiry() == never);  // what has come of it is not kept without room
  if (!begun) REQUIRE(peer.piece(1, 0, 65'536, total));
  REQUIRE(peer.piece(1, 65'536, 65'536, total));
  CHECK(peer.inbox.next_expiry() == never);
  SECTION("the next message comes") {
    REQUIRE(peer.ack(one).credit_bytes == total + initial);
    REQUIRE(peer.take(RecordKind::message, one, 2));
    peer.inbox.run(peer.now);
    CHECK(peer.handled == std::vector<std::uint64_t>{16});
    CHECK(peer.ack(one).verdicts == 2);
  }
  SECTION("the next large message has room of its own") {
    REQUIRE(peer.want(one, 2 * total, total));
    send_large(peer, one, 2, total);
    peer.inbox.run(peer.now);
    CHECK(peer.handled == std::vector<std::uint64_t>{total});
  }
  SECTION("one that comes whole was not given up, and breaks the protocol") {
    for (std::uint32_t at = 131'072; at < total - 65'536; at += 65'536) REQUIRE(peer.piece(1, at, 65'536, total));
    CHECK_FALSE(peer.piece(1, total - 65'536, 65'536, total));
    CHECK(peer.problem.find("credit") != std::string::npos);
  }
  SECTION("one of more than was ever granted breaks it with its first piece") {
    CHECK_FALSE(peer.piece(2, 0, 65'536, total + 65'536 + 8));
    CHECK(peer.problem.find("credit") != std::string::npos);
  }
  CHECK(peer.inbox.bytes_held() == 0);
  check_charged(peer);
}

TEST_CASE("inbox credit: a message in pieces goes on when only credit beyond it is given up") {
  constexpr std::uint32_t total = 40'000;
  LoneInbox peer;
  peer.handle(one);
  REQUIRE(peer.piece(1, 0, 20'000, total));
  REQUIRE(peer.want(one, initial, initial - total));
  REQUIRE(peer.piece(1, 20'000, 20'000, total));
  peer.inbox.run(peer.now);
  CHECK(peer.handled == std::vector<std::uint64_t>{total});
}

// ---- replies

TEST_CASE("inbox credit: a request for whose answer there is no room is not taken, and says so") {
  LoneInbox peer;
  peer.handle(one, true);
  peer.host.reply_room_max = 100;  // for one
  REQUIRE(peer.take(RecordKind::request, one, 1));
  REQUIRE(peer.take(RecordKind::request, one, 2));
  peer.inbox.run(peer.now);
  CHECK(peer.inbox.running() == 1);
  const Ack ack = peer.ack(one);
  REQUIRE(ack.exceptions.size() == 1);
  CHECK(ack.exceptions[0] == VerdictRange{2, 1, OutcomeKind::overloaded, Cause::reply_room});
  CHECK(peer.host.reply_room == 64);
  SECTION("it goes with the answer") {
    HandlerEnd end;
    end.reply = {{two, "Answer"}, numbered(9)};
    peer.inbox.handler_ended(one, 1, end, peer.now);
    CHECK(peer.inbox.replies().at(0).room == 64);
    peer.host.release_reply(peer.inbox.replies().at(0).room);
    peer.inbox.replies().clear();
  }
  SECTION("it is free when nobody waits for the answer") {
    peer.inbox.nobody_waits();
    peer.inbox.handler_ended(one, 1, {}, peer.now);
  }
  SECTION("and when the session ends, with answers that had not left") {
    peer.inbox.handler_ended(one, 1, {}, peer.now);
    REQUIRE(peer.take(RecordKind::message, one, 3));
    peer.inbox.reset({});
  }
  CHECK(peer.host.reply_room == 0);
}

TEST_CASE("inbox credit: a plain message takes no room for an answer") {
  LoneInbox peer;
  peer.handle(one, true);
  peer.host.reply_room_max = 0;
  REQUIRE(peer.take(RecordKind::message, one, 1));
  peer.inbox.run(peer.now);
  CHECK(peer.inbox.running() == 1);
}

TEST_CASE("inbox credit: an answer in pieces borrows its room, and without it the caller hears that there was none") {
  LoneInbox peer{nullptr, LoneInbox::small, 128u << 10};
  constexpr std::uint32_t total = 100'000;
  SECTION("there is room") {
    REQUIRE(peer.piece(1, 0, 50'000, total, RecordKind::reply));
    CHECK(peer.peer_pool.reserve.used() == total);
    REQUIRE(peer.piece(1, 50'000, 50'000, total, RecordKind::reply));
    const auto answers = peer.answers();
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].bytes.payload.size() == total);
  }
  SECTION("there is none") {
    REQUIRE(peer.peer_pool.reserve.try_take(64u << 10));
    REQUIRE(peer.piece(1, 0, 50'000, total, RecordKind::reply));
    REQUIRE(peer.piece(1, 50'000, 50'000, total, RecordKind::reply));
    const auto answers = peer.answers();
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].type == TypeId::none);
    CHECK(answers[0].cause == Cause::reply_room);
    peer.peer_pool.reserve.give_back(64u << 10);
  }
  SECTION("the line breaks in the middle") {
    REQUIRE(peer.piece(1, 0, 50'000, total, RecordKind::reply));
    peer.inbox.lane_reopened(LaneClass::ordinary);
  }
  CHECK(peer.peer_pool.reserve.used() == 0);
  CHECK(peer.node.in.reserve.used() == 0);
}
