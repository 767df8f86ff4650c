// Bounds in size, number and time.
#include "pair.hpp"

#include <algorithm>

using namespace hawser;
using namespace hawser::stories;

HAWSER_STORY("one byte too many is too large, and nothing smaller suffers", too_large) {
  pair.begin({{"n1", {}, [](Config& config) { config.bounds.message_bytes_max = 1u << 20; }},
              {"n2", [](Node& node) { node.on<Parcel>([](Parcel::Reader) {}); },
               [](Config& config) { config.bounds.message_bytes_max = 1u << 20; }}});
  pair.meet();
  // Segment table, root pointer and list pointer are 32 bytes.
  CHECK(send(pair, "n1", "n2", parcel((1u << 20) - 64)).delivered());
  CHECK(same(send(pair, "n1", "n2", parcel((1u << 20) + 8)), ended(OutcomeKind::too_large)));
  CHECK(same(pair.node("n1").peer("n2").try_post(parcel(2u << 20)), ended(OutcomeKind::too_large)));
  CHECK(same(ask<Answer>(pair, "n1", "n2", parcel(2u << 20)).outcome(), ended(OutcomeKind::too_large)));
  pair.rest();
}

HAWSER_STORY("a reply that is too large ends the request, and the next one is answered", reply_too_large) {
  pair.begin(
      {{"n1", {}, [](Config& config) { config.bounds.message_bytes_max = 1u << 20; }},
       {"n2", [](Node& node) { node.on<Question>([](Question::Reader asked) { return parcel(asked.getNumber()); }); },
        [](Config& config) { config.bounds.message_bytes_max = 1u << 20; }}});
  pair.meet();
  CHECK_FALSE(ask<Parcel>(pair, "n1", "n2", question(2u << 20), {.timeout = 1s}).ok());
  auto fine = ask<Parcel>(pair, "n1", "n2", question(500'000));
  REQUIRE(fine.ok());
  CHECK((*fine)->getBytes().size() == 500'000);
  pair.rest();
}

HAWSER_STORY("three megabytes travel in pieces, ordinary and bulk, and arrive whole", large_messages) {
  std::size_t seen = 0;
  bool whole = true;
  const auto take = [&](auto reader) {
    ++seen;
    const auto bytes = reader.getBytes();
    whole = whole && bytes.size() == 3u << 20;
    for (std::size_t i = 0; i < bytes.size() && whole; i += 997) {
      whole = bytes[i] == static_cast<capnp::byte>(7 + i % 251);
    }
  };
  pair.begin({{"n1",
               [](Node& node) {
                 TypePolicy bulk;
                 bulk.lane = LaneClass::bulk;
                 node.policy<Parcel>(bulk);
               }},
              {"n2", [&](Node& node) {
                 node.on<Parcel>([&](Parcel::Reader got) { take(got); });
                 node.on<Note>([](Note::Reader) {});
                 TypePolicy ordinary;
                 node.policy<Parcel>(ordinary);
               }}});
  pair.node("n1").on<Parcel>([&](Parcel::Reader got) { take(got); });
  pair.meet();
  Ends ends;
  for (int i = 0; i < 3; ++i) pair.node("n1").peer("n2").send(parcel(3u << 20), {}, ends.sink());
  for (int i = 0; i < 2; ++i) pair.node("n2").peer("n1").send(parcel(3u << 20), {}, ends.sink());
  CHECK(send(pair, "n1", "n2", note(1)).delivered());
  REQUIRE(pair.run_until([&] { return ends.count() == 5; }));
  CHECK(ends.delivered() == 5);
  CHECK(seen == 5);
  CHECK(whole);
  const NodeSnapshot snapshot = pair.node("n1").snapshot();
  const auto lane = [&](LaneClass which) {
    return snapshot.peers[snapshot.peers[0].health.id == NodeId{"n1"} ? 1 : 0]
        .lanes[static_cast<std::size_t>(which)]
        .state;
  };
  CHECK(lane(LaneClass::bulk) == LaneState::open);
  pair.rest();
}

HAWSER_STORY("while a peer was never there, messages wait for it within their time", wait_for_a_peer) {
  Ends patient;
  Ends hasty;
  int heard = 0;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) { node.on<Note>([&](Note::Reader) { ++heard; }); }, {}, true}});
  pair.node("n1").peer("n2").send(note(1), {.ttl = 300ms}, hasty.sink());
  pair.node("n1").peer("n2").send(note(2), {.ttl = 60s}, patient.sink());
  REQUIRE(pair.run_until([&] { return hasty.count() == 1; }));
  CHECK(hasty.count(OutcomeKind::expired, Cause::in_queue) == 1);
  pair.start("n2");
  REQUIRE(pair.run_until([&] { return patient.count() == 1; }));
  CHECK(patient.delivered() == 1);
  CHECK(heard == 1);
  pair.rest();
}

