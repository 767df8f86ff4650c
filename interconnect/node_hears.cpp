// Who hears whom: what this node says of all its peers with its heartbeats, and what others say of theirs.
#include <hawser/interconnect/node_core.hpp>

#include <algorithm>

namespace hawser {

// A walk over all peers for every heartbeat to every peer is what large clusters would spend their time on.
const std::vector<Hears>& NodeCore::hears() {
  bring_hears_up_to_date();
  return hears_;
}

std::uint64_t NodeCore::hears_version() {
  bring_hears_up_to_date();
  return hears_version_;
}

void NodeCore::bring_hears_up_to_date() {
  if (!hears_known_) list_hears();
  for (const std::uint32_t index : hears_doubted_) refresh_hears(index);
}

void NodeCore::list_hears() {
  hears_.clear();
  hears_place_.assign(by_index_.size(), hears_entries_max);
  for (const auto& [id, peer] : peers_) {
    if (id == config_.id) continue;
    hears_place_[peer->index()] = hears_.size();
    hears_.push_back(peer->hears());
    if (hears_.size() == hears_entries_max) break;
  }
  hears_known_ = true;
  ++hears_version_;
}

void NodeCore::refresh_hears(std::uint32_t index) {
  const PeerCore* peer = by_index_[index].get();
  if (!hears_known_ || peer == nullptr || hears_place_[index] >= hears_.size()) return;
  Hears& told = hears_[hears_place_[index]];
  const Incarnation incarnation = peer->incarnation();
  const PeerState state = peer->state();
  if (told.incarnation == incarnation && told.state == state) return;
  told.incarnation = incarnation;
  told.state = state;
  ++hears_version_;
}

// Looked at only while somebody is silent; lists are sorted by id, and what cannot be found is not said.
void NodeCore::vouch(const std::vector<Hears>& hears) {
  std::erase_if(doubted_, [this](std::uint32_t index) {
    const PeerCore* const peer = by_index_[index].get();
    return peer == nullptr || peer->state() == PeerState::up || peer->state() == PeerState::connecting;
  });
  for (std::size_t i = 0; i < doubted_.size(); ++i) {
    PeerCore& peer = *by_index_[doubted_[i]];
    if (!peer.silent_of_late(now_)) continue;
    const auto said = std::lower_bound(hears.begin(), hears.end(), peer.id(),
                                       [](const Hears& each, const NodeId& id) { return each.node < id; });
    if (said != hears.end() && said->node == peer.id() && said->state == PeerState::up) {
      peer.vouched(said->incarnation, now_);
    }
  }
}

}  // namespace hawser
