// Peers that come and go while a node runs, and strangers who are turned away.
#include "pair.hpp"

#include <algorithm>

using namespace hawser;
using namespace hawser::stories;

namespace {

void hears_notes(Node& node) {
  node.on<Note>([](Note::Reader) {});
}

std::string why(Pair& pair, const std::string& at, const std::string& of) {
  return pair.node(at).peer(of).health().reason.detail;
}

bool mentions(const std::string& text, const std::string& word) { return text.find(word) != std::string::npos; }

}  // namespace

HAWSER_STORY("a peer is added while both run, spoken to, and removed again", add_and_remove) {
  pair.begin({{"n1", hears_notes, [](Config& config) { config.peers.clear(); }},
              {"n2", hears_notes, [](Config& config) { config.peers.clear(); }}});
  pair.run_for(200ms);
  Node& one = pair.node("n1");
  Node& two = pair.node("n2");
  CHECK(same(send(pair, "n1", "n2", note(1)), ended(OutcomeKind::unreachable, Cause::unknown_peer)));
  CHECK(one.add_peer({"n2", pair.address("n1", "n2")}));
  CHECK_FALSE(one.add_peer({"n2", pair.address("n1", "n2")}));
  CHECK_FALSE(one.add_peer({"n1", pair.address("n1", "n2")}));
  CHECK(two.add_peer({"n1", pair.address("n2", "n1")}));
  pair.meet();
  CHECK(send(pair, "n1", "n2", note(2)).delivered());
  const Peer kept = one.peer("n2");
  CHECK(one.remove_peer("n2"));
  CHECK_FALSE(one.remove_peer("n2"));
  CHECK_FALSE(one.remove_peer("n1"));
  CHECK(one.peers().empty());
  CHECK(same(send(pair, "n1", "n2", note(3)), ended(OutcomeKind::unreachable, Cause::unknown_peer)));
  CHECK(same(kept.try_post(note(4)), ended(OutcomeKind::unreachable, Cause::peer_removed)));
  // The other side is told why.
  REQUIRE(pair.run_until([&] { return pair.node("n2").peer("n1").health().state == PeerState::unreachable; }));
  REQUIRE(pair.run_until([&] { return mentions(why(pair, "n2", "n1"), "n2 is not a configured peer of n1"); }));
  // And comes back when it may.
  CHECK(one.add_peer({"n2", pair.address("n1", "n2")}));
  pair.meet();
  REQUIRE(send_at_last(pair, "n2", "n1", note(5)));
  CHECK(send(pair, "n1", "n2", note(6)).delivered());
  CHECK(one.snapshot().ledger.balanced());
  pair.rest();
}

HAWSER_STORY("what is held for a peer when it is removed ends, and says why", remove_with_messages) {
  bool enough = false;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Question>([&](Received<Question>) -> Task<> {
                               while (!enough) co_await node.sleep(20ms);
                             });
                           }}});
  pair.meet();
  Ends ends;
  Node& node = pair.node("n1");
  CHECK(send(pair, "n1", "n2", question(0)).delivered());
  node.peer("n2").send(question(1), {.ttl = 60s}, ends.sink());
  pair.run_for(100ms);
  node.peer("n2").send(note(1), {.ttl = 60s}, ends.sink());
  CHECK(node.remove_peer("n2"));
  REQUIRE(pair.run_until([&] { return ends.count() == 2; }));
  CHECK(ends.count(OutcomeKind::unknown, Cause::peer_removed) == 1);
  CHECK(ends.count(OutcomeKind::unreachable, Cause::peer_removed) == 1);
  enough = true;
  pair.rest();
}

HAWSER_STORY("a handler may remove the peer whose messages are being read: no more of them is handled",
             remove_while_reading) {
  int handled = 0;
  pair.begin({{"n1", {}}, {"n2", [&](Node& node) {
                             node.on<Note>([&](Note::Reader) {
                               if (++handled == 1) node.remove_peer("n1");
                             });
                           }}});
  pair.meet();
  Ends ends;
  for (std::uint32_t i = 0; i < 20; ++i) pair.node("n1").peer("n2").send(note(i), {.ttl = 5s}, ends.sink());
  REQUIRE(pair.run_until([&] { return ends.count() == 20; }));
  CHECK(handled == 1);
  CHECK(ends.delivered() <= 1);
  pair.rest();
}

HAWSER_STORY("a wrong address is corrected while the node runs, and messages that waited arrive", new_address) {
  pair.begin(
      {{"n1", hears_notes, [&](Config& config) { config.peers[0].endpoint = pair.nowhere(); }}, {"n2", hears_notes}});
  Ends ends;
  pair.node("n1").peer("n2").send(note(1), {.ttl = 60s}, ends.sink());
  pair.run_for(500ms);
  CHECK(ends.count() == 0);
  CHECK_FALSE(pair.node("n1").set_endpoint("n9", pair.nowhere()));
  CHECK(pair.node("n1").set_endpoint("n2", pair.address("n1", "n2")));
  REQUIRE(pair.run_until([&] { return ends.count() == 1; }));
  CHECK(ends.delivered() == 1);
  pair.meet();
  // And it may move while it is up.
  CHECK(pair.node("n1").set_endpoint("n2", pair.address("n1", "n2")));
  CHECK(send(pair, "n1", "n2", note(2)).delivered());
  pair.rest();
}

