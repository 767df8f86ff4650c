// What an operator may ask of a running node: to serve no more, and to forget what its breakers learned.
#include <hawser/interconnect/node_core.hpp>

#include <utility>

namespace hawser {

bool NodeCore::isolate() {
  const Turn turn{*this};
  if (isolation_ == nullptr || phase_ != Phase::running) return false;
  resign();
  return true;
}

std::optional<std::size_t> NodeCore::reset_breakers(const NodeId& id, const std::string& type) {
  const Turn turn{*this};
  const auto peer = find(id);
  if (peer == nullptr) return std::nullopt;
  const std::size_t closed = peer->reset_breakers(type, now_);
  mark_dirty(*peer);
  return closed;
}

void NodeCore::note(std::string_view cause, const NodeId& peer, std::string text) {
  const Turn turn{*this};
  event("admin", peer, cause, std::move(text));
}

std::size_t PeerCore::reset_breakers(const std::string& type, Instant now) {
  still_ = false;
  refresh_channels();
  std::size_t closed = 0;
  for (Channel* channel : known_channels_) {
    if (!type.empty() && channel->name() != type) continue;
    if (channel->guard().reset(now)) ++closed;
  }
  if (type.empty() && breaker_.reset(now)) ++closed;
  return closed;
}

}  // namespace hawser
