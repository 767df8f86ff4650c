// Connections that break, peers that die, stop and come back: what becomes of messages then.
#include "pair.hpp"

#include <algorithm>

using namespace hawser;
using namespace hawser::stories;

namespace {

// What one run of a node has heard.
struct Listener {
  std::vector<std::uint64_t> heard;
  void operator()(Node& node) {
    node.on<Note>([this](Note::Reader said) { heard.push_back(said.getNumber()); });
  }
  bool in_order_and_once() const {
    return std::adjacent_find(heard.begin(), heard.end(), std::greater_equal<>{}) == heard.end();
  }
};

// One message every millisecond, `count` in all.
void speak(Node& node, const NodeId& to, std::uint64_t count, Ends& ends, Duration ttl = 60s) {
  auto next = std::make_shared<std::uint64_t>(0);
  node.every(1ms, [&node, to, count, &ends, ttl, next] {
    node.peer(to).send(note(++*next), {.ttl = ttl}, ends.sink());
    return *next < count;
  });
}

}  // namespace

HAWSER_STORY("connections reset in mid-stream: everything is handled once, in order, and nothing is lost", resets) {
  constexpr std::uint64_t count = 1500;
  Listener one;
  Listener two;
  Ends ends;
  pair.begin({{"n1", std::ref(one)}, {"n2", std::ref(two)}});
  pair.meet();
  speak(pair.node("n1"), "n2", count, ends);
  speak(pair.node("n2"), "n1", count, ends);
  for (int i = 0; i < 4; ++i) {
    const std::size_t before = two.heard.size();
    REQUIRE(pair.run_until([&] { return two.heard.size() >= before + 200; }));
    pair.reset();
    pair.run_for(100ms);
  }
  REQUIRE(pair.run_until([&] { return ends.count() == 2 * count; }));
  CHECK(ends.delivered() == 2 * count);
  CHECK(one.heard.size() == count);
  CHECK(two.heard.size() == count);
  CHECK(one.in_order_and_once());
  CHECK(two.in_order_and_once());
  pair.rest();
}

HAWSER_STORY("a large message that a reset cuts in two is sent again, whole", reset_in_a_large_message) {
  std::vector<std::size_t> sizes;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Parcel>([&](Parcel::Reader got) { sizes.push_back(got.getBytes().size()); });
                           }}});
  pair.meet();
  Ends ends;
  for (int i = 0; i < 6; ++i) pair.node("n1").peer("n2").send(parcel((3u << 20) + i), {.ttl = 60s}, ends.sink());
  for (int i = 0; i < 3; ++i) {
    pair.run_for(4ms);
    pair.reset();
    pair.run_for(30ms);
  }
  REQUIRE(pair.run_until([&] { return ends.count() == 6; }));
  CHECK(ends.delivered() == 6);
  CHECK(sizes.size() == 6);
  CHECK(std::is_sorted(sizes.begin(), sizes.end()));
  pair.rest();
}

HAWSER_STORY("a jam shorter than the detector's patience loses nothing and accuses nobody", short_jam) {
  Listener two;
  Ends ends;
  pair.begin({{"n1", {}}, {"n2", std::ref(two)}});
  pair.meet();
  pair.run_for(1s);
  speak(pair.node("n1"), "n2", 500, ends);
  pair.run_for(100ms);
  pair.jam();
  pair.run_for(150ms);
  pair.heal();
  REQUIRE(pair.run_until([&] { return ends.count() == 500; }));
  CHECK(ends.delivered() == 500);
  CHECK(two.in_order_and_once());
  pair.rest();
}

