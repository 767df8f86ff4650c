#include <hawser/sim/scenario.hpp>

#include <algorithm>
#include <array>

namespace hawser::sim {
namespace {

bool meant(const Names& group, const std::string& name) {
  return group.empty() || std::find(group.begin(), group.end(), name) != group.end();
}

}  // namespace

std::string_view to_string(Arrival arrival) noexcept {
  static constexpr std::array<std::string_view, 3> words{"constant", "poisson", "burst"};
  return words[static_cast<std::size_t>(arrival)];
}

std::string_view to_string(Share share) noexcept {
  static constexpr std::array<std::string_view, 3> words{"each", "turn", "random"};
  return words[static_cast<std::size_t>(share)];
}

std::string_view to_string(ExpectKind kind) noexcept {
  static constexpr std::array<std::string_view, 8> words{"peer",  "stance",  "alive",    "outcome",
                                                         "event", "handled", "recovery", "rest"};
  return words[static_cast<std::size_t>(kind)];
}

std::string_view to_string(ExpectHow how) noexcept {
  static constexpr std::array<std::string_view, 3> words{"always", "eventually", "never"};
  return words[static_cast<std::size_t>(how)];
}

Config config_of(const Scenario& scenario, const std::string& node) {
  Config config;
  config.id = NodeId{node};
  apply_settings(scenario.config, config);
  const auto own = scenario.node.find(node);
  if (own != scenario.node.end()) apply_settings(own->second.config, config);
  return config;
}

Link link_of(const Scenario& scenario, const std::string& from, const std::string& to) {
  for (auto link = scenario.links.rbegin(); link != scenario.links.rend(); ++link) {
    if (meant(link->from, from) && meant(link->to, to)) return *link;
    if (link->both && meant(link->from, to) && meant(link->to, from)) return *link;
  }
  return {};
}

Rule rule_of(const Link& link) {
  Rule rule;
  rule.delay = link.delay.delay();
  rule.loss = link.loss;
  rule.bytes_per_second = link.rate;
  rule.buffer_bytes = link.buffer;
  return rule;
}

}  // namespace hawser::sim
