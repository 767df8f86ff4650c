// What the transport tells a node: links, connections, frames; and who is let in.
#include <hawser/base/mutant.hpp>
#include <hawser/interconnect/node_core.hpp>

#include <utility>

namespace hawser {

void NodeCore::turn_ended() {
  if (!transport_turn_) return;
  transport_turn_ = false;
  const auto keep = std::move(keep_);
  leave_turn();
}

// The events of one group share a turn, which turn_ended() closes.
void NodeCore::enter_transport_turn() {
  if (transport_turn_) return;
  keep_ = shared_from_this();
  transport_turn_ = true;
  enter_turn();
}

void NodeCore::link_up(LinkId link) {
  enter_transport_turn();
  const Link* found = links_.find(link);
  if (found == nullptr) return;
  const Link known = *found;  // a peer may dial or hang up, and then the table moves
  known.peer->link_up(known.lane, now_);
  mark_dirty(*known.peer);
}

void NodeCore::link_down(LinkId link, LinkFailure why, std::string_view detail) {
  enter_transport_turn();
  const Link* found = links_.find(link);
  if (found == nullptr) return;
  const Link lost = *found;
  links_.erase(link);
  lost.peer->link_down(lost.lane, why, detail, now_);
  mark_dirty(*lost.peer);
}

void NodeCore::link_writable(LinkId link) {
  enter_transport_turn();
  const Link* found = links_.find(link);
  if (found == nullptr) return;
  const Link known = *found;  // a peer may dial or hang up, and then the table moves
  known.peer->link_writable(known.lane, now_);
  mark_dirty(*known.peer);
}

void NodeCore::answer_received(LinkId link, BufferRef frame) {
  enter_transport_turn();
  const Link* found = links_.find(link);
  if (found == nullptr) return;
  std::string problem;
  Refusal refusal;
  const auto info = inspect_frame(frame.bytes(), problem);
  if (!info || info->kind != FrameKind::refusal || !decode(frame.bytes(), refusal, problem)) {
    ++frames_rejected_;
    return;
  }
  PeerCore& peer = *found->peer;
  peer.refused(found->lane, refusal, now_);
  mark_dirty(peer);
}

void NodeCore::connection_closed(ConnectionId connection) {
  enter_transport_turn();
  const Link* found = connections_.find(connection);
  if (found == nullptr) return;
  found->peer->connection_closed(found->lane, connection);
  connections_.erase(connection);
}

void NodeCore::frame_received(ConnectionId from, const PeerIdentity& identity, BufferRef frame) {
  enter_transport_turn();
  if (phase_ == Phase::stopped) return;
  std::string problem;
  const auto info = inspect_frame(frame.bytes(), problem);
  if (!info) {
    reject(from, RefusalReason::malformed, std::move(problem));
    return;
  }
  const Link* known = connections_.find(from);
  if (known == nullptr) {
    first_frame(from, identity, *info, frame);
    return;
  }
  const Link link = *known;
  bool quiet = false;
  if (link.peer->frame(link.lane, *info, frame, now_, problem, quiet)) {
    if (quiet) {
      mark_touched(*link.peer);
    } else {
      mark_dirty(*link.peer);
    }
    return;
  }
  ++frames_rejected_;
  event("refused", link.peer->id(), "malformed", link.peer->id().text() + " broke the protocol: " + problem);
  link.peer->connection_closed(link.lane, from);
  mark_dirty(*link.peer);
  Refusal refusal;
  refusal.reason = RefusalReason::malformed;
  refusal.text = std::move(problem);
  drop(from, refusal);
}

void NodeCore::first_frame(ConnectionId from, const PeerIdentity& identity, const FrameInfo& info,
                           const BufferRef& frame) {
  Hello hello;
  std::string problem;
  if (info.kind != FrameKind::hello || !decode(frame.bytes(), hello, problem)) {
    reject(from, RefusalReason::malformed, problem.empty() ? "a connection begins with a hello" : std::move(problem));
    return;
  }
  PeerCore* peer = nullptr;
  std::string text;
  RefusalReason reason = judge_hello(hello, identity, peer, text);
  if (reason == RefusalReason::none) {
    reason = peer->hello(from, hello, now_);
    if (reason == RefusalReason::stale_incarnation)
      text = "a newer process with the id " + hello.from.text() + " is known";
    if (reason == RefusalReason::stale_session) text = "a later session of " + hello.from.text() + " is known";
    if (reason == RefusalReason::malformed) text = "a data lane without a session";
    mark_dirty(*peer);
  }
  if (reason != RefusalReason::none) {
    reject(from, reason, std::move(text));
    return;
  }
  connections_.put(from, Link{peer, hello.lane});
}

RefusalReason NodeCore::judge_hello(const Hello& hello, const PeerIdentity& identity, PeerCore*& peer,
                                    std::string& text) {
  if (mutant(Mutant::hello_unchecked)) {
    peer = find(hello.from).get();
    return peer == nullptr ? RefusalReason::unknown_node : RefusalReason::none;
  }
  if (hello.cluster != config_.cluster) {
    text = "this is cluster '" + config_.cluster + "', the hello is from '" + hello.cluster + "'";
    return RefusalReason::wrong_cluster;
  }
  if (hello.from == config_.id) {
    text = "two processes have the node id " + config_.id.text();
    return RefusalReason::own_id;
  }
  if (hello.to != config_.id) {
    text = "this is " + config_.id.text() + ", the hello is for " + hello.to.text();
    return RefusalReason::not_addressed;
  }
  if (identity.name != hello.from.text()) {
    text = "the connection belongs to " + identity.name + ", the hello says " + hello.from.text();
    return RefusalReason::identity_mismatch;
  }
  peer = find(hello.from).get();
  if (peer == nullptr) {
    text = hello.from.text() + " is not a configured peer of " + config_.id.text();
    return RefusalReason::unknown_node;
  }
  if (!choose_version({hello.version_min, hello.version_max}, {})) {
    text = "no wire version in common";
    return RefusalReason::no_common_version;
  }
  if (hello.generation_digest != config_.generation_digest()) {
    text = "settings that must be equal on all nodes differ";
    return RefusalReason::config_mismatch;
  }
  if (phase_ == Phase::leaving) {
    text = config_.id.text() + " stops";
    return RefusalReason::stopping;
  }
  return RefusalReason::none;
}

void NodeCore::reject(ConnectionId from, RefusalReason reason, std::string text) {
  ++(reason == RefusalReason::malformed ? frames_rejected_ : sessions_refused_);
  event("refused", {}, to_string(reason), text);
  Refusal refusal;
  refusal.reason = reason;
  refusal.text = std::move(text);
  drop(from, refusal);
}

void NodeCore::drop(ConnectionId connection, const std::optional<Refusal>& reason) {
  connections_.erase(connection);
  if (transport_ == nullptr) return;
  if (reason) {
    Refusal said = *reason;
    said.from = config_.id;
    said.from_incarnation = incarnation_;
    if (said.text.size() > refusal_text_max) said.text.resize(refusal_text_max);
    transport_->answer(connection, encode(said));
  }
  transport_->drop(connection, reason.has_value());
}

}  // namespace hawser
