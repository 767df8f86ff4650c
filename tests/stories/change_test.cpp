// What becomes of messages when things change: every cell of the table in docs/delivery.md, unsent and sent.
#include "pair.hpp"

#include <algorithm>
#include <map>

using namespace hawser;
using namespace hawser::stories;

namespace {

// How often each number was handled, over all runs of a node.
using Heard = std::map<std::uint64_t, int>;

struct Sizes {
  std::map<std::size_t, int> seen;
  void operator()(Node& node) {
    node.on<Parcel>([this](Parcel::Reader got) { ++seen[got.getBytes().size()]; });
    node.on<Other>([this](Other::Reader got) { ++seen[got.getText().size()]; });
  }
};

TypePolicy holding() {
  TypePolicy policy;
  policy.hold = Hold::until_ttl;
  return policy;
}

Message<Other> other(std::size_t bytes) {
  Message<Other> result;
  result->setText(std::string(bytes, 'x'));
  return result;
}

const ChannelSnapshot* channel_of(const NodeSnapshot& node, const NodeId& peer, const std::string& type) {
  for (const PeerSnapshot& each : node.peers) {
    if (each.health.id != peer) continue;
    for (const ChannelSnapshot& channel : each.channels) {
      if (channel.name.find(type) != std::string::npos) return &channel;
    }
  }
  return nullptr;
}

// Fills the lane behind a jam, so that some parcels have left and some have not, each of another size.
void half_sent(Pair& pair, Ends& plain, Ends& held, Duration ttl) {
  REQUIRE(send(pair, "n1", "n2", parcel(1)).delivered());  // the lane is open
  pair.jam();
  for (std::size_t i = 0; i < 12; ++i) pair.node("n1").peer("n2").send(parcel(50'000 + i), {.ttl = ttl}, plain.sink());
  for (std::size_t i = 0; i < 4; ++i) pair.node("n1").peer("n2").send(other(60'000 + i), {.ttl = ttl}, held.sink());
  pair.run_for(50ms);
  const NodeSnapshot now = pair.node("n1").snapshot();
  const ChannelSnapshot* parcels = channel_of(now, "n2", "Parcel");
  REQUIRE(parcels != nullptr);
  CHECK(parcels->sent_messages > 0);
  CHECK(parcels->queued_messages > 0);
}

bool unreachable(Pair& pair) { return pair.node("n1").peer("n2").health().state == PeerState::unreachable; }

}  // namespace

HAWSER_STORY("connection lost: what has not left is kept, what has is kept and sent again", cell_connection_lost) {
  Sizes two;
  Ends plain;
  Ends held;
  pair.begin({{"n1", [](Node& node) { node.policy<Other>(holding()); }}, {"n2", std::ref(two)}});
  pair.meet();
  half_sent(pair, plain, held, 60s);
  pair.reset();
  pair.heal();
  REQUIRE(pair.run_until([&] { return plain.count() == 12 && held.count() == 4; }));
  CHECK(plain.delivered() == 12);
  CHECK(held.delivered() == 4);
  CHECK(two.seen.size() == 17);
  for (const auto& [size, times] : two.seen) CHECK(times == 1);
  pair.rest();
}

HAWSER_STORY("peer unreachable: what has not left ends at once, or waits where it holds; what has left waits",
             cell_unreachable) {
  Sizes two;
  Ends plain;
  Ends held;
  pair.begin({{"n1", [](Node& node) { node.policy<Other>(holding()); }}, {"n2", std::ref(two)}});
  pair.meet();
  half_sent(pair, plain, held, 60s);
  pair.cut();
  REQUIRE(pair.run_until([&] { return unreachable(pair); }));
  pair.run_for(50ms);
  const std::size_t ended_now = plain.count();
  CHECK(ended_now > 0);
  CHECK(plain.count(OutcomeKind::unreachable, Cause::silent) == ended_now);
  CHECK(ended_now < 12);
  CHECK(held.count() == 0);
  pair.run_for(2s);
  CHECK(plain.count() == ended_now);
  pair.heal();
  REQUIRE(pair.run_until([&] { return plain.count() == 12 && held.count() == 4; }));
  CHECK(plain.delivered() == 12 - ended_now);
  CHECK(held.delivered() == 4);
  CHECK(two.seen.size() == 17 - ended_now);
  for (const auto& [size, times] : two.seen) CHECK(times == 1);
  pair.rest();
}

HAWSER_STORY("peer unreachable beyond the TTL: what has left is unknown, what is held has expired", cell_ttl_ends) {
  Sizes two;
  Ends plain;
  Ends held;
  pair.begin({{"n1", [](Node& node) { node.policy<Other>(holding()); }}, {"n2", std::ref(two)}});
  pair.meet();
  half_sent(pair, plain, held, 4s);
  pair.cut();
  REQUIRE(pair.run_until([&] { return plain.count() == 12 && held.count() == 4; }));
  CHECK(unreachable(pair));
  CHECK(plain.count(OutcomeKind::unknown, Cause::verdict_lost) > 0);
  CHECK(plain.count(OutcomeKind::unknown, Cause::verdict_lost) + plain.count(OutcomeKind::unreachable, Cause::silent) ==
        12);
  CHECK(held.count(OutcomeKind::expired, Cause::in_queue) + held.count(OutcomeKind::unknown, Cause::verdict_lost) == 4);
  CHECK(held.count(OutcomeKind::expired, Cause::in_queue) > 0);
  pair.heal();
  pair.meet();
  pair.rest();
}

HAWSER_STORY("a breaker opens: what has not left ends at once, what has left goes on", cell_breaker) {
  int handled = 0;
  pair.begin({{"n1", {}, [](Config& config) { config.breaker.consecutive_failures = 3; }},
              {"n2", [&](Node& node) { node.on<Parcel>([&](Parcel::Reader) { ++handled; }); }}});
  pair.meet();
  CHECK(send(pair, "n1", "n2", parcel(1)).delivered());
  Ends failing;
  Ends sent;
  Ends unsent;
  pair.jam();
  Peer peer = pair.node("n1").peer("n2");
  const auto told = [&](Result<Received<Answer>> result) { failing.all.push_back(result.outcome()); };
  peer.send(parcel(100), {.ttl = 60s}, sent.sink());
  for (int i = 0; i < 3; ++i) peer.request<Answer>(parcel(1), {.timeout = 100ms + i * 20ms}, told);
  for (int i = 0; i < 12; ++i) peer.send(parcel(60'000), {.ttl = 60s}, unsent.sink());
  REQUIRE(pair.run_until([&] { return failing.count() == 3; }, 1s));
  CHECK(failing.count(OutcomeKind::unknown, Cause::deadline) == 3);
  pair.run_for(5ms);
  const std::size_t ended_now = unsent.count();
  CHECK(ended_now > 0);
  CHECK(unsent.count(OutcomeKind::circuit_open, Cause::channel_breaker) == ended_now);
  CHECK(same(ended(peer.try_post(parcel(1)).kind), ended(OutcomeKind::circuit_open)));
  CHECK(sent.count() == 0);
  pair.heal();
  REQUIRE(pair.run_until([&] { return sent.count() == 1 && unsent.count() == 12; }));
  CHECK(sent.delivered() == 1);
  CHECK(unsent.delivered() == 12 - ended_now);
  pair.rest();
}

HAWSER_STORY("peer restarted: what has not left is unreachable even where it holds, what has left is unknown",
             cell_restarted) {
  std::vector<Sizes> runs(2);
  std::size_t run = 0;
  Ends plain;
  Ends held;
  pair.begin(
      {{"n1", [](Node& node) { node.policy<Other>(holding()); }}, {"n2", [&](Node& node) { runs.at(run++)(node); }}});
  pair.meet();
  half_sent(pair, plain, held, 60s);
  pair.cut();
  REQUIRE(pair.run_until([&] { return unreachable(pair); }));
  pair.crash("n2");
  pair.heal();
  pair.start("n2");
  REQUIRE(pair.run_until([&] { return plain.count() == 12 && held.count() == 4; }));
  CHECK(plain.count(OutcomeKind::unknown, Cause::peer_restarted) > 0);
  CHECK(plain.count(OutcomeKind::unknown, Cause::peer_restarted) +
            plain.count(OutcomeKind::unreachable, Cause::silent) ==
        12);
  CHECK(held.count(OutcomeKind::unreachable, Cause::peer_restarted) > 0);
  CHECK(held.count(OutcomeKind::unreachable, Cause::peer_restarted) +
            held.count(OutcomeKind::unknown, Cause::peer_restarted) ==
        4);
  pair.meet();
  CHECK(runs[1].seen.empty());
  pair.rest();
}

HAWSER_STORY("peer stopped: what it did not take was not handled, what it took and could not finish is unknown",
             cell_stopped) {
  int begun = 0;
  pair.begin({{"n1", {}},
              {"n2",
               [&](Node& node) {
                 node.on<Question>([&](Received<Question>, const Delivery& from) -> Task<Message<Answer>> {
                   ++begun;
                   while (!from.cancelled()) co_await node.sleep(10ms);
                   co_return answer(1);
                 });
               },
               [](Config& config) { config.drain = 300ms; }}});
  pair.meet();
  Ends ends;
  const auto told = [&](Result<Received<Answer>> result) { ends.all.push_back(result.outcome()); };
  for (std::uint64_t i = 0; i < 5; ++i) {
    pair.node("n1").peer("n2").request<Answer>(question(i), {.timeout = 60s}, told);
  }
  REQUIRE(pair.run_until([&] { return begun == 1; }));
  pair.run_for(50ms);
  pair.stop("n2");
  REQUIRE(pair.run_until([&] { return ends.count() == 5; }, 1s));
  CHECK(begun == 1);
  CHECK(ends.count(OutcomeKind::unknown, Cause::peer_stopped) == 1);
  CHECK(ends.count(OutcomeKind::unreachable, Cause::peer_stopped) == 4);
  pair.rest();
}

HAWSER_STORY("after a goodbye, what holds waits for whoever comes next, and it leaves as soon as that one is there",
             cell_after_goodbye) {
  std::vector<Sizes> runs(2);
  std::size_t run = 0;
  Ends held;
  pair.begin(
      {{"n1", [](Node& node) { node.policy<Other>(holding()); }}, {"n2", [&](Node& node) { runs.at(run++)(node); }}});
  pair.meet();
  CHECK(send(pair, "n1", "n2", other(1)).delivered());
  pair.stop("n2");
  for (std::size_t i = 2; i < 5; ++i) pair.node("n1").peer("n2").send(other(i), {.ttl = 60s}, held.sink());
  pair.run_for(3s);
  CHECK(held.count() == 0);
  pair.start("n2");
  REQUIRE(pair.run_until([&] { return held.count() == 3; }, 3s));
  CHECK(held.delivered() == 3);
  CHECK(runs[0].seen.size() == 1);
  CHECK(runs[1].seen.size() == 3);
  pair.rest();
}

HAWSER_STORY("a node that stops answers what it has begun, and its peers hear every verdict before its goodbye",
             answers_before_goodbye) {
  int handled = 0;
  int begun = 0;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             TypePolicy many;
                             many.concurrency = 8;
                             node.policy<Question>(many);
                             node.on<Note>([&](Note::Reader) { ++handled; });
                             node.on<Question>([&](Received<Question> asked) -> Task<Message<Answer>> {
                               ++begun;
                               co_await node.sleep(200ms);
                               co_return answer(asked->getNumber());
                             });
                           }}});
  pair.meet();
  Ends answers;
  Ends notes;
  for (std::uint64_t i = 0; i < 8; ++i) {
    pair.node("n1").peer("n2").request<Answer>(question(i), {.timeout = 60s}, [&](Result<Received<Answer>> result) {
      answers.all.push_back(result.outcome());
    });
  }
  std::uint64_t said = 0;
  pair.node("n1").every(1ms, [&] {
    pair.node("n1").peer("n2").send(note(said), {.ttl = 60s}, notes.sink());
    return ++said < 1000;
  });
  REQUIRE(pair.run_until([&] { return begun == 8 && handled > 0; }));
  pair.stop("n2");
  REQUIRE(pair.run_until([&] { return said == 1000 && notes.count() == 1000 && answers.count() == 8; }));
  CHECK(answers.delivered() == 8);
  // Every one either was handled and says so, or was not and says so.
  CHECK(notes.delivered() == static_cast<std::size_t>(handled));
  CHECK(notes.delivered() + notes.count(OutcomeKind::unreachable, Cause::peer_stopped) == 1000);
  pair.rest();
}