HAWSER_STORY("a peer that never comes is unreachable after the hold, except for those that wait until their time ends",
             never_heard) {
  Ends ends;
  Ends holding;
  pair.begin({{"n1",
               [](Node& node) {
                 TypePolicy policy;
                 policy.hold = Hold::until_ttl;
                 node.policy<Other>(policy);
               }},
              {"n2", {}, {}, true}});
  pair.node("n1").peer("n2").send(note(1), {.ttl = 60s}, ends.sink());
  pair.node("n1").peer("n2").send(Message<Other>{}, {.ttl = 5s}, holding.sink());
  REQUIRE(pair.run_until([&] { return ends.count() == 1; }));
  CHECK(ends.all[0] == OutcomeKind::unreachable);
  // From then on it fails fast, and says when we look again.
  const Outcome now = pair.node("n1").peer("n2").try_post(note(2));
  CHECK(now == OutcomeKind::unreachable);
  CHECK(holding.count() == 0);
  REQUIRE(pair.run_until([&] { return holding.count() == 1; }));
  CHECK(holding.count(OutcomeKind::expired, Cause::in_queue) == 1);
  pair.rest();
}

HAWSER_STORY("the queue has a bound in messages, and says at once that it is full", queue_full) {
  Ends ends;
  pair.begin({{"n1", {}, [](Config& config) { config.bounds.channel_messages = 10; }},
              {"n2", [](Node& node) { node.on<Note>([](Note::Reader) {}); }, {}, true}});
  int taken = 0;
  for (std::uint64_t i = 0; i < 10; ++i) taken += pair.node("n1").peer("n2").try_post(note(i)).delivered() ? 1 : 0;
  CHECK(taken == 10);
  CHECK(same(pair.node("n1").peer("n2").try_post(note(11)), ended(OutcomeKind::queue_full, Cause::channel_messages)));
  CHECK(same(send(pair, "n1", "n2", note(12)), ended(OutcomeKind::queue_full, Cause::channel_messages)));
  // Another type has its own room.
  CHECK(pair.node("n1").peer("n2").try_post(question(1)).delivered());
  CHECK(pair.node("n1").snapshot().ledger.held.messages == 11);
  pair.start("n2");
  pair.rest();
  CHECK(pair.node("n1").snapshot().ledger[OutcomeKind::delivered].messages == 10);
}

