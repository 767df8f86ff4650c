#include <hawser/interconnect/snapshot.hpp>

#include <cstdio>
#include <ostream>

namespace hawser {

std::string_view to_string(LaneState state) noexcept {
  switch (state) {
    case LaneState::idle:
      return "idle";
    case LaneState::waiting:
      return "waiting";
    case LaneState::dialling:
      return "dialling";
    case LaneState::greeting:
      return "greeting";
    case LaneState::open:
      return "open";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& out, const PeerHealth& health) {
  out << to_string(health.state);
  if (health.degraded) out << ", degraded";
  if (health.state != PeerState::up || health.degraded) out << " (" << health.reason.cause << ')';
  return out;
}

}  // namespace hawser
