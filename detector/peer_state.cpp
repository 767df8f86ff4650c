#include <hawser/detector/peer_state.hpp>

#include <ostream>

namespace hawser {

std::string_view to_string(PeerState state) noexcept {
  switch (state) {
    case PeerState::connecting:
      return "connecting";
    case PeerState::up:
      return "up";
    case PeerState::suspect:
      return "suspect";
    case PeerState::unreachable:
      return "unreachable";
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, PeerState state) { return out << to_string(state); }

}  // namespace hawser
