// A snapshot with something in every corner: a peer that is up, one that is not, traffic both ways, a view.
#pragma once

#include <hawser/interconnect/snapshot.hpp>

#include <string>

namespace hawser::test {

inline ChannelSnapshot shown_channel(std::string name, TypeId type, bool replies = false) {
  ChannelSnapshot channel;
  channel.type = type;
  channel.name = std::move(name);
  channel.replies = replies;
  channel.ledger.submit(100);
  channel.ledger.submit(50);
  channel.ledger.submit(25);
  channel.ledger.end({OutcomeKind::delivered, Cause::none, std::nullopt}, 100);
  channel.ledger.end({OutcomeKind::unreachable, Cause::silent, std::nullopt}, 50);
  channel.queued_messages = 1;
  channel.oldest_age = Duration{1'250'000};
  return channel;
}

inline PeerSnapshot shown_peer(const std::string& id, PeerState state, std::string_view cause) {
  PeerSnapshot peer;
  peer.health.id = id;
  peer.health.state = state;
  peer.health.reason = {instant_from_us(4'000'000), cause, "for a reason", instant_from_us(6'000'000)};
  peer.health.breaker.state = state == PeerState::up ? "closed" : "open";
  peer.heartbeats_sent = 10;
  for (const LaneClass lane : {LaneClass::control, LaneClass::ordinary, LaneClass::bulk}) {
    LaneSnapshot row;
    row.lane = lane;
    row.state = lane == LaneClass::bulk ? LaneState::idle : LaneState::open;
    row.dials = 3;
    peer.lanes.push_back(row);
  }
  peer.channels.push_back(shown_channel("Order", TypeId{7}));
  peer.channels.push_back(shown_channel("Order", TypeId{7}, true));
  for (const ChannelSnapshot& channel : peer.channels) peer.ledger += channel.ledger;
  InboundSnapshot inbound;
  inbound.type = TypeId{7};
  inbound.name = "Order";
  inbound.verdicts[0] = 5;
  inbound.verdicts[static_cast<std::size_t>(OutcomeKind::expired)] = 2;
  peer.inbound.push_back(inbound);
  return peer;
}

inline NodeSnapshot shown_node() {
  NodeSnapshot node;
  node.id = "n1";
  node.cluster = "orders";
  node.incarnation = Incarnation{3};
  node.endpoint = {"127.0.0.1", 7001};
  node.version = "0.1.0";
  node.started_at = instant_from_us(1'000'000);
  node.taken_at = instant_from_us(5'000'000);
  node.stance = Stance::serving;
  node.stance_reason = {instant_from_us(2'000'000), "view", "serves in a view", {}};
  node.epoch = {4, 1, Incarnation{3}};
  node.view = {{"n1", Incarnation{3}}, {"n2", Incarnation{1}}};
  node.view_settled = true;
  node.serving_until = instant_from_us(5'750'000);
  node.strategy = "keep_majority";
  node.local_health = {instant_from_us(4'500'000), "late", {}, {}};
  node.stalls = 2;
  IntakeSnapshot& intake = node.intake.emplace();
  intake.guards = intake.sheds = true;
  intake.level = "limit";
  intake.reason = {instant_from_us(4'600'000), "loop_lag", {}, {}};
  intake.pressure = 640;
  intake.priority_min = 4;
  intake.turned_away = 9;
  intake.line_reason = {instant_from_us(4'700'000), "cannot_finish", {}, {}};
  intake.places = 16;
  intake.taken = 15;
  intake.waiting = 3;
  intake.service = Duration{12'000};
  intake.admitted = 70;
  intake.rejected[static_cast<std::size_t>(ShedReason::cannot_finish)] = 5;
  node.peers.push_back(shown_peer("n2", PeerState::up, "answers"));
  node.peers.push_back(shown_peer("n3", PeerState::unreachable, "silent"));
  node.peers[1].health.phi = 12.5;
  node.peers[1].detector = {3, 2, 0.5, Duration{500'000}, Duration{2'000'000}, Duration{0}, Duration{800'000}};
  for (const PeerSnapshot& peer : node.peers) node.ledger += peer.ledger;
  node.events.push_back({41, instant_from_us(3'000'000), "session", "n2", "agreed", "a session with n2"});
  node.events.push_back({42, instant_from_us(4'000'000), "peer_state", "n3", "silent", "n3 is unreachable"});
  return node;
}

}  // namespace hawser::test