HAWSER_STORY("a cut: both sides find the other unreachable, unsent messages end at once, and it heals by itself", cut) {
  Listener two;
  Ends ends;
  pair.begin({{"n1", {}}, {"n2", std::ref(two)}});
  pair.meet();
  speak(pair.node("n1"), "n2", 4000, ends, 3s);
  pair.run_for(200ms);
  pair.cut();
  REQUIRE(pair.run_until([&] {
    return pair.node("n1").peer("n2").health().state == PeerState::unreachable &&
           pair.node("n2").peer("n1").health().state == PeerState::unreachable;
  }));
  CHECK(pair.node("n1").peer("n2").health().reason.cause == "silent");
  CHECK(same(send(pair, "n1", "n2", note(0)), ended(OutcomeKind::unreachable, Cause::silent)));
  pair.heal();
  pair.meet();
  REQUIRE(pair.run_until([&] { return ends.count() == 4000; }));
  CHECK(ends.count(OutcomeKind::unreachable, Cause::silent) > 0);
  CHECK(two.in_order_and_once());
  // Handled are those that were delivered, and some of which it is unknown.
  const std::size_t unknown = static_cast<std::size_t>(std::count_if(
      ends.all.begin(), ends.all.end(), [](const Outcome& each) { return each == OutcomeKind::unknown; }));
  CHECK(two.heard.size() >= ends.delivered());
  CHECK(two.heard.size() <= ends.delivered() + unknown);
  REQUIRE(pair.run_until([&] { return pair.node("n1").peer("n2").health().breaker.state == "closed"; }));
  CHECK(send(pair, "n1", "n2", note(9999)).delivered());
  pair.rest();
}

HAWSER_STORY("a peer restarts: no message crosses to the new incarnation, and new ones reach it", restart) {
  std::vector<Listener> runs(2);
  std::size_t run = 0;
  std::vector<Incarnation> incarnations;
  Ends sent;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             incarnations.push_back(node.incarnation());
                             // Never done, so that the second message is taken and waits there.
                             node.on<Question>([&](Received<Question>) -> Task<> { co_await node.sleep(1h); });
                             runs.at(run++)(node);
                           }}});
  pair.meet();
  CHECK(send(pair, "n1", "n2", note(1)).delivered());
  CHECK(send(pair, "n1", "n2", question(1)).delivered());
  Ends waiting;
  Ends unsent;
  Peer peer = pair.node("n1").peer("n2");
  peer.send(question(2), {.ttl = 60s}, waiting.sink());
  pair.run_for(100ms);
  CHECK(waiting.count() == 0);
  pair.crash("n2");
  // It is not known yet that the peer is gone for good: these wait, unsent.
  REQUIRE(pair.run_until([&] {
    const NodeSnapshot now = pair.node("n1").snapshot();
    return std::all_of(now.peers.begin(), now.peers.end(), [](const PeerSnapshot& each) {
      return each.health.id == NodeId{"n1"} || each.lanes[1].state != LaneState::open;
    });
  }));
  if (peer.health().state != PeerState::unreachable) {
    for (std::uint64_t i = 10; i < 13; ++i) peer.send(note(i), {.ttl = 60s}, unsent.sink());
  }
  const std::size_t expected = pair.node("n1").snapshot().ledger.submitted.messages - 3;
  pair.start("n2");
  pair.meet();
  REQUIRE(pair.run_until([&] { return waiting.count() == 1 && unsent.count() == expected; }));
  CHECK(waiting.count(OutcomeKind::unknown, Cause::peer_restarted) == 1);
  for (const Outcome& each : unsent.all) CHECK(each == OutcomeKind::unreachable);
  REQUIRE(incarnations.size() == 2);
  CHECK(incarnations[0] < incarnations[1]);
  CHECK(pair.node("n1").peer("n2").health().incarnation == incarnations[1]);
  CHECK(send(pair, "n1", "n2", note(20)).delivered());
  CHECK(runs[0].heard == std::vector<std::uint64_t>{1});
  CHECK(runs[1].heard == std::vector<std::uint64_t>{20});
  pair.rest();
}

