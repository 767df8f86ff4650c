// Peers and the lanes to them.
#include <hawser/inspect/metric_family.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace hawser {
namespace {

using Page = MetricPage;

constexpr double phi_shown_max = 1e6;
constexpr std::array<std::string_view, 6> breaker_states{"closed",  "open",        "half_open",
                                                         "ramping", "forced_open", "disabled"};

void write_states(Page& page) {
  for (const auto& [peer, labels] : page.peers()) {
    for (const PeerState state : {PeerState::connecting, PeerState::up, PeerState::suspect, PeerState::unreachable}) {
      page.sample(labels, "state", to_string(state), peer->health.state == state);
    }
  }
}

void write_causes(Page& page) {
  for (const auto& [peer, labels] : page.peers()) page.sample(labels, "cause", peer->health.reason.cause, 1);
}

void write_breakers(Page& page) {
  for (const auto& [peer, labels] : page.peers()) {
    for (const std::string_view state : breaker_states) {
      page.sample(labels, "state", state, peer->health.breaker.state == state);
    }
  }
}

void write_rooms(Page& page) {
  for (const auto& [peer, labels] : page.peers()) {
    page.sample(labels, "direction", "outbound", peer->outbound_room);
    page.sample(labels, "direction", "inbound", peer->inbound_room);
  }
}

void write_round_trips(Page& page) {
  for (const auto& [peer, labels] : page.peers()) {
    if (peer->health.round_trip > Duration::zero()) page.sample(labels, peer->health.round_trip);
  }
}

// Of its channels one by one, so that two mistakes cannot hide each other.
std::int64_t imbalance(const PeerSnapshot& peer) {
  std::int64_t sum = 0;
  for (const ChannelSnapshot& channel : peer.channels) sum += std::abs(channel.ledger.imbalance());
  return std::max(sum, std::abs(peer.ledger.imbalance()));
}

void write_lane_states(Page& page) {
  for (const auto& [lane, labels] : page.lanes()) {
    for (const LaneState state :
         {LaneState::idle, LaneState::waiting, LaneState::dialling, LaneState::greeting, LaneState::open}) {
      page.sample(labels, "state", to_string(state), lane->state == state);
    }
  }
}

double phi_of(const PeerSnapshot& peer) {
  const double phi = peer.health.phi;
  return std::isfinite(phi) ? std::clamp(phi, 0.0, phi_shown_max) : phi_shown_max;
}

constexpr std::array<MetricFamily, 26> of_peers{{
    {"hawser_peer_state", "gauge", "peer state", "1 for the state of the peer: connecting, up, suspect or unreachable.",
     &write_states},
    {"hawser_peer_state_age_seconds", "gauge", "peer", "For how long it has had that state.",
     [](Page& page) {
       const Instant now = page.node().taken_at;
       page.each(page.peers(), [now](const PeerSnapshot& peer) { return now - peer.health.reason.since; });
     }},
    {"hawser_peer_cause", "gauge", "peer cause", "1 for the cause of that state.", &write_causes},
    {"hawser_peer_degraded", "gauge", "peer", "1 while it answers heartbeats and fails or crawls on real work.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.health.degraded; }); }},
    {"hawser_peer_phi", "gauge", "peer", "Suspicion: compare with detector.suspect and detector.unreachable.",
     [](Page& page) { page.each(page.peers(), &phi_of); }},
    {"hawser_peer_round_trip_seconds", "gauge", "peer",
     "Round trip of its heartbeats, smoothed; none before the first.", &write_round_trips},
    {"hawser_peer_heartbeats_sent_total", "counter", "peer", "Heartbeats sent to it.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.heartbeats_sent; }); }},
    {"hawser_peer_heartbeats_answered_total", "counter", "peer", "Heartbeats that it answered.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.heartbeats_answered; }); }},
    {"hawser_peer_heartbeat_seconds", "histogram", "peer",
     "Round trips of heartbeats that it answered, less the time for which it held the answer.",
     [](Page& page) {
       for (const auto& [peer, labels] : page.peers()) page.histogram(labels, peer->round_trips);
     }},
    {"hawser_peer_suspicions_total", "counter", "peer", "How often its silence raised suspicion.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.detector.suspicions; }); }},
    {"hawser_peer_mistakes_total", "counter", "peer", "Of these, how often it then answered, without an outage.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.detector.mistakes; }); }},
    {"hawser_peer_mistakes_promised", "gauge", "peer",
     "Mistakes that detector.suspect promises for as many replies: compare with those that were made.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.detector.promised; }); }},
    {"hawser_peer_mistake_seconds_total", "counter", "peer", "How long these mistakes lasted, all together.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.detector.mistaken; }); }},
    {"hawser_peer_accuracy", "gauge", "peer",
     "Share of the time in which it was up or suspect that no mistake was being made; 1 at best.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.detector.accuracy(); }); }},
    {"hawser_peer_detection_seconds", "gauge", "peer",
     "Silence after which it would be unreachable, as of now; 0 while it is not watched.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.detector.detection; }); }},
    {"hawser_peer_detected_seconds", "gauge", "peer",
     "Silence after which it last became unreachable; 0 when it never did.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.detector.detected; }); }},
    {"hawser_peer_flaps_total", "counter", "peer", "How often it was lost after it had been up.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.health.flaps; }); }},
    {"hawser_peer_sessions_total", "counter", "peer", "Sessions agreed with it.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.sessions; }); }},
    {"hawser_peer_session_age_seconds", "gauge", "peer", "Age of the session; 0 without one.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.session_age; }); }},
    {"hawser_peer_breaker_state", "gauge", "peer state",
     "1 for the state of its breaker: closed, open, half_open, ramping, forced_open or disabled.", &write_breakers},
    {"hawser_peer_breaker_opened_total", "counter", "peer", "How often that breaker opened.",
     [](Page& page) { page.each(page.peers(), [](const PeerSnapshot& peer) { return peer.health.breaker.opened; }); }},
    {"hawser_peer_room_bytes", "gauge", "peer direction",
     "Taken of bounds.peer_bytes: what is held, and what is kept for it.", &write_rooms},
    {"hawser_peer_ledger_imbalance_messages", "gauge", "peer",
     "Messages to it that were submitted and neither held nor ended: anything but 0 is a fault of the library.",
     [](Page& page) { page.each(page.peers(), &imbalance); }},
    {"hawser_lane_state", "gauge", "peer lane state",
     "1 for the state of the connection to it: idle, waiting, dialling, greeting or open.", &write_lane_states},
    {"hawser_lane_dials_total", "counter", "peer lane", "Attempts to open that connection.",
     [](Page& page) { page.each(page.lanes(), [](const LaneSnapshot& lane) { return lane.dials; }); }},
    {"hawser_lane_unacknowledged_bytes", "gauge", "peer lane", "Handed to the transport there and not acknowledged.",
     [](Page& page) { page.each(page.lanes(), [](const LaneSnapshot& lane) { return lane.unacknowledged_bytes; }); }},
}};

}  // namespace

std::span<const MetricFamily> peer_families() { return of_peers; }

}  // namespace hawser
