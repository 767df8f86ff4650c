#include <hawser/base/ids.hpp>

#include <hawser/base/assert.hpp>

#include <algorithm>
#include <ostream>

namespace hawser {

NodeId::NodeId(std::string_view text) : text_(text) {
  HAWSER_ASSERT(text.empty() || valid(text), "a node id is 1..64 of a-z 0-9 . _ -");
}

bool NodeId::valid(std::string_view text) noexcept {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= size_max && std::all_of(text.begin(), text.end(), allowed);
}

std::optional<NodeId> NodeId::parse(std::string_view text) {
  if (!valid(text)) return std::nullopt;
  return NodeId{text};
}

std::ostream& operator<<(std::ostream& out, const NodeId& id) { return out << id.text(); }

std::ostream& operator<<(std::ostream& out, const Epoch& epoch) {
  return out << epoch.counter << '.' << epoch.proposer << '.' << to_number(epoch.proposer_incarnation);
}

}  // namespace hawser
