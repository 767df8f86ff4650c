// Links that are slow, lossy, cut in one direction, unread or refused: the same outcomes over sockets and simulated.
#include "pair.hpp"

#include <algorithm>

using namespace hawser;
using namespace hawser::stories;

namespace {

struct Listener {
  std::vector<std::uint64_t> heard;
  void operator()(Node& node) {
    node.on<Note>([this](Note::Reader said) { heard.push_back(said.getNumber()); });
    node.on<Question>([](Question::Reader asked) { return answer(asked.getNumber()); });
  }
  bool in_order_and_once() const {
    return std::adjacent_find(heard.begin(), heard.end(), std::greater_equal<>{}) == heard.end();
  }
};

// One message every two milliseconds, `count` in all.
void speak(Node& node, const NodeId& to, std::uint64_t count, Ends& ends, Duration ttl) {
  auto next = std::make_shared<std::uint64_t>(0);
  node.every(2ms, [&node, to, count, &ends, ttl, next] {
    node.peer(to).send(note(++*next), {.ttl = ttl}, ends.sink());
    return *next < count;
  });
}

bool is(Pair& pair, const std::string& at, const std::string& of, PeerState state) {
  return pair.node(at).peer(of).health().state == state;
}

// Handled are those that were delivered, and some of which it is unknown.
void check_truth(const Ends& ends, const Listener& listener) {
  const auto unknown = static_cast<std::size_t>(std::count_if(
      ends.all.begin(), ends.all.end(), [](const Outcome& each) { return each == OutcomeKind::unknown; }));
  CHECK(listener.in_order_and_once());
  CHECK(listener.heard.size() >= ends.delivered());
  CHECK(listener.heard.size() <= ends.delivered() + unknown);
}

}  // namespace

HAWSER_STORY("a link of 40 ms each way: everything arrives in order, and nobody is accused", slow_link) {
  Listener two;
  Ends ends;
  pair.begin({{"n1", {}}, {"n2", std::ref(two)}});
  pair.meet();
  pair.delay(40ms);
  pair.run_for(500ms);
  speak(pair.node("n1"), "n2", 300, ends, 10s);
  REQUIRE(pair.run_until([&] { return ends.count() == 300; }));
  CHECK(ends.delivered() == 300);
  CHECK(two.in_order_and_once());
  CHECK(pair.node("n1").peer("n2").health().round_trip >= 30ms);
  CHECK_FALSE(saw_event(pair, "n1", "peer_state", "silent"));
  CHECK_FALSE(saw_event(pair, "n2", "peer_state", "silent"));
  pair.heal();
  CHECK(send(pair, "n1", "n2", note(1001)).delivered());
  pair.rest();
}

HAWSER_STORY("a lossy link is a late link: nothing is lost, twice or out of order", lossy_link) {
  Listener one;
  Listener two;
  Ends ends;
  pair.begin({{"n1", std::ref(one)}, {"n2", std::ref(two)}});
  pair.meet();
  pair.lose(20'000);
  speak(pair.node("n1"), "n2", 500, ends, 30s);
  speak(pair.node("n2"), "n1", 500, ends, 30s);
  REQUIRE(pair.run_until([&] { return ends.count() == 1000; }));
  pair.heal();
  CHECK(ends.delivered() == 1000);
  CHECK(one.in_order_and_once());
  CHECK(two.in_order_and_once());
  pair.rest();
}

static void one_way(Pair& pair, const std::string& from, const std::string& to) {
  Listener one;
  Listener two;
  Ends ends;
  pair.begin({{"n1", std::ref(one)}, {"n2", std::ref(two)}});
  pair.meet();
  CHECK(ask<Answer>(pair, "n1", "n2", question(1)).outcome().delivered());
  pair.cut_way(from, to);
  speak(pair.node("n1"), "n2", 500, ends, 3s);
  // Whoever is not heard and whoever does not hear: neither can be answered, and both come to the same end.
  REQUIRE(pair.run_until(
      [&] { return is(pair, "n1", "n2", PeerState::unreachable) && is(pair, "n2", "n1", PeerState::unreachable); }));
  CHECK(send(pair, "n1", "n2", note(9'999)) == OutcomeKind::unreachable);
  REQUIRE(pair.run_until([&] { return ends.count() == 500; }));
  check_truth(ends, two);
  pair.heal();
  pair.meet();
  REQUIRE(send_at_last(pair, "n1", "n2", note(10'000)));
  REQUIRE(send_at_last(pair, "n2", "n1", note(10'000)));
  pair.rest();
}

HAWSER_STORY("what the caller says is cut off: both find the other unreachable, and it heals by itself", way_there) {
  one_way(pair, "n1", "n2");
}

HAWSER_STORY("what the caller would hear is cut off: both find the other unreachable, and it heals by itself",
             way_back) {
  one_way(pair, "n2", "n1");
}

HAWSER_STORY("a peer that does not read for three seconds: no message is handled late, twice or out of order", unread) {
  Listener two;
  Ends ends;
  pair.begin({{"n1", {}}, {"n2", std::ref(two)}});
  pair.meet();
  speak(pair.node("n1"), "n2", 800, ends, 1s);
  REQUIRE(pair.run_until([&] { return ends.delivered() > 50; }));
  pair.stall_way("n1", "n2");
  REQUIRE(pair.run_until([&] { return is(pair, "n1", "n2", PeerState::unreachable); }, 3s));
  pair.run_for(1s);
  pair.heal();
  pair.meet();
  REQUIRE(pair.run_until([&] { return ends.count() == 800; }));
  CHECK(ends.delivered() > 50);
  CHECK(ends.delivered() < 800);
  check_truth(ends, two);
  REQUIRE(send_at_last(pair, "n1", "n2", note(10'000)));
  pair.rest();
}

HAWSER_STORY("a peer that refuses connections is missed, and met again when it accepts them", refused_for_a_while) {
  Listener two;
  pair.begin({{"n1", {}}, {"n2", std::ref(two)}});
  pair.meet();
  CHECK(send(pair, "n1", "n2", note(1)).delivered());
  pair.refuse("n2");
  REQUIRE(pair.run_until([&] { return is(pair, "n1", "n2", PeerState::unreachable); }));
  CHECK(pair.node("n1").peer("n2").health().reason.cause == "connect_refused");
  CHECK(same(send(pair, "n1", "n2", note(2)), ended(OutcomeKind::unreachable, Cause::connect_refused)));
  pair.accept("n2");
  pair.meet();
  REQUIRE(send_at_last(pair, "n1", "n2", note(3)));
  CHECK(two.heard == std::vector<std::uint64_t>{1, 3});
  pair.rest();
}
