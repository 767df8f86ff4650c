// A peer that breaks the protocol in every way we know: it is turned away and counted, or borne; the others are served.
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/hostile_peer.hpp>
#include <hawser/sim/probe.hpp>
#include <hawser/sim/watch.hpp>

#include <catch2/catch.hpp>
#include "messages.capnp.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>

using namespace hawser;
using namespace std::chrono_literals;
using namespace hawser::sim;

namespace {

// What a node does with an act: ends the connection with a reason of its own, or goes on with the session.
enum class Meets { refusal, patience };

Meets expected(HostileAct act) {
  static const std::set<HostileAct> borne{
      HostileAct::unknown_type,       // its sender is told: unhandled
      HostileAct::sequence_repeated,  // dropped as a duplicate, and counted as one
      HostileAct::ttl_zero,           // expired on arrival
      HostileAct::ttl_max,            // handled
      HostileAct::heartbeat_flood,
      HostileAct::never_answers,
      HostileAct::ack_backwards,
      HostileAct::grant_everything,
      HostileAct::want_everything,
      HostileAct::reply_never_asked,
      HostileAct::cancel_never_asked,
      HostileAct::goodbye_repeated,
      HostileAct::new_incarnations,
      HostileAct::payload_garbage,  // its sender is told: refused, malformed
  };
  return borne.contains(act) ? Meets::patience : Meets::refusal;
}

// n1 and n3 are honest and talk to each other; n2 is not.
struct Siege {
  World world;
  Watch watch;
  bool talking = true;
  std::size_t most_held = 0;
  std::uint64_t counted_before = 0;

