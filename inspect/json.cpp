#include <hawser/inspect/json.hpp>

#include <hawser/inspect/log_line.hpp>

// Apart, since clang-format takes every json.hpp for the header of this file.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <tuple>
#include <utility>
#include <vector>

namespace hawser {
namespace {

// Keeps fields in the order in which they are written, which is the order in which they are read by people.
using Json = nlohmann::ordered_json;

constexpr double phi_shown_max = 1e6;

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "0x%016llx", static_cast<unsigned long long>(number));
  return text.data();
}

Json due(const std::optional<Instant>& at) {
  if (!at || *at == never) return nullptr;
  return to_us(*at);
}

Json json(const Reason& reason) {
  return {{"since_us", to_us(reason.since)},
          {"cause", reason.cause},
          {"detail", reason.detail},
          {"next_at_us", due(reason.next_at)}};
}

Json json(const IntakeSnapshot& intake) {
  Json rejected = Json::object();
  for (std::size_t reason = 0; reason < shed_reasons; ++reason) {
    rejected[std::string{to_string(static_cast<ShedReason>(reason))}] = intake.rejected[reason];
  }
  return {{"guards", intake.guards},
          {"sheds", intake.sheds},
          {"observes", intake.observes},
          {"level", intake.level},
          {"reason", json(intake.reason)},
          {"pressure", intake.pressure},
          {"priority_min", intake.priority_min},
          {"turned_away", intake.turned_away},
          {"line", intake.sheds ? json(intake.line_reason) : Json(nullptr)},
          {"places", intake.places},
          {"taken", intake.taken},
          {"waiting", intake.waiting},
          {"service_us", to_us(intake.service)},
          {"admitted", intake.admitted},
          {"rejected", std::move(rejected)}};
}

Json json(const LedgerCount& count) { return {{"messages", count.messages}, {"bytes", count.bytes}}; }

Json json(const LedgerRow& row) {
  Json outcomes = Json::object();
  for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
    if (row.outcomes[kind] == LedgerCount{}) continue;
    outcomes[std::string{to_string(static_cast<OutcomeKind>(kind))}] = json(row.outcomes[kind]);
  }
  Json causes = Json::object();
  for (std::size_t cause = 0; cause < cause_count; ++cause) {
    if (row.causes[cause] == 0) continue;
    causes[std::string{to_string(static_cast<Cause>(cause))}] = row.causes[cause];
  }
  return {{"submitted", json(row.submitted)}, {"held", json(row.held)},     {"outcomes", std::move(outcomes)},
          {"causes", std::move(causes)},      {"balanced", row.balanced()}, {"imbalance", row.imbalance()}};
}

Json json(const BreakerSnapshot& breaker) {
  return {{"state", breaker.state}, {"reason", json(breaker.reason)}, {"opened", breaker.opened}};
}

Json json(const LaneSnapshot& lane) {
  return {{"lane", to_string(lane.lane)},
          {"state", to_string(lane.state)},
          {"reason", json(lane.reason)},
          {"dials", lane.dials},
          {"next_delay_max_us", to_us(lane.next_delay_max)},
          {"unacknowledged_bytes", lane.unacknowledged_bytes}};
}

Json json(const GroupSnapshot& group) {
  return {{"group", group.group},
          {"held_messages", group.held_messages},
          {"held_bytes", group.held_bytes},
          {"turned_away", group.turned_away}};
}

Json json(const ChannelSnapshot& channel) {
  Json groups = Json::array();
  for (const GroupSnapshot& group : channel.groups) groups.push_back(json(group));
  return {{"type", hexadecimal(to_number(channel.type))},
          {"name", channel.name},
          {"replies", channel.replies},
          {"lane", to_string(channel.lane)},
          {"queued_messages", channel.queued_messages},
          {"sent_messages", channel.sent_messages},
          {"oldest_age_us", to_us(channel.oldest_age)},
          {"borrowed_bytes", channel.borrowed_bytes},
          {"groups", std::move(groups)},
          {"breaker", json(channel.breaker)},
          {"ledger", json(channel.ledger)}};
}

Json json(const InboundSnapshot& inbound) {
  Json verdicts = Json::object();
  for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
    if (inbound.verdicts[kind] == 0) continue;
    verdicts[std::string{to_string(static_cast<OutcomeKind>(kind))}] = inbound.verdicts[kind];
  }
  return {{"type", hexadecimal(to_number(inbound.type))},
          {"name", inbound.name},
          {"received", inbound.received},
          {"duplicates", inbound.duplicates},
          {"queued_messages", inbound.queued_messages},
          {"held_bytes", inbound.held_bytes},
          {"promised_bytes", inbound.promised_bytes},
          {"borrowed_bytes", inbound.borrowed_bytes},
          {"verdicts", std::move(verdicts)}};
}

