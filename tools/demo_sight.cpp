#include "demo_sight.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace hawser::tools {
namespace {

using Json = nlohmann::json;

LedgerSight ledger_of(const Json& json) {
  LedgerSight ledger;
  ledger.submitted = json.at("submitted").at("messages").get<std::uint64_t>();
  ledger.held = json.at("held").at("messages").get<std::uint64_t>();
  for (const auto& [kind, count] : json.at("outcomes").items()) {
    ledger.outcomes[kind] = count.at("messages").get<std::uint64_t>();
  }
  for (const auto& [cause, count] : json.at("causes").items()) ledger.causes[cause] = count.get<std::uint64_t>();
  ledger.balanced = json.at("balanced").get<bool>();
  return ledger;
}

PeerSight peer_of(const Json& json) {
  PeerSight peer;
  peer.id = json.at("id").get<std::string>();
  peer.state = json.at("state").get<std::string>();
  peer.cause = json.at("reason").at("cause").get<std::string>();
  peer.phi = json.at("phi").get<double>();
  peer.incarnation = json.at("incarnation").get<std::string>();
  peer.breaker = json.at("breaker").at("state").get<std::string>();
  peer.breaker_cause = json.at("breaker").at("reason").at("cause").get<std::string>();
  for (const Json& channel : json.at("channels")) {
    const auto state = channel.at("breaker").at("state").get<std::string>();
    if (state != "closed") peer.channel_breakers.push_back(channel.at("name").get<std::string>() + " " + state);
  }
  for (const Json& lane : json.at("lanes")) {
    if (lane.at("lane") != "control") continue;
    peer.dials = lane.at("dials").get<std::uint64_t>();
    peer.next_delay_max_us = lane.at("next_delay_max_us").get<std::int64_t>();
  }
  peer.ledger = ledger_of(json.at("ledger"));
  return peer;
}

EventSight event_of(const Json& json) {
  return {json.at("number").get<std::uint64_t>(), json.at("kind").get<std::string>(),
          json.at("peer").get<std::string>(),     json.at("cause").get<std::string>(),
          json.at("text").get<std::string>(),     json.at("at_us").get<std::int64_t>()};
}

}  // namespace

std::uint64_t count_of(const Counts& counts, const std::string& word) {
  const auto found = counts.find(word);
  return found == counts.end() ? 0 : found->second;
}

std::uint64_t LedgerSight::ended() const {
  std::uint64_t sum = 0;
  for (const auto& [kind, count] : outcomes) sum += count;
  return sum;
}

LedgerSight& LedgerSight::operator+=(const LedgerSight& other) {
  submitted += other.submitted;
  held += other.held;
  for (const auto& [kind, count] : other.outcomes) outcomes[kind] += count;
  for (const auto& [cause, count] : other.causes) causes[cause] += count;
  balanced = balanced && other.balanced;
  return *this;
}

// `epoch 2/0/77 is {n1, n2, n6}, removed {n4, n5}, joined {n6}`
bool EventSight::removed(std::string_view id) const {
  constexpr std::string_view word = ", removed {";
  const std::size_t from = text.find(word);
  if (kind != "view" || from == std::string::npos) return false;
  std::string_view names = std::string_view{text}.substr(from + word.size());
  names = names.substr(0, names.find('}'));
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(", "), names.size());
    if (names.substr(0, end) == id) return true;
    names.remove_prefix(std::min(end + 2, names.size()));
  }
  return false;
}

const PeerSight* NodeSight::peer(std::string_view wanted) const noexcept {
  for (const PeerSight& each : peers) {
    if (each.id == wanted) return &each;
  }
  return nullptr;
}

std::optional<NodeSight> read_sight(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  try {
    NodeSight node;
    node.id = json.at("id").get<std::string>();
    node.incarnation = json.at("incarnation").get<std::string>();
    node.stance = json.at("stance").get<std::string>();
    node.stance_cause = json.at("stance_reason").at("cause").get<std::string>();
    node.may_serve = json.at("may_serve").get<bool>();
    node.epoch = json.at("epoch").at("counter").get<std::string>();
    for (const Json& member : json.at("view")) node.view.push_back(member.at("id").get<std::string>());
    node.settled = json.at("view_settled").get<bool>();
    for (const Json& peer : json.at("peers")) node.peers.push_back(peer_of(peer));
    node.ledger = ledger_of(json.at("ledger"));
    for (const Json& event : json.at("events")) node.events.push_back(event_of(event));
    return node;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace hawser::tools