  explicit Siege(HostileAct act) : world(options()), watch(world, patience()) {
    Config config;
    for (const char* id : {"n1", "n2", "n3"}) config.peers.push_back({NodeId{id}, {id, 7000}});
    const auto settings = [&](std::size_t self) {
      Config own = config;
      own.peers.erase(own.peers.begin() + static_cast<std::ptrdiff_t>(self));
      return own;
    };
    world.host("n1", settings(0), [this](Node& node) { app(node, "n3"); });
    HostilePlan plan;
    plan.victim = "n1";
    plan.digest = config.generation_digest();
    plan.act = act;
    const EncodedMessage note = Message<Note>{}.encode();
    plan.type = note.type.id;
    plan.payload = note.bytes;
    world.host("n2", hostile_peer(plan));
    world.host("n3", settings(2), [this](Node& node) { app(node, "n1"); });
    world.heal();  // from here on nothing is calm
  }
  static WorldOptions options() {
    WorldOptions result;
    result.seed = 11;
    result.trace_rows = 2'000;
    return result;
  }
  static WatchOptions patience() {
    WatchOptions result;
    result.calm_after = Duration{3'600'000'000};
    return result;
  }
  void app(Node& node, const std::string& to) {
    auto probe = std::make_shared<sim::Probe>(node, watch.books(), world.clock());
    // Only honest messages are in the books.
    node.on<Note>([this, &node](Note::Reader note, const Delivery& from) {
      if (from.node == NodeId{"n2"}) return;
      const RunId by{node.id().text(), node.incarnation()};
      watch.books().handled(note.getNumber(), by, {from.node.text(), from.incarnation}, world.now());
    });
    node.every(10ms, [this, probe, to] {
      if (talking) probe->send(to, Message<Note>{}, {.ttl = 2s});
      return true;
    });
  }
  static std::uint64_t counted(const NodeSnapshot& shown) {
    std::uint64_t duplicates = 0;
    for (const PeerSnapshot& peer : shown.peers) {
      for (const InboundSnapshot& inbound : peer.inbound) duplicates += inbound.duplicates;
    }
    return shown.frames_rejected + shown.sessions_refused + shown.transport.frames_malformed + duplicates;
  }
  const PeerSnapshot& besieger(const NodeSnapshot& shown) {
    return *std::find_if(shown.peers.begin(), shown.peers.end(),
                         [](const PeerSnapshot& peer) { return peer.health.id == NodeId{"n2"}; });
  }
};

}  // namespace

TEST_CASE("whatever a peer says: no crash, bounded memory, everybody else served, counted with a reason", "[hostile]") {
  const auto act = static_cast<HostileAct>(GENERATE(range(std::size_t{0}, hostile_act_count)));
  CAPTURE(to_string(act));
  Siege siege{act};
  siege.world.run_for(1500ms);  // sessions stand, and some acts are played
  for (int i = 0; i < 8; ++i) {
    siege.world.run_for(250ms);
    siege.most_held = std::max(siege.most_held, siege.world.node("n1").snapshot().held_bytes);
  }
  const NodeSnapshot shown = siege.world.node("n1").snapshot();
  CHECK(siege.most_held < 2u << 20);
  CHECK(shown.peers.size() == 3);  // with itself
  CHECK(siege.world.node("n1").peer("n3").health().state == PeerState::up);
  CHECK(siege.world.node("n3").peer("n1").health().state == PeerState::up);
  if (expected(act) == Meets::refusal) {
    CHECK(Siege::counted(shown) >= 3);
    const bool with_reason = std::any_of(shown.events.begin(), shown.events.end(),
                                         [](const Event& event) { return event.kind == "refused"; });
    CHECK((with_reason || shown.transport.frames_malformed > 0));
  } else {
    CHECK(shown.frames_rejected + shown.transport.frames_malformed == 0);
    // Its session stands, unless it means to end it.
    const bool leaves =
        act == HostileAct::goodbye_repeated || act == HostileAct::new_incarnations || act == HostileAct::never_answers;
    CHECK((leaves || siege.besieger(shown).sessions == 1));
    CHECK(siege.besieger(shown).sessions >= 1);
  }
  // Not one message between the honest was lost or late.
  siege.talking = false;
  siege.world.run_for(3s);
  siege.watch.look_at_all();
  for (const auto& [key, row] : siege.watch.books().rows()) {
    CHECK(row.submitted.messages > 200);
    const LedgerCount delivered = row.told[static_cast<std::size_t>(OutcomeKind::delivered)];
    CHECK(delivered.messages == row.submitted.messages);
  }
}

TEST_CASE("what another session or an earlier connection said is not heard, and ends the connection", "[hostile]") {
  const auto refused = [](HostileAct act, const char* why) {
    Siege siege{act};
    siege.world.run_for(3s);
    const NodeSnapshot shown = siege.world.node("n1").snapshot();
    CHECK(shown.frames_rejected >= 3);
    return std::any_of(shown.events.begin(), shown.events.end(), [why](const Event& event) {
      return event.kind == "refused" && event.text.find(why) != std::string::npos;
    });
  };
  CHECK(refused(HostileAct::foreign_session, "another session"));
  CHECK(refused(HostileAct::earlier_connection, "an earlier connection"));
}

TEST_CASE("a message that follows what it cannot follow is told so", "[hostile]") {
  const auto told = [](HostileAct act, const std::string& why) {
    Siege siege{act};
    siege.world.run_for(3s);
    const NodeSnapshot shown = siege.world.node("n1").snapshot();
    return std::any_of(shown.events.begin(), shown.events.end(), [&](const Event& event) {
      return event.kind == "refused" && event.text.find(why) != std::string::npos;
    });
  };
  const std::string alone = "a message follows what is no whole message";
  CHECK(told(HostileAct::follows_nothing, alone));
  CHECK(told(HostileAct::follows_ack, alone));
  CHECK(told(HostileAct::follows_chunk, alone));
  CHECK(told(HostileAct::follows_with_flags, "a message that follows another one says more than it may"));
}

TEST_CASE("what a patient node makes of it", "[hostile]") {
  const auto verdicts = [](HostileAct act, OutcomeKind kind) {
    Siege siege{act};
    siege.world.run_for(3s);
    const NodeSnapshot shown = siege.world.node("n1").snapshot();
    std::uint64_t count = 0;
    for (const InboundSnapshot& inbound : siege.besieger(shown).inbound) {
      count += inbound.verdicts[static_cast<std::size_t>(kind)];
    }
    return count;
  };
  CHECK(verdicts(HostileAct::unknown_type, OutcomeKind::unhandled) > 10);
  CHECK(verdicts(HostileAct::ttl_zero, OutcomeKind::expired) > 10);
  CHECK(verdicts(HostileAct::ttl_max, OutcomeKind::delivered) > 10);
  CHECK(verdicts(HostileAct::payload_garbage, OutcomeKind::refused) > 0);
}
