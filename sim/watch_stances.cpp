// The part of the watch that asks who serves.
#include <hawser/interconnect/config_isolation.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/sim/watch.hpp>

#include <algorithm>

namespace hawser::sim {

// Nothing can have been told before the first event of the run is over but of a cluster of one, which is never cut.
void Watch::follow_stances(const std::string& name, Node& node) {
  std::vector<std::string> unread;
  stances_.begins(name, {node.id(), node.incarnation()}, node.members(), Coterie{coterie_of(node.config(), unread)},
                  isolation_settings(node.config()));
  node.on_view([this, name, &node](const ViewChange& change) {
    stances_.told(name, change);
    if (on_change_) on_change_(node, nullptr, &change);
  });
  node.on_stance([this, name, &node](const StanceChange& change) {
    stances_.told(name, change, calm());
    if (on_change_) on_change_(node, &change, nullptr);
  });
}

// (d) and (e) hang on who has been silent to whom for how long. That changes only where follow_pairs() has been, which
// is after every event in which it can; so it is known beforehand when one of them may be broken, and until then a
// comparison after every event is as good as a look.
void Watch::plan_stances() {
  parted_.clear();
  detection_ = Duration::zero();
  for (const Followed& each : followed_) {
    const Node* const node = each.seen->alive ? world_.node_if(*each.name) : nullptr;
    if (node == nullptr) continue;
    detection_ =
        std::max({detection_, each.seen->detection, suspicion_bound(node->config().detector, options_.jitter)});
  }
  detection_ += books_.lateness().base_delay;
  for (const Followed& own : followed_) {
    if (!own.seen->gated || !own.seen->alive) continue;
    const Node* const node = world_.node_if(*own.name);
    if (node == nullptr) continue;
    const auto since = [&](const NodeId& peer) { return pairs_.silent_since(*own.name, peer.text()); };
    own.seen->reached_until = own.seen->arbited ? world_never : stances_.reached_until(*own.name, since);
    own.seen->quiet_after = stances_.quiet_after(*own.name, detection_);
    for (const Followed& other : followed_) {
      if (other.seen == own.seen || !other.seen->gated || !other.seen->alive) continue;
      const WorldTime silent = since(NodeId{*other.name});
      if (silent != world_never) parted_.push_back({own.seen, other.seen, silent});
    }
  }
}

void Watch::look_at_stances() {
  const WorldTime now = world_.now();
  const Followed* first = nullptr;
  Epoch epoch;
  bool apart = false;
  Duration quiet_after = forever;
  for (const Followed& each : followed_) {
    Seen& seen = *each.seen;
    if (!seen.gated || !seen.alive) continue;
    const Node* const node = world_.node_if(*each.name);
    if (node == nullptr) continue;
    const Permission permission = node->may_serve();
    stances_.may_serve(*each.name, permission);
    seen.serves = static_cast<bool>(permission);
    if (!permission) continue;
    if (seen.arbited || now > seen.reached_until) look_at_quorum(*each.name, seen.arbited);
    if (first == nullptr) {
      first = &each;
      epoch = permission.epoch;
    }
    apart = apart || permission.epoch != epoch;
    quiet_after = std::min(quiet_after, seen.quiet_after);
  }
  for (const Followed& each : followed_) {
    if (each.seen->serves) stances_.serves(*each.name);
  }
  if (first == nullptr || quiet_for() <= quiet_after) return;
  for (const Parted& pair : parted_) {
    apart = apart || (pair.observer->serves && pair.other->serves && now - pair.since > quiet_after);
  }
  if (apart && !hampered_or_lossy()) look_at_agreement();
}

Duration Watch::silent_for(const std::string& observer, const NodeId& peer) const {
  const WorldTime since = pairs_.silent_since(observer, peer.text());
  return since == world_never ? Duration::zero() : world_.now() - since;
}

void Watch::look_at_quorum(const std::string& name, bool arbited) {
  stances_.reaches(name, [&](const NodeId& peer) {
    if (arbited && peer.text() == "arbiter") return world_.arbiter().silent_for(world_.at_host(name).index());
    return silent_for(name, peer);
  });
}

// A link that opens late, since its dial was put off, moves views as a heal does.
Duration Watch::quiet_for() const {
  return world_.now() - std::max(world_.last_hardship(), world_.network().last_link_up());
}

void Watch::look_at_agreement() {
  stances_.quiet(quiet_for(), detection_,
                 [&](const std::string& observer, const NodeId& peer) { return silent_for(observer, peer); });
}

// Everybody runs again: then everybody who has a strategy serves, in one view. Nobody answers for those that run not.
Finding Watch::not_serving() {
  const Followed* first = nullptr;
  for (const Followed& each : followed_) {
    if (!each.seen->alive) return {};
  }
  for (const Followed& each : followed_) {
    const Node* const node = each.seen->gated ? world_.node_if(*each.name) : nullptr;
    if (node == nullptr) continue;
    const Permission now = node->may_serve();
    const auto wrong = [&](std::string text) { return Finding{Invariant::recovery, {*each.name}, std::move(text)}; };
    if (!now) {
      const NodeSnapshot shown = node->snapshot();
      return wrong(*each.name + " is " + std::string{to_string(shown.stance)} + " (" +
                   std::string{shown.stance_reason.cause} + ") and may not serve");
    }
    if (first == nullptr) first = &each;
    if (now.epoch == world_.node_if(*first->name)->may_serve().epoch) continue;
    return wrong(*each.name + " and " + *first->name + " serve in different views");
  }
  return {};
}

bool Watch::hampered_or_lossy() const {
  if (world_.arbiter().hampered()) return true;
  for (const std::string& from : names_) {
    const Host& host = world_.at_host(from);
    if (host.paused() || host.hampered()) return true;
    for (const std::string& to : names_) {
      const Rule& rule = world_.network().rule(host.index(), world_.at_host(to).index());
      if (from != to && (rule.loses() || rule.tampers() || rule.gateway != 0)) return true;
    }
  }
  return false;
}

}  // namespace hawser::sim
