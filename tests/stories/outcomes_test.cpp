// Every outcome and every cause there is, each produced by a story of its own, or the reason why none produces it yet.
#include "pair.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>
#include <utility>

using namespace hawser;
using namespace hawser::stories;
using boost::asio::bind_cancellation_slot;
using boost::asio::cancellation_signal;
using boost::asio::cancellation_type;

namespace {

// What handlers did, and what callers were told of the same messages.
struct Case {
  OutcomeKind kind;
  Cause cause;
  std::function<void(Pair&, Ends&)> script;
};

int runs = 0;

void listens(Node& node) {
  node.on<Note>([](Note::Reader) { ++runs; });
  node.on<Parcel>([](Parcel::Reader) { ++runs; });
}
void throws(Node& node) {
  node.on<Note>([](Note::Reader) {
    ++runs;
    throw std::runtime_error{"no"};
  });
}
// Begins and does not end.
void hangs(Node& node) {
  node.on<Note>([&node](Received<Note>) -> Task<> {
    ++runs;
    co_await node.sleep(1h);
  });
  node.on<Question>([&node](Received<Question>, const Delivery& from) -> Task<Message<Answer>> {
    ++runs;
    while (!from.cancelled()) co_await node.sleep(10ms);
    co_return answer(0);
  });
}

auto told(Ends& ends) {
  return [&ends](Result<Received<Answer>> result) { ends.all.push_back(result.outcome()); };
}

void two(Pair& pair, std::function<void(Node&)> second, std::function<void(Config&)> settings = {},
         TypePolicy policy = {}) {
  pair.begin({{"n1", [policy](Node& node) { node.policy<Note>(policy); }, settings}, {"n2", second, settings}});
  pair.meet();
}

void ends_of(Pair& pair, Ends& ends, std::size_t count = 1) {
  REQUIRE(pair.run_until([&] { return ends.count() >= count; }));
}

void overflows(Pair& pair, Ends& ends, Overflow overflow) {
  TypePolicy policy;
  policy.channel_messages = 1;
  policy.overflow = overflow;
  pair.begin({{"n1", [policy](Node& node) { node.policy<Note>(policy); }}, {"n2", listens, {}, true}});
  for (std::uint64_t i = 0; i < 2; ++i) pair.node("n1").peer("n2").send(note(i), {.key = 7}, ends.sink());
  ends_of(pair, ends);
}

// Parcels that nobody takes off the queue, to a peer that is there.
void fills(Pair& pair, Ends& ends, const std::function<void(Config&)>& bounds) {
  two(pair, listens, bounds);
  pair.jam();
  for (int i = 0; i < 60; ++i) pair.node("n1").peer("n2").send(parcel(100'000), {.ttl = 500ms}, ends.sink());
  ends_of(pair, ends);
  pair.heal();
}

void until_unreachable(Pair& pair) {
  REQUIRE(pair.run_until([&] { return pair.node("n1").peer("n2").health().state == PeerState::unreachable; }));
}
void tries(Pair& pair, Ends& ends) {
  pair.node("n1").peer("n2").send(note(1), {}, ends.sink());
  ends_of(pair, ends, ends.count() + 1);
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {OutcomeKind::delivered, Cause::none,
       [](Pair& pair, Ends& ends) {
         two(pair, listens);
         tries(pair, ends);
       }},
      {OutcomeKind::refused, Cause::handler_threw,
       [](Pair& pair, Ends& ends) {
         two(pair, throws);
         tries(pair, ends);
       }},
      {OutcomeKind::refused, Cause::malformed,
       [](Pair& pair, Ends& ends) {
         two(pair, listens);
         EncodedMessage torn = note(1, "a text that will not be whole").encode();
         // The pointer to the text leads out of the message.
         torn.bytes = Buffer::copy(torn.bytes.bytes());
         for (std::size_t at = 24; at + 8 <= torn.bytes.size(); ++at) torn.bytes->data()[at] = std::byte{0x7d};
         pair.node("n2").on<Note>([](Note::Reader said) {
           ++runs;
           if (said.getText().size() > 1000) throw std::runtime_error{"unreachable"};
         });
         pair.node("n1").peer("n2").send(std::move(torn), {}, ends.sink());
         ends_of(pair, ends);
       }},
      {OutcomeKind::refused, Cause::no_reply,
       [](Pair& pair, Ends& ends) {
         two(pair, listens);
         pair.node("n1").peer("n2").request<Answer>(note(1), {}, told(ends));
         ends_of(pair, ends);
       }},
      {OutcomeKind::expired, Cause::in_queue,
       [](Pair& pair, Ends& ends) {
         pair.begin({{"n1", {}}, {"n2", listens, {}, true}});
         pair.node("n1").peer("n2").send(note(1), {.ttl = 300ms}, ends.sink());
         ends_of(pair, ends);
       }},
      {OutcomeKind::expired, Cause::on_arrival,
       [](Pair& pair, Ends& ends) {
         two(pair, listens, [](Config& config) { config.clock_drift = 0.0; });
         pair.node("n1").peer("n2").send(note(1), {}, ends.sink());
         pair.run_for(1s);
         pair.jam();
         pair.node("n1").peer("n2").send(note(1), {.ttl = 100ms}, ends.sink());
         pair.run_for(104ms);
         pair.heal();
         ends_of(pair, ends, 2);
       }},
      {OutcomeKind::expired, Cause::in_inbox,
       [](Pair& pair, Ends& ends) {
         two(pair, hangs);
         tries(pair, ends);
         pair.node("n1").peer("n2").send(note(2), {.ttl = 200ms}, ends.sink());
         ends_of(pair, ends, 2);
       }},
      {OutcomeKind::expired, Cause::cancelled,
       [](Pair& pair, Ends& ends) {
         pair.begin({{"n1", {}}, {"n2", listens, {}, true}});
         cancellation_signal signal;
         pair.node("n1").peer("n2").send(note(1), {}, bind_cancellation_slot(signal.slot(), ends.sink()));
         pair.run_for(10ms);
         signal.emit(cancellation_type::terminal);
         ends_of(pair, ends);
       }},
      {OutcomeKind::queue_full, Cause::dropped_oldest,
       [](Pair& pair, Ends& ends) { overflows(pair, ends, Overflow::drop_oldest); }},
      {OutcomeKind::queue_full, Cause::superseded,
       [](Pair& pair, Ends& ends) { overflows(pair, ends, Overflow::keep_latest); }},
      {OutcomeKind::queue_full, Cause::channel_messages,
       [](Pair& pair, Ends& ends) { overflows(pair, ends, Overflow::reject); }},
      {OutcomeKind::queue_full, Cause::channel_bytes,
       [](Pair& pair, Ends& ends) {
         pair.begin(
             {{"n1", {}, [](Config& config) { config.bounds.channel_bytes = 64u << 10; }}, {"n2", listens, {}, true}});
         for (int i = 0; i < 2; ++i) pair.node("n1").peer("n2").send(parcel(40'000), {.ttl = 300ms}, ends.sink());
         ends_of(pair, ends);
       }},
      {OutcomeKind::queue_full, Cause::peer_bytes,
       [](Pair& pair, Ends& ends) {
         fills(pair, ends, [](Config& config) {
           config.bounds.channel_bytes = 64u << 10;
           config.bounds.message_bytes_max = 1u << 20;
           config.bounds.peer_bytes = 2u << 20;
         });
       }},
      {OutcomeKind::queue_full, Cause::node_bytes,
       [](Pair& pair, Ends& ends) {
         fills(pair, ends, [](Config& config) {
           config.bounds.channel_bytes = 64u << 10;
           config.bounds.message_bytes_max = 1u << 20;
           config.bounds.peer_bytes = 2u << 20;
           config.bounds.node_bytes = 2u << 20;
         });
         // Both reserves are the same size, and the peer's is asked first; what another peer took makes the difference.
         for (int i = 0; i < 60; ++i) pair.node("n1").peer("n1").send(parcel(100'000), {}, ends.sink());
         pair.run_for(1s);
       }},
      {OutcomeKind::circuit_open, Cause::channel_breaker,
       [](Pair& pair, Ends& ends) {
         two(pair, hangs);
         for (std::uint64_t i = 0; i < 6; ++i) {
           pair.node("n1").peer("n2").request<Answer>(question(i), {.timeout = 50ms}, told(ends));
           ends_of(pair, ends, ends.count() + 1);
         }
       }},
      {OutcomeKind::circuit_open, Cause::peer_breaker,
       [](Pair& pair, Ends& ends) {
         two(pair, listens);
         pair.cut();
         until_unreachable(pair);
         pair.heal();
         pair.meet();
         for (std::uint64_t i = 0; i < 200; ++i) pair.node("n1").peer("n2").send(note(i), {}, ends.sink());
         ends_of(pair, ends, 200);
       }},
      {OutcomeKind::unreachable, Cause::unknown_peer,
       [](Pair& pair, Ends& ends) {
         pair.begin({{"n1", {}}, {"n2", {}}});
         pair.node("n1").peer("n9").send(note(1), {}, ends.sink());
         ends_of(pair, ends);
       }},
      {OutcomeKind::unreachable, Cause::connect_refused,
       [](Pair& pair, Ends& ends) {
         two(pair, listens);
         pair.crash("n2");
         until_unreachable(pair);
         tries(pair, ends);
       }},
      {OutcomeKind::unreachable, Cause::silent,
       [](Pair& pair, Ends& ends) {
         two(pair, listens);
         pair.cut();
         until_unreachable(pair);
         tries(pair, ends);
         pair.heal();
       }},
      {OutcomeKind::unreachable, Cause::never_heard,
       [](Pair& pair, Ends& ends) {
         pair.begin({{"n1", {}}, {"n2", {}}});
         pair.cut();
         until_unreachable(pair);
         tries(pair, ends);
         pair.heal();
       }},
      {OutcomeKind::unreachable, Cause::refused_by_peer,
       [](Pair& pair, Ends& ends) {
         pair.begin({{"n1", {}}, {"n2", {}, [](Config& config) { config.cluster = "other"; }}});
         until_unreachable(pair);
         tries(pair, ends);
       }},
      {OutcomeKind::unreachable, Cause::peer_restarted,
       [](Pair& pair, Ends& ends) {
         TypePolicy holding;
         holding.hold = Hold::until_ttl;
         two(pair, listens, {}, holding);
         pair.crash("n2");
         until_unreachable(pair);
         pair.node("n1").peer("n2").send(note(1), {.ttl = 60s}, ends.sink());
         pair.run_for(100ms);
         pair.start("n2");
         ends_of(pair, ends);
       }},
      {OutcomeKind::unreachable, Cause::peer_removed,
       [](Pair& pair, Ends& ends) {
         pair.begin({{"n1", {}}, {"n2", listens, {}, true}});
         pair.node("n1").peer("n2").send(note(1), {}, ends.sink());
         pair.run_for(10ms);
         CHECK(pair.node("n1").remove_peer("n2"));
         ends_of(pair, ends);
       }},
      {OutcomeKind::unreachable, Cause::peer_stopped,
       [](Pair& pair, Ends& ends) {
         two(pair, listens);
         pair.stop("n2");
         pair.run_for(3s);
         tries(pair, ends);
       }},
      {OutcomeKind::too_large, Cause::none,
       [](Pair& pair, Ends& ends) {
         pair.begin({{"n1", {}}, {"n2", {}}});
         pair.node("n1").peer("n2").send(parcel(17u << 20), {}, ends.sink());
         ends_of(pair, ends);
       }},
      {OutcomeKind::unhandled, Cause::none,
       [](Pair& pair, Ends& ends) {
         two(pair, {});
         tries(pair, ends);
       }},
      {OutcomeKind::closed, Cause::stopping,
       [](Pair& pair, Ends& ends) {
         two(pair, listens);
         pair.node("n1").stop(1s, [] {});
         tries(pair, ends);
       }},
      {OutcomeKind::unknown, Cause::deadline,
       [](Pair& pair, Ends& ends) {
         two(pair, hangs);
         pair.node("n1").peer("n2").request<Answer>(question(1), {.timeout = 100ms}, told(ends));
         ends_of(pair, ends);
       }},
      {OutcomeKind::unknown, Cause::verdict_lost,
       [](Pair& pair, Ends& ends) {
         two(pair, listens);
         tries(pair, ends);
         pair.cut();
         pair.node("n1").peer("n2").send(note(2), {.ttl = 100ms}, ends.sink());
         ends_of(pair, ends, 2);
         pair.heal();
       }},
      {OutcomeKind::unknown, Cause::peer_restarted,
       [](Pair& pair, Ends& ends) {
         two(pair, hangs);
         pair.node("n1").peer("n2").request<Answer>(question(1), {.timeout = 60s}, told(ends));
         pair.run_for(100ms);
         pair.crash("n2");
         pair.start("n2");
         ends_of(pair, ends);
       }},
      {OutcomeKind::unknown, Cause::peer_stopped,
       [](Pair& pair, Ends& ends) {
         two(pair, hangs);
         pair.node("n1").peer("n2").request<Answer>(question(1), {.timeout = 60s}, told(ends));
         pair.run_for(100ms);
         pair.stop("n2");
         ends_of(pair, ends);
       }},
      {OutcomeKind::unknown, Cause::peer_removed,
       [](Pair& pair, Ends& ends) {
         two(pair, hangs);
         pair.node("n1").peer("n2").request<Answer>(question(1), {.timeout = 60s}, told(ends));
         pair.run_for(100ms);
         CHECK(pair.node("n1").remove_peer("n2"));
         ends_of(pair, ends);
       }},
      {OutcomeKind::unknown, Cause::stopping,
       [](Pair& pair, Ends& ends) {
         two(pair, hangs);
         pair.node("n1").peer("n2").request<Answer>(question(1), {.timeout = 60s}, told(ends));
         pair.run_for(100ms);
         pair.node("n1").stop(200ms, [] {});
         ends_of(pair, ends);
       }},
      {OutcomeKind::unknown, Cause::cancelled,
       [](Pair& pair, Ends& ends) {
         two(pair, hangs);
         cancellation_signal signal;
         pair.node("n1").peer("n2").request<Answer>(question(1), {.timeout = 60s},
                                                    bind_cancellation_slot(signal.slot(), told(ends)));
         pair.run_for(100ms);
         signal.emit(cancellation_type::terminal);
         ends_of(pair, ends);
       }},
  };
  return all;
}

// Isolation has tests of its own (tests/sim/isolation_test.cpp); nothing is shed on arrival yet. That room for
// replies runs out, and groups of a channel, is told by tests of the inbox and the channel.
constexpr std::array kinds_to_come{OutcomeKind::isolated, OutcomeKind::overloaded};
constexpr std::array causes_to_come{Cause::self_isolated, Cause::peer_isolated, Cause::intake, Cause::reply_room,
                                    Cause::channel_groups};

template <typename List, typename T>
bool lists(const List& list, T value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

TEST_CASE("every outcome and every cause is told by some story, or has its reason to be missing",
          "[stories][simulator]") {
  std::set<OutcomeKind> kinds;
  std::set<Cause> causes;
  for (const Case& each : cases()) {
    INFO(ended(each.kind, each.cause));
    runs = 0;
    Ends ends;
    const auto pair = simulated_pair();
    each.script(*pair, ends);
    CHECK(ends.count(each.kind, each.cause) > 0);
    // What callers were told is true to what handlers saw.
    const auto count = [&](Handled want) {
      return std::count_if(ends.all.begin(), ends.all.end(),
                           [&](const Outcome& outcome) { return outcome.handled() == want; });
    };
    const bool peer_is_there = each.cause != Cause::malformed && each.cause != Cause::no_reply;
    if (peer_is_there) {
      CHECK(runs >= count(Handled::yes));
      CHECK(runs <= count(Handled::yes) + count(Handled::maybe));
    }
    for (const Outcome& outcome : ends.all) {
      kinds.insert(outcome.kind);
      causes.insert(outcome.cause);
    }
  }
  for (std::size_t i = 0; i < outcome_kind_count; ++i) {
    const auto kind = static_cast<OutcomeKind>(i);
    INFO(kind);
    CHECK((kinds.count(kind) == 1) != lists(kinds_to_come, kind));
  }
  for (std::size_t i = 0; i < cause_count; ++i) {
    const auto cause = static_cast<Cause>(i);
    INFO(cause);
    CHECK((causes.count(cause) == 1) != lists(causes_to_come, cause));
  }
}
