#include <hawser/inspect/metrics.hpp>

#include <hawser/inspect/metric_family.hpp>

#include <array>
#include <span>

namespace hawser {
namespace {

struct Group {
  std::string_view title;
  std::span<const MetricFamily> (*families)();
};

constexpr std::array<Group, 9> groups{{{"The node", &node_families},
                                       {"The books of the node", &ledger_families},
                                       {"Its intake", &intake_families},
                                       {"The transport", &transport_families},
                                       {"Peers", &peer_families},
                                       {"Channels: one message type to one peer", &channel_families},
                                       {"What comes in: one message type from one peer", &inbound_families},
                                       {"The HTTP side", &admin_families},
                                       {"Histograms of time: one message type with all peers", &time_families}}};

}  // namespace

std::string to_metrics(const NodeSnapshot& snapshot, const HttpServerStats* admin) {
  MetricPage page{snapshot, admin};
  for (const Group& group : groups) {
    if (group.families == &admin_families && admin == nullptr) continue;
    for (const MetricFamily& family : group.families()) {
      page.family(family.name, family.kind, family.help);
      family.write(page);
    }
  }
  return page.take();
}

std::string metrics_reference_markdown() {
  std::string text;
  for (const Group& group : groups) {
    text += "\n### " + std::string{group.title} + "\n\n| metric | kind | labels | what it is |\n|---|---|---|---|\n";
    for (const MetricFamily& family : group.families()) {
      text.append("| `").append(family.name).append("` | ").append(family.kind).append(" | ");
      text.append(family.labels).append(" | ").append(family.help).append(" |\n");
    }
  }
  return text + "\n";
}

}  // namespace hawser
