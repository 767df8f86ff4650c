#include "pair.hpp"

#include <algorithm>

namespace hawser::stories {

void Pair::rest() {
  const auto quiet = [this] {
    return std::all_of(names_.begin(), names_.end(), [this](const auto& name) {
      if (!alive(name)) return true;
      const NodeSnapshot snapshot = node(name).snapshot();
      return snapshot.ledger.held.messages == 0 && snapshot.held_bytes == 0;
    });
  };
  CHECK(run_until(quiet));
  for (const std::string& name : names_) {
    if (!alive(name)) continue;
    const NodeSnapshot snapshot = node(name).snapshot();
    INFO(name);
    CHECK(snapshot.ledger.balanced());
    CHECK(snapshot.ledger.held == LedgerCount{});
    CHECK(snapshot.held_bytes == 0);
    for (const PeerSnapshot& peer : snapshot.peers) {
      for (const ChannelSnapshot& channel : peer.channels) {
        INFO(peer.health.id.text() << ' ' << channel.name);
        CHECK(channel.ledger.balanced());
        CHECK(channel.queued_messages + channel.sent_messages == 0);
      }
    }
  }
}

void Pair::meet(const std::string& one, const std::string& other) {
  REQUIRE(run_until([&] {
    return node(one).peer(other).health().state == PeerState::up &&
           node(other).peer(one).health().state == PeerState::up;
  }));
}

bool saw_event(Pair& pair, const std::string& name, std::string_view kind, std::string_view cause) {
  const NodeSnapshot snapshot = pair.node(name).snapshot();
  return std::any_of(snapshot.events.begin(), snapshot.events.end(),
                     [&](const Event& event) { return event.kind == kind && event.cause == cause; });
}

}  // namespace hawser::stories