HAWSER_STORY("the queue has a bound in bytes, and borrows only from the reserve of a peer that is there",
             queue_full_of_bytes) {
  pair.begin({{"n1", {}, [](Config& config) { config.bounds.channel_bytes = 64u << 10; }},
              {"n2", [](Node& node) { node.on<Parcel>([](Parcel::Reader) {}); }, {}, true}});
  const Peer peer = pair.node("n1").peer("n2");
  CHECK(peer.try_post(parcel(40'000)).delivered());
  CHECK(same(peer.try_post(parcel(40'000)), ended(OutcomeKind::queue_full, Cause::channel_bytes)));
  pair.start("n2");
  pair.meet();
  pair.rest();
  CHECK(pair.node("n1").peer("n2").try_post(parcel(40'000)).delivered());
  CHECK(pair.node("n1").peer("n2").try_post(parcel(40'000)).delivered());
  pair.rest();
}

HAWSER_STORY("overflow: drop the oldest, keep the latest of a key, wait for room", overflow) {
  std::vector<std::uint64_t> notes;
  std::vector<std::uint64_t> questions;
  std::vector<std::size_t> parcels;
  const auto policy = [](Overflow overflow) {
    TypePolicy result;
    result.channel_messages = 3;
    result.overflow = overflow;
    return result;
  };
  pair.begin({{"n1",
               [&](Node& node) {
                 node.policy<Note>(policy(Overflow::drop_oldest));
                 node.policy<Question>(policy(Overflow::keep_latest));
                 node.policy<Parcel>(policy(Overflow::wait));
               }},
              {"n2",
               [&](Node& node) {
                 node.on<Note>([&](Note::Reader got) { notes.push_back(got.getNumber()); });
                 node.on<Question>([&](Question::Reader got) { questions.push_back(got.getNumber()); });
                 node.on<Parcel>([&](Parcel::Reader got) { parcels.push_back(got.getBytes().size()); });
               },
               {},
               true}});
  Ends dropped;
  Ends replaced;
  Ends waited;
  Peer peer = pair.node("n1").peer("n2");
  for (std::uint64_t i = 1; i <= 5; ++i) peer.send(note(i), {}, dropped.sink());
  for (std::uint64_t i = 1; i <= 5; ++i)
    peer.send(question(i), {.key = std::min<std::uint64_t>(i, 3)}, replaced.sink());
  for (std::size_t i = 1; i <= 5; ++i) peer.send(parcel(i), {}, waited.sink());
  pair.run_for(50ms);
  CHECK(dropped.count(OutcomeKind::queue_full, Cause::dropped_oldest) == 2);
  CHECK(replaced.count(OutcomeKind::queue_full, Cause::superseded) == 2);
  CHECK(waited.count() == 0);
  pair.start("n2");
  REQUIRE(pair.run_until([&] { return dropped.count() == 5 && replaced.count() == 5 && waited.count() == 5; }));
  CHECK(notes == std::vector<std::uint64_t>{3, 4, 5});
  CHECK(questions == std::vector<std::uint64_t>{1, 2, 5});
  CHECK(parcels == std::vector<std::size_t>{1, 2, 3, 4, 5});
  pair.rest();
}

HAWSER_STORY("a message that comes too late for its handler expires there, and the books say where", expire_there) {
  std::vector<std::uint64_t> heard;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Note>([&](Received<Note> got) -> Task<> {
                               heard.push_back(got->getNumber());
                               co_await node.sleep(600ms);
                             });
                           }}});
  pair.meet();
  Ends ends;
  Ends late;
  pair.node("n1").peer("n2").send(note(1), {.ttl = 20s}, ends.sink());
  pair.node("n1").peer("n2").send(note(2), {.ttl = 200ms}, late.sink());
  pair.node("n1").peer("n2").send(note(3), {.ttl = 20s}, ends.sink());
  REQUIRE(pair.run_until([&] { return ends.count() == 2 && late.count() == 1; }));
  CHECK(ends.delivered() == 2);
  CHECK(late.count(OutcomeKind::expired, Cause::in_inbox) == 1);
  CHECK(heard == std::vector<std::uint64_t>{1, 3});
  pair.rest();
}

HAWSER_STORY("a request past its deadline is unknown, and the work it asked for is cancelled", deadline) {
  bool cancelled = false;
  bool ended_work = false;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Question>([&](Received<Question>, const Delivery& from) -> Task<Message<Answer>> {
                               const Delivery mine = from;
                               co_await node.sleep(700ms);
                               cancelled = mine.cancelled();
                               ended_work = true;
                               co_return answer(1);
                             });
                           }}});
  pair.meet();
  CHECK(same(ask<Answer>(pair, "n1", "n2", question(1), {.timeout = 200ms}).outcome(),
             ended(OutcomeKind::unknown, Cause::deadline)));
  REQUIRE(pair.run_until([&] { return ended_work; }));
  CHECK(cancelled);
  pair.rest();
}
