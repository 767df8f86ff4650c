// The rules of single frames: who is picked, and what becomes of it.
#include <hawser/sim/network.hpp>

#include <algorithm>
#include <utility>

namespace hawser::sim {

FrameRuleId Network::add(FrameRule rule) {
  const FrameRuleId id{++frame_rules_made_};
  frame_rules_.push_back({id, std::move(rule)});
  return id;
}

void Network::remove(FrameRuleId id) {
  std::erase_if(frame_rules_, [id](const Chosen& each) { return each.id == id; });
}

std::uint64_t Network::applied(FrameRuleId id) const noexcept {
  const auto found =
      std::find_if(frame_rules_.begin(), frame_rules_.end(), [id](const Chosen& each) { return each.id == id; });
  return found == frame_rules_.end() ? 0 : found->rule.applied();
}

Network::Picked Network::pick(const Connection& connection, Way way, BufferRef& frame) {
  Picked picked;
  const std::string& from = machines_[connection.sender(way)].name;
  const std::string& to = machines_[connection.receiver(way)].name;
  for (Chosen& each : frame_rules_) {
    FrameRule& rule = each.rule;
    if (frame.size() == 0 || !rule.meets({from, to, connection.lane, frame.bytes()})) continue;
    if (rule.chance() < always && !random_.chance(rule.chance())) continue;
    rule.apply();
    switch (rule.action()) {
      case FrameRule::Action::drop:
        picked.dropped = true;
        return picked;
      case FrameRule::Action::delay:
        picked.extra += rule.by();
        break;
      case FrameRule::Action::duplicate:
        ++picked.copies;
        break;
      case FrameRule::Action::corrupt:
        flip_a_bit(frame);
        break;
      case FrameRule::Action::truncate:
        cut_its_end(frame);
        break;
    }
  }
  return picked;
}

}  // namespace hawser::sim
