#include "node_reload.hpp"

#include <hawser/interconnect/config_keys.hpp>

#include <algorithm>

namespace hawser::tools {
namespace {

const PeerConfig* find_peer(const std::vector<PeerConfig>& peers, const NodeId& id) {
  const auto found = std::find_if(peers.begin(), peers.end(), [&](const PeerConfig& peer) { return peer.id == id; });
  return found == peers.end() ? nullptr : &*found;
}

std::string listed(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool same_types(const Config& one, const Config& other) {
  const auto differs = [](const Config& a, const Config& b) {
    return std::any_of(a.types.begin(), a.types.end(), [&](const auto& type) {
      if (!b.types.contains(type.first)) return true;
      return std::any_of(config_keys().begin(), config_keys().end(), [&](const ConfigKey& key) {
        return key.name.starts_with("types.*.") && key.get(a, type.first) != key.get(b, type.first);
      });
    });
  };
  return !differs(one, other) && !differs(other, one);
}

}  // namespace

Reload compare(const Config& current, const Config& wanted) {
  Reload change;
  for (const ConfigKey& key : config_keys()) {
    if (key.name.starts_with("types.") || key.get(current, {}) == key.get(wanted, {})) continue;
    (key.name.starts_with("log.") ? change.log : change.restart).push_back(key.name);
  }
  for (const PeerConfig& peer : wanted.peers) {
    const PeerConfig* const known = find_peer(current.peers, peer.id);
    if (known == nullptr) {
      change.added.push_back(peer);
    } else if (!(known->endpoint == peer.endpoint)) {
      change.moved.push_back(peer);
    }
  }
  for (const PeerConfig& peer : current.peers) {
    if (find_peer(wanted.peers, peer.id) == nullptr) change.removed.push_back(peer.id);
  }
  if (current.strategy != Strategy::none && !(change.added.empty() && change.removed.empty())) {
    change.added.clear();
    change.removed.clear();
    change.restart.emplace_back("peers");
  }
  change.types = !same_types(current, wanted);
  return change;
}

std::string Reload::sentence() const {
  std::vector<std::string> done = log;
  for (const PeerConfig& peer : added) done.push_back("peer " + peer.id.text() + " added");
  for (const NodeId& id : removed) done.push_back("peer " + id.text() + " removed");
  for (const PeerConfig& peer : moved) done.push_back("peer " + peer.id.text() + " is at " + peer.endpoint.text());
  if (types) done.emplace_back("types (bounds at once, the rest for channels that nobody has used)");
  std::string text = done.empty() ? "nothing was changed" : "in force now: " + listed(done);
  if (!restart.empty()) text += "; needs a restart: " + listed(restart);
  return text;
}

void apply(const Reload& change, const Config& wanted, Node& node) {
  for (const NodeId& id : change.removed) node.remove_peer(id);
  for (const PeerConfig& peer : change.added) node.add_peer(peer);
  for (const PeerConfig& peer : change.moved) node.set_endpoint(peer.id, peer.endpoint);
  if (change.types) node.set_type_overrides(wanted.types);
}

void keep(const Reload& change, const Config& wanted, Config& current) {
  current.log = wanted.log;
  current.types = wanted.types;
  for (const NodeId& id : change.removed) {
    std::erase_if(current.peers, [&](const PeerConfig& peer) { return peer.id == id; });
  }
  current.peers.insert(current.peers.end(), change.added.begin(), change.added.end());
  for (PeerConfig& peer : current.peers) {
    if (const PeerConfig* const moved = find_peer(change.moved, peer.id)) peer.endpoint = moved->endpoint;
  }
}

}  // namespace hawser::tools
