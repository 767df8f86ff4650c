#include <hawser/sim/node_watch.hpp>

#include <hawser/interconnect/reserve.hpp>

#include <algorithm>
#include <limits>

namespace hawser::sim {
namespace {

// base x factor^(n - 1), at most the cap.
Duration delay_max(const ReconnectConfig& config, std::uint64_t dials) {
  std::int64_t ceiling = config.base.count();
  for (std::uint64_t i = 1; i < dials && ceiling < config.cap.count(); ++i) {
    ceiling = ceiling * config.factor_permille / 1000;
    if (config.factor_permille == 1000) break;
  }
  return Duration{std::min(ceiling, config.cap.count())};
}

std::string peer_of(const PeerSnapshot& peer) { return peer.health.id.text(); }

}  // namespace

bool breaker_may_go(std::string_view from, std::string_view to) noexcept {
  if (to == "forced_open" || to == "disabled" || from == "forced_open" || from == "disabled") return true;  // by hand
  if (to == "open") return from != "open";
  if (to == "half_open") return from == "open";
  if (to == "ramping") return from == "half_open";
  return to == "closed" && (from == "ramping" || from == "half_open");
}

void NodeWatch::add(Invariant invariant, const std::string& peer, std::string text) {
  std::vector<std::string> nodes{node_};
  if (!peer.empty()) nodes.push_back(peer);
  findings_.add(invariant, std::move(nodes), std::move(text));
}

void NodeWatch::look(const NodeSnapshot& shown, const Config& config, bool calm) {
  look_at_events(shown, calm);
  look_at_books(shown);
  look_at_memory(shown, config);
  for (const PeerSnapshot& peer : shown.peers) {
    look_at_lanes(peer, config);
    look_at_gray(peer, shown.taken_at);
  }
}

void NodeWatch::look_at_books(const NodeSnapshot& shown) {
  for (const PeerSnapshot& peer : shown.peers) {
    LedgerRow sum;
    for (const ChannelSnapshot& channel : peer.channels) {
      sum += channel.ledger;
      if (channel.ledger.balanced()) continue;
      add(Invariant::conservation, peer_of(peer),
          "the books of " + channel.name + " miss " + std::to_string(channel.ledger.imbalance()) +
              " messages or their bytes");
    }
    if (sum != peer.ledger)
      add(Invariant::conservation, peer_of(peer), "the row of the peer is not the sum of its channels");
  }
  if (!shown.ledger.balanced()) {
    add(Invariant::conservation, {},
        "the books of the node miss " + std::to_string(shown.ledger.imbalance()) + " messages or their bytes");
  }
}

void NodeWatch::look_at_memory(const NodeSnapshot& shown, const Config& config) {
  const BoundsConfig& bounds = config.bounds;
  std::uint64_t outbound = 0;
  std::uint64_t inbound = 0;
  std::uint64_t outbound_room = 0;
  std::uint64_t inbound_room = 0;
  for (const PeerSnapshot& peer : shown.peers) {
    outbound_room += peer.outbound_room;
    inbound_room += peer.inbound_room;
    look_at_channels(peer, bounds);
    std::uint64_t arrived = 0;
    for (const InboundSnapshot& each : peer.inbound) arrived += each.held_bytes;
    // Shares and what is borrowed beyond them are bounded apart.
    const std::uint64_t most = 2 * std::uint64_t{bounds.peer_bytes};
    at_most(peer_of(peer), "the peer's outbound room is", peer.outbound_room, most);
    at_most(peer_of(peer), "the peer's inbound room is", peer.inbound_room, most);
    at_most(peer_of(peer), "bytes held for the peer are", peer.ledger.held.bytes, peer.outbound_room);
    at_most(peer_of(peer), "bytes that came from the peer are", arrived, peer.inbound_room);
    outbound += peer.ledger.held.bytes;
    inbound += arrived;
  }
  at_most({}, "the node's outbound room is", shown.outbound_room, bounds.node_bytes);
  at_most({}, "the node's inbound room is", shown.inbound_room, bounds.node_bytes);
  // What a peer takes, its node counts as well, and nothing else.
  if (!peer_removed_) {
    at_most({}, "the node's outbound room is", shown.outbound_room, outbound_room);
    at_most({}, "the node's inbound room is", shown.inbound_room, inbound_room);
  }
  at_most({}, "bytes held to be sent are", outbound, shown.outbound_room);
  at_most({}, "bytes held for handlers are", inbound, shown.inbound_room);
  at_most({}, "bytes held are", shown.held_bytes, std::uint64_t{shown.outbound_room} + shown.inbound_room);
}

void NodeWatch::look_at_rest(const NodeSnapshot& shown) {
  // A channel lets go of what is more than two steps above its need: of its messages, and of its replies.
  constexpr std::uint64_t breath = 2 * hawser::Share::step;
  for (const PeerSnapshot& peer : shown.peers) {
    std::uint64_t borrowed = 0;
    for (const ChannelSnapshot& channel : peer.channels) borrowed += channel.borrowed_bytes;
    at_most(peer_of(peer), "at rest the channels borrow", borrowed, 0);
    at_most(peer_of(peer), "at rest the peer's outbound room is", peer.outbound_room, breath * peer.channels.size());
  }
}

void NodeWatch::look_at_channels(const PeerSnapshot& peer, const BoundsConfig& bounds) {
  std::uint64_t borrowed = 0;
  for (const ChannelSnapshot& channel : peer.channels) {
    borrowed += channel.borrowed_bytes;
    // Those who wait for room are bounded as those who have it are, and so are the shares of groups that came late.
    const std::uint64_t most = (channel.groups.empty() ? 2 : 4) * std::uint64_t{bounds.channel_messages};
    if (!channel.replies) at_most(peer_of(peer), channel.name + " holds messages:", channel.ledger.held.messages, most);
  }
  at_most(peer_of(peer), "bytes that the channels borrow are", borrowed, bounds.peer_bytes);
  borrowed = 0;
  for (const InboundSnapshot& inbound : peer.inbound) {
    borrowed += inbound.borrowed_bytes;
    at_most(peer_of(peer), inbound.name + " has messages waiting for their handler:", inbound.queued_messages,
            std::max<std::uint64_t>(bounds.channel_messages, 64));
  }
  at_most(peer_of(peer), "bytes that inbound channels borrow are", borrowed, bounds.peer_bytes);
}

void NodeWatch::at_most(const std::string& peer, const std::string& what, std::uint64_t value, std::uint64_t most) {
  if (value <= most) return;
  add(Invariant::memory, peer, what + ' ' + std::to_string(value) + ", at most " + std::to_string(most));
}

// What breakers have said of a peer for a second, its health says as well.
void NodeWatch::look_at_gray(const PeerSnapshot& peer, Instant now) {
  constexpr Duration bound{1'000'000};
  std::size_t channels = 0;
  std::size_t failing = 0;
  std::size_t working = 0;
  for (const ChannelSnapshot& channel : peer.channels) {
    if (channel.replies) continue;
    ++channels;
    if (now < later(channel.breaker.reason.since, bound)) continue;
    const std::string& state = channel.breaker.state;
    failing += state == "open" || state == "half_open" ? 1 : 0;
    working += state == "closed" || state == "disabled" ? 1 : 0;
  }
  const bool up = peer.health.state == PeerState::up;
  if (up && !peer.health.degraded && 2 * failing > channels) {
    add(Invariant::gray, peer_of(peer),
        std::to_string(failing) + " of " + std::to_string(channels) +
            " channels have failed for a second, heartbeats pass, and the peer is not degraded");
  }
  if (peer.health.degraded && (!up || working == channels)) {
    add(Invariant::gray, peer_of(peer),
        up ? "a peer is degraded with which every channel works" : "a peer is degraded that is not up");
  }
}

void NodeWatch::look_at_lanes(const PeerSnapshot& peer, const Config& config) {
  for (const LaneSnapshot& lane : peer.lanes) {
    const std::string name = std::string{to_string(lane.lane)} + " lane";
    const bool bulk = lane.lane == LaneClass::bulk;
    const BoundsConfig& bounds = config.bounds;
    // One frame may begin below the window and end above it.
    const std::size_t window = (bulk ? bounds.lane_window_bulk_bytes : bounds.lane_window_bytes) +
                               2 * std::max(bounds.batch_bytes, bounds.chunk_bytes);
    if (lane.unacknowledged_bytes > window) {
      add(Invariant::memory, peer_of(peer),
          name + " has " + std::to_string(lane.unacknowledged_bytes) + " bytes under way, at most " +
              std::to_string(window) + " may be");
    }
    if (lane.next_delay_max > config.reconnect.cap) {
      add(Invariant::backoff, peer_of(peer),
          name + " may wait " + std::to_string(lane.next_delay_max.count()) + " us, above the cap");
    }
    if (lane.state != LaneState::waiting || !lane.reason.next_at) continue;
    const Duration planned = *lane.reason.next_at - lane.reason.since;
    const Duration most = delay_max(config.reconnect, lane.dials);
    if (planned < Duration::zero() && lane.reason.cause != "wanted") continue;  // it was hurried
    if (planned > most) {
      add(Invariant::backoff, peer_of(peer),
          name + " waits " + std::to_string(planned.count()) + " us after dial " + std::to_string(lane.dials) +
              ", at most " + std::to_string(most.count()) + " are allowed");
    }
  }
}

void NodeWatch::look_at_events(const NodeSnapshot& shown, bool calm) {
  accusations_.clear();
  breaches_.clear();
  for (const Event& event : shown.events) {
    if (event.number <= events_seen_) continue;
    if (event.number != events_seen_ + 1) breakers_known_ = false;
    events_seen_ = event.number;
    if (event.kind == "breaker") look_at_breaker(event);
    if (event.text.find(" broke the protocol: ") != std::string::npos) breaches_.push_back(event);
    peer_removed_ = peer_removed_ || event.cause == "peer_removed";
    const bool accused =
        event.kind == "peer_state" && (event.text.ends_with("is suspect") || event.text.ends_with("is unreachable"));
    if (accused) accusations_.push_back(event);
    if (accused && calm) {
      add(Invariant::accuracy, event.peer.text(),
          event.text + " (" + std::string{event.cause} + "), and nothing happened to it");
    }
  }
}

// The text of a breaker's event is "<whose>: <state>".
void NodeWatch::look_at_breaker(const Event& event) {
  const std::size_t colon = event.text.rfind(": ");
  if (colon == std::string::npos) return;
  const std::string name = event.text.substr(0, colon);
  const std::string to = event.text.substr(colon + 2);
  if (!breakers_known_) {
    breakers_.clear();
    breakers_known_ = true;
  }
  const auto [entry, fresh] = breakers_.try_emplace({event.peer.text(), name}, "closed");
  const bool unsure = fresh && event.number > 64;  // its beginning may have been missed
  if (!unsure && !breaker_may_go(entry->second, to)) {
    add(Invariant::breaker, event.peer.text(),
        name + " went from " + entry->second + " to " + to + " (" + std::string{event.cause} + ')');
  }
  entry->second = to;
}

}  // namespace hawser::sim