Json json(const DetectorRecord& record) {
  return {{"suspicions", record.suspicions},
          {"mistakes", record.mistakes},
          {"mistakes_promised", record.promised},
          {"mistaken_us", to_us(record.mistaken)},
          {"watched_us", to_us(record.watched)},
          {"accuracy", record.accuracy()},
          {"detection_us", to_us(record.detection)},
          {"detected_us", to_us(record.detected)},
          {"interval_mean_us", to_us(record.mean)},
          {"interval_deviation_us", to_us(record.deviation)},
          {"interval_longest_us", to_us(record.longest)}};
}

// What belongs to a peer or a node can be left out where it is not wanted: its channels, its peers.
enum class Rows : unsigned char { none, all };
Json json(const PeerSnapshot& peer, Rows rows = Rows::all);
Json json(const ViewMemberSnapshot& member);
Json json(const Event& event);

template <typename Row>
Json list(const std::vector<Row>& rows) {
  Json out = Json::array();
  for (const Row& row : rows) out.push_back(json(row));
  return out;
}

Json json(const PeerSnapshot& peer, Rows rows) {
  const PeerHealth& health = peer.health;
  const double phi = std::isfinite(health.phi) ? std::clamp(health.phi, 0.0, phi_shown_max) : phi_shown_max;
  return {{"id", health.id.text()},
          {"endpoint", peer.endpoint.text()},
          {"state", to_string(health.state)},
          {"degraded", health.degraded},
          {"reason", json(health.reason)},
          {"phi", phi},
          {"round_trip_us", to_us(health.round_trip)},
          {"incarnation", std::to_string(to_number(health.incarnation))},
          {"flaps", health.flaps},
          {"breaker", json(health.breaker)},
          {"outbound_room", peer.outbound_room},
          {"inbound_room", peer.inbound_room},
          {"heartbeats_sent", peer.heartbeats_sent},
          {"heartbeats_answered", peer.heartbeats_answered},
          {"detector", json(peer.detector)},
          {"sessions", peer.sessions},
          {"session_age_us", to_us(peer.session_age)},
          {"lanes", list(peer.lanes)},
          {"channels", rows == Rows::all ? list(peer.channels) : Json::array()},
          {"inbound", rows == Rows::all ? list(peer.inbound) : Json::array()},
          {"ledger", json(peer.ledger)}};
}

Json json(const Event& event) {
  return {{"number", event.number},    {"at_us", to_us(event.at)}, {"kind", event.kind},
          {"peer", event.peer.text()}, {"cause", event.cause},     {"level", to_string(level_of(event))},
          {"text", event.text}};
}

Json json(const TransportStats& stats) {
  return {{"dials", stats.dials},
          {"connections_accepted", stats.connections_accepted},
          {"connections_refused", stats.connections_refused},
          {"connections_open", stats.connections_open},
          {"frames_in", stats.frames_in},
          {"frames_out", stats.frames_out},
          {"bytes_in", stats.bytes_in},
          {"bytes_out", stats.bytes_out},
          {"handshakes_failed", stats.handshakes_failed},
          {"frames_malformed", stats.frames_malformed}};
}

Json json(const Epoch& epoch) {
  return {{"counter", std::to_string(epoch.counter)},
          {"proposer", epoch.proposer},
          {"proposer_incarnation", std::to_string(to_number(epoch.proposer_incarnation))}};
}

Json json(const ViewMemberSnapshot& member) {
  return {{"id", member.id.text()}, {"incarnation", std::to_string(to_number(member.incarnation))}};
}

Json json(const NodeSnapshot& node, Rows rows = Rows::all) {
  return {{"id", node.id.text()},
          {"cluster", node.cluster},
          {"incarnation", std::to_string(to_number(node.incarnation))},
          {"endpoint", node.endpoint.text()},
          {"version", node.version},
          {"taken_at_us", to_us(node.taken_at)},
          {"started_at_us", to_us(node.started_at)},
          {"stance", to_string(node.stance)},
          {"stance_reason", json(node.stance_reason)},
          {"may_serve", node.may_serve()},
          {"lease_remaining_us", node.serving_until == never ? Json(nullptr) : Json(to_us(node.lease_remaining()))},
          {"epoch", json(node.epoch)},
          {"view", list(node.view)},
          {"view_settled", node.view_settled},
          {"strategy", node.strategy},
          {"peers", rows == Rows::all ? list(node.peers) : Json::array()},
          {"ledger", json(node.ledger)},
          {"held_bytes", node.held_bytes},
          {"outbound_room", node.outbound_room},
          {"inbound_room", node.inbound_room},
          {"transport", json(node.transport)},
          {"frames_rejected", node.frames_rejected},
          {"sessions_refused", node.sessions_refused},
          {"loop_lag_us", to_us(node.loop_lag)},
          {"local_health", json(node.local_health)},
          {"stalls", node.stalls},
          {"intake", node.intake ? json(*node.intake) : Json(nullptr)},
          {"events", rows == Rows::all ? list(node.events) : Json::array()}};
}

std::string written(const Json& value, JsonStyle style) {
  return value.dump(style == JsonStyle::pretty ? 2 : -1, ' ', false, Json::error_handler_t::replace);
}

