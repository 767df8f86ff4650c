#include "demo_stage.hpp"

#include <algorithm>

namespace hawser::tools {
namespace {

// What an event says a peer or a breaker has become: the last word of its sentence, or the one behind `is`.
void add_states_told(const EventSight& event, std::set<std::string>& into) {
  const std::string_view text{event.text};
  into.insert(std::string{text.substr(text.rfind(' ') + 1)});
  const std::size_t is = text.find(" is ");
  if (is == std::string_view::npos) return;
  const std::string_view rest = text.substr(is + 4);
  into.insert(std::string{rest.substr(0, rest.find_first_of(" ,(;"))});
}

}  // namespace

std::string_view to_string(Life life) noexcept {
  switch (life) {
    case Life::running:
      return "running";
    case Life::paused:
      return "paused";
    case Life::killed:
      return "killed";
    case Life::stopped:
      return "stopped";
  }
  return "?";
}

Stage::Stage(std::vector<std::string> nodes) : nodes_(std::move(nodes)) {
  for (const std::string& id : nodes_) actors_[id];
}

std::vector<std::string> Stage::observers_of(std::string_view id) const {
  std::vector<std::string> observers;
  for (const std::string& node : nodes_) {
    if (node != id && actors_.at(node).life == Life::running) observers.push_back(node);
  }
  return observers;
}

void Stage::observe(NodeSight sight) {
  const auto found = actors_.find(sight.id);
  if (found == actors_.end()) return;
  Actor& actor = found->second;
  for (const PeerSight& peer : sight.peers) {
    Watched& watched = actor.peers[peer.id];
    watched.states.insert(peer.state);
    watched.breakers.insert(peer.breaker);
    watched.delays.insert(peer.next_delay_max_us);
  }
  for (const EventSight& event : sight.events) {
    actor.events.insert(event.kind);
    actor.events.insert(event.kind + ' ' + event.cause);
    for (const std::string& member : nodes_) {
      if (event.removed(member)) actor.removed.insert(member);
    }
    if (event.kind == "peer_state") add_states_told(event, actor.peers[event.peer].states);
    // A breaker of one type names the type instead.
    if (event.kind == "breaker" && event.text.starts_with(event.peer + ":"))
      add_states_told(event, actor.peers[event.peer].breakers);
  }
  actor.latest = std::move(sight);
  actor.seen = true;
}

void Stage::set_life(const std::string& id, Life life) {
  Actor& actor = actors_.at(id);
  if (life == Life::killed && actor.seen) lost_books_.emplace_back(id, actor.latest.ledger);
  if (life == Life::running && actor.life == Life::killed) actor = Actor{};
  actor.life = life;
}

const NodeSight* Stage::sight(const std::string& id) const {
  const Actor& actor = actors_.at(id);
  return actor.seen ? &actor.latest : nullptr;
}

const PeerSight* Stage::view(const std::string& observer, const std::string& peer) const {
  const NodeSight* const node = sight(observer);
  return node == nullptr ? nullptr : node->peer(peer);
}

void Stage::mark() {
  for (auto& [id, actor] : actors_) {
    actor.events.clear();
    actor.removed.clear();
    actor.peers.clear();
    for (const PeerSight& peer : actor.latest.peers) {
      actor.peers[peer.id] = {{}, {}, {peer.next_delay_max_us}, peer.dials, peer.incarnation, peer.ledger.outcomes};
    }
  }
}

const Stage::Watched* Stage::watched(const std::string& observer, const std::string& peer) const {
  const Actor& actor = actors_.at(observer);
  const auto found = actor.peers.find(peer);
  return found == actor.peers.end() ? nullptr : &found->second;
}

std::uint64_t Stage::since_mark(const std::string& observer, const std::string& peer,
                                const std::string& outcome) const {
  const PeerSight* const now = view(observer, peer);
  const Watched* const then = watched(observer, peer);
  if (now == nullptr || then == nullptr) return 0;
  return count_of(now->ledger.outcomes, outcome) - count_of(then->outcomes_at_mark, outcome);
}

bool Stage::was_state(const std::string& observer, const std::string& peer, const std::string& state) const {
  const Watched* const seen = watched(observer, peer);
  return seen != nullptr && seen->states.contains(state);
}

bool Stage::was_breaker(const std::string& observer, const std::string& peer, const std::string& state) const {
  const Watched* const seen = watched(observer, peer);
  return seen != nullptr && seen->breakers.contains(state);
}

bool Stage::logged(const std::string& node, const std::string& kind) const {
  return actors_.at(node).events.contains(kind);
}

bool Stage::logged(const std::string& node, const std::string& kind, const std::string& cause) const {
  return actors_.at(node).events.contains(kind + ' ' + cause);
}

bool Stage::told_removed(const std::string& node, const std::string& member) const {
  return actors_.at(node).removed.contains(member);
}

std::uint64_t Stage::dials(const std::string& observer, const std::string& peer) const {
  const PeerSight* const now = view(observer, peer);
  const Watched* const then = watched(observer, peer);
  return now == nullptr || then == nullptr ? 0 : now->dials - then->dials_at_mark;
}

std::int64_t Stage::delay_growth(const std::string& observer, const std::string& peer) const {
  const Watched* const seen = watched(observer, peer);
  if (seen == nullptr || seen->delays.empty()) return 0;
  return *seen->delays.rbegin() / std::max<std::int64_t>(*seen->delays.begin(), 1);
}

std::string Stage::incarnation_at_mark(const std::string& observer, const std::string& peer) const {
  const Watched* const seen = watched(observer, peer);
  return seen == nullptr ? std::string{} : seen->incarnation_at_mark;
}

}  // namespace hawser::tools