HAWSER_STORY("two clusters do not mix: both sides say so", wrong_cluster) {
  pair.begin({{"n1", hears_notes}, {"n2", hears_notes, [](Config& config) { config.cluster = "other"; }}});
  REQUIRE(pair.run_until([&] {
    return saw_event(pair, "n1", "refused", "wrong_cluster") && saw_event(pair, "n2", "refused", "wrong_cluster") &&
           pair.node("n1").peer("n2").health().state == PeerState::unreachable &&
           pair.node("n2").peer("n1").health().state == PeerState::unreachable;
  }));
  CHECK(pair.node("n1").peer("n2").health().reason.cause == "refused_by_peer");
  CHECK(mentions(why(pair, "n1", "n2"), "this is cluster 'other', the hello is from 'hawser'"));
  CHECK(mentions(why(pair, "n2", "n1"), "this is cluster 'hawser', the hello is from 'other'"));
  CHECK(same(send(pair, "n1", "n2", note(1)), ended(OutcomeKind::unreachable, Cause::refused_by_peer)));
  CHECK(pair.node("n1").snapshot().sessions_refused > 0);
  pair.rest();
}

HAWSER_STORY("settings that must be equal and are not: both sides say so", config_mismatch) {
  pair.begin(
      {{"n1", hears_notes}, {"n2", hears_notes, [](Config& config) { config.bounds.message_bytes_max = 1u << 20; }}});
  REQUIRE(pair.run_until([&] {
    return saw_event(pair, "n1", "refused", "config_mismatch") && saw_event(pair, "n2", "refused", "config_mismatch");
  }));
  REQUIRE(pair.run_until([&] { return pair.node("n1").peer("n2").health().reason.cause == "refused_by_peer"; }));
  pair.rest();
}

HAWSER_STORY("somebody else answers at the address of a peer: the message is not for them", wrong_id) {
  pair.begin({{"n1", hears_notes, [](Config& config) { config.peers[0].id = "n7"; }},
              {"n2", hears_notes, [](Config& config) { config.peers.clear(); }}});
  Ends ends;
  pair.node("n1").peer("n7").send(note(1), {.ttl = 60s}, ends.sink());
  REQUIRE(pair.run_until([&] { return ends.count() == 1; }));
  CHECK(ends.count(OutcomeKind::unreachable, Cause::refused_by_peer) == 1);
  CHECK(mentions(why(pair, "n1", "n7"), "this is n2, the hello is for n7"));
  CHECK(saw_event(pair, "n2", "refused", "not_addressed"));
  pair.rest();
}

HAWSER_STORY("a node that is nobody's peer is refused, and hears why", unknown_node) {
  pair.begin({{"n1", hears_notes, [](Config& config) { config.peers.clear(); }}, {"n2", hears_notes}});
  REQUIRE(pair.run_until([&] { return pair.node("n2").peer("n1").health().state == PeerState::unreachable; }));
  CHECK(mentions(why(pair, "n2", "n1"), "n2 is not a configured peer of n1"));
  CHECK(saw_event(pair, "n1", "refused", "unknown_node"));
  pair.rest();
}

HAWSER_STORY("a node that was given its own id as another's address notices", own_id) {
  pair.begin({{"n1", hears_notes}, {"n2", hears_notes, [](Config& config) {
                                      config.id = "n1";
                                      config.peers[0].id = "n1b";
                                    }}});
  REQUIRE(pair.run_until([&] { return saw_event(pair, "n1", "refused", "own_id"); }));
  pair.rest();
}

HAWSER_STORY("two processes with one id: the newer one has it, the older one is told and kept out", two_with_one_id) {
  std::vector<std::string> heard;
  const auto says = [&](const char* who) {
    return [&heard, who](Node& node) { node.on<Note>([&heard, who](Note::Reader) { heard.push_back(who); }); };
  };
  pair.begin({{"n1", hears_notes, [](Config& config) { config.peers.resize(1); }},
              {"n2", says("old"), [](Config& config) { config.peers.resize(1); }},
              {"twin", says("new"),
               [](Config& config) {
                 config.id = "n2";
                 config.peers.resize(1);
               },
               true}});
  pair.meet();
  CHECK(send(pair, "n1", "n2", note(1)).delivered());
  pair.start("twin");
  REQUIRE(pair.run_until([&] {
    return pair.node("n1").peer("n2").health().incarnation == pair.node("twin").incarnation() &&
           saw_event(pair, "n1", "session", "peer_restarted");
  }));
  REQUIRE(pair.run_until([&] {
    return saw_event(pair, "n2", "refused", "superseded") || saw_event(pair, "n2", "refused", "stale_incarnation");
  }));
  // n1 still knows only the old address, where nobody of the new incarnation answers: nothing is handled by the wrong
  // one.
  pair.node("n1").peer("n2").try_post(note(2), {.ttl = 2s});
  pair.run_for(2500ms);
  CHECK(heard == std::vector<std::string>{"old"});
  // With the right address the new one is a peer like any other.
  pair.node("n1").set_endpoint("n2", pair.address("n1", "twin"));
  REQUIRE(pair.run_until([&] {
    return pair.node("n1").peer("n2").health().state == PeerState::up &&
           pair.node("twin").peer("n1").health().state == PeerState::up;
  }));
  REQUIRE(send_at_last(pair, "n1", "n2", note(3)));
  CHECK(heard.back() == "new");
  CHECK(pair.node("n2").peer("n1").health().state != PeerState::up);
  pair.rest();
}