// Whose view it is stands on top of everything.
Json head(const NodeSnapshot& node) {
  return {{"api", api_version},
          {"node", node.id.text()},
          {"cluster", node.cluster},
          {"incarnation", std::to_string(to_number(node.incarnation))},
          {"taken_at_us", to_us(node.taken_at)}};
}

bool wanted(const PeerSnapshot& peer, const std::optional<NodeId>& only) { return !only || peer.health.id == *only; }

Json status(const NodeSnapshot& snapshot) {
  Json out = head(snapshot);
  Json node = json(snapshot, Rows::none);
  node.erase("peers");
  node.erase("events");
  out["ready"] = serving(snapshot);
  Json states = Json::object();
  for (const PeerState state : {PeerState::connecting, PeerState::up, PeerState::suspect, PeerState::unreachable}) {
    states[std::string{to_string(state)}] = std::count_if(
        snapshot.peers.begin(), snapshot.peers.end(),
        [&](const PeerSnapshot& peer) { return peer.health.state == state && peer.health.id != snapshot.id; });
  }
  out["peers"] = std::move(states);
  for (auto& [key, value] : node.items()) {
    if (!out.contains(key)) out[key] = std::move(value);
  }
  return out;
}

Json peer_rows(const NodeSnapshot& snapshot, const std::optional<NodeId>& only) {
  Json rows = Json::array();
  for (const PeerSnapshot& peer : snapshot.peers) {
    if (!wanted(peer, only)) continue;
    Json row = json(peer, Rows::none);
    row.erase("channels");
    row.erase("inbound");
    rows.push_back(std::move(row));
  }
  return rows;
}

// How much there is to worry about a channel: that it stands still first, then what waits, then what was lost.
std::tuple<bool, Duration, std::uint64_t> worry(const ChannelSnapshot& channel) {
  const std::uint64_t delivered = channel.ledger.outcomes[static_cast<std::size_t>(OutcomeKind::delivered)].messages;
  return {channel.breaker.state != "closed", channel.oldest_age,
          channel.ledger.submitted.messages - channel.ledger.held.messages - delivered};
}

Json of_channel(const PeerSnapshot& peer, Json row_of_peer) {
  Json row = {{"peer", peer.health.id.text()}};
  row.update(row_of_peer);
  return row;
}

}  // namespace

std::string status_json(const NodeSnapshot& snapshot) { return written(status(snapshot), JsonStyle::line); }

std::string peers_json(const NodeSnapshot& snapshot, const std::optional<NodeId>& only) {
  Json out = head(snapshot);
  out["peers"] = peer_rows(snapshot, only);
  return written(out, JsonStyle::line);
}

std::string stream_json(const NodeSnapshot& snapshot, std::size_t channels_max) {
  struct Row {
    const PeerSnapshot* peer;
    const ChannelSnapshot* channel;
  };
  std::vector<Row> rows;
  for (const PeerSnapshot& peer : snapshot.peers) {
    for (const ChannelSnapshot& channel : peer.channels) rows.push_back({&peer, &channel});
  }
  const std::size_t shown = std::min(rows.size(), channels_max);
  // Of equals the order of the snapshot holds, so that rows do not dance.
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return worry(*a.channel) > worry(*b.channel); });
  Json channels = Json::array();
  for (std::size_t i = 0; i < shown; ++i) channels.push_back(of_channel(*rows[i].peer, json(*rows[i].channel)));
  Json out = head(snapshot);
  out["status"] = status(snapshot);
  out["peers"] = peer_rows(snapshot, {});
  out["channels"] = std::move(channels);
  out["channels_total"] = rows.size();
  return written(out, JsonStyle::line);
}

std::string channels_json(const NodeSnapshot& snapshot, const std::optional<NodeId>& only) {
  Json out = head(snapshot);
  Json channels = Json::array();
  Json inbound = Json::array();
  for (const PeerSnapshot& peer : snapshot.peers) {
    if (!wanted(peer, only)) continue;
    for (const ChannelSnapshot& channel : peer.channels) channels.push_back(of_channel(peer, json(channel)));
    for (const InboundSnapshot& row : peer.inbound) inbound.push_back(of_channel(peer, json(row)));
  }
  out["channels"] = std::move(channels);
  out["inbound"] = std::move(inbound);
  return written(out, JsonStyle::line);
}

std::string events_json(const NodeSnapshot& snapshot, std::uint64_t since) {
  Json out = head(snapshot);
  Json events = Json::array();
  for (const Event& event : snapshot.events) {
    if (event.number > since) events.push_back(json(event));
  }
  out["events"] = std::move(events);
  return written(out, JsonStyle::line);
}

std::string json_head(const NodeSnapshot& snapshot) {
  std::string text = written(head(snapshot), JsonStyle::line);
  text.pop_back();
  return text;
}

bool serving(const NodeSnapshot& snapshot) noexcept {
  return snapshot.stance == Stance::serving && snapshot.may_serve();
}

std::string to_json(const NodeSnapshot& snapshot, JsonStyle style) { return written(json(snapshot), style); }
std::string to_json(const Event& event, JsonStyle style) { return written(json(event), style); }

}  // namespace hawser