HAWSER_STORY("what the new incarnation itself sends in its first moments reaches a peer that has not restarted",
             first_words_after_restart) {
  Listener one;
  Ends ends;
  std::uint64_t said = 0;
  pair.begin({{"n1", std::ref(one)}, {"n2", [&](Node& node) {
                                        for (int i = 0; i < 5; ++i) {
                                          node.peer("n1").send(note(++said), {.ttl = 60s}, ends.sink());
                                        }
                                      }}});
  REQUIRE(pair.run_until([&] { return ends.count() == 5; }));
  for (std::size_t i = 2; i <= 6; ++i) {
    pair.crash("n2");
    pair.run_for(Duration{static_cast<std::int64_t>(i) * 30'000});
    pair.start("n2");
    REQUIRE(pair.run_until([&] { return ends.count() == 5 * i; }));
  }
  for (const Outcome& each : ends.all) CHECK(same(each, ended(OutcomeKind::delivered)));
  CHECK(one.heard.size() == 30);
  CHECK(one.in_order_and_once());
  pair.rest();
}

HAWSER_STORY("a peer that stops says so, and is found again when it is back", graceful_stop) {
  Listener two;
  pair.begin({{"n1", {}}, {"n2", std::ref(two)}});
  pair.meet();
  CHECK(send(pair, "n1", "n2", note(1)).delivered());
  std::string first_cause;
  pair.node("n1").on_peer([&](const PeerHealth& health) {
    if (health.state == PeerState::unreachable && first_cause.empty()) first_cause = health.reason.cause;
  });
  pair.stop("n2");
  REQUIRE(pair.run_until([&] { return pair.node("n1").peer("n2").health().state == PeerState::unreachable; }, 1s));
  CHECK(first_cause == "peer_stopped");
  CHECK(saw_event(pair, "n1", "session", "peer_stopped"));
  const Outcome stopped = ended(OutcomeKind::unreachable, Cause::peer_stopped);
  CHECK(same(send(pair, "n1", "n2", note(2)), stopped));
  pair.run_for(2s);  // it is dialled again and again meanwhile, and refused
  CHECK(same(send(pair, "n1", "n2", note(3)), stopped));
  pair.start("n2");
  pair.meet();
  REQUIRE(send_at_last(pair, "n1", "n2", note(4)));
  CHECK(two.in_order_and_once());
  pair.rest();
}

HAWSER_STORY("a node that stops refuses new messages, lets the held ones end, and ends the rest", drain) {
  int handled = 0;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Note>([&](Received<Note>) -> Task<> {
                               co_await node.sleep(20ms);
                               ++handled;
                             });
                             node.on<Question>([&](Received<Question>, const Delivery& from) -> Task<Message<Answer>> {
                               while (!from.cancelled()) co_await node.sleep(20ms);
                               co_return answer(0);
                             });
                           }}});
  pair.meet();
  Ends drained;
  Ends never_ends;
  Ends late;
  bool stopped = false;
  Node& node = pair.node("n1");
  for (std::uint64_t i = 0; i < 10; ++i) node.peer("n2").send(note(i), {}, drained.sink());
  node.peer("n2").request<Answer>(question(1), {.timeout = 60s},
                                  [&](Result<Received<Answer>> result) { never_ends.sink()(result.outcome()); });
  pair.run_for(50ms);
  node.stop(700ms, [&] { stopped = true; });
  node.peer("n2").send(note(11), {}, late.sink());
  REQUIRE(pair.run_until([&] { return stopped; }));
  CHECK(node.stopped());
  CHECK(late.count(OutcomeKind::closed, Cause::stopping) == 1);
  CHECK(drained.delivered() == 10);
  CHECK(never_ends.count(OutcomeKind::unknown, Cause::stopping) == 1);
  CHECK(node.snapshot().ledger.balanced());
  CHECK(node.snapshot().ledger.held == LedgerCount{});
  CHECK(same(node.peer("n2").try_post(note(12)), ended(OutcomeKind::closed, Cause::stopping)));
  bool again = false;
  node.stop(1s, [&] { again = true; });
  REQUIRE(pair.run_until([&] { return again; }));
  REQUIRE(pair.run_until([&] { return saw_event(pair, "n2", "session", "peer_stopped"); }));
  pair.rest();
}
