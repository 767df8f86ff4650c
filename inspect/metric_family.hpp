// One metric as it is documented and written. Private to the metrics.
//
// A family's samples are written by one function, so that a name in the table cannot go without its values.
#pragma once

#include <hawser/inspect/metric_page.hpp>

#include <span>
#include <string_view>

namespace hawser {

struct MetricFamily {
  std::string_view name;
  std::string_view kind;    // counter, gauge, histogram
  std::string_view labels;  // for people, separated by blanks
  std::string_view help;    // one sentence, without backslashes and newlines
  void (*write)(MetricPage& page) = nullptr;
};

std::span<const MetricFamily> node_families();
std::span<const MetricFamily> ledger_families();
std::span<const MetricFamily> intake_families();
std::span<const MetricFamily> transport_families();
std::span<const MetricFamily> peer_families();
std::span<const MetricFamily> channel_families();
std::span<const MetricFamily> inbound_families();
std::span<const MetricFamily> time_families();
std::span<const MetricFamily> admin_families();  // only where MetricPage::admin() is there

}  // namespace hawser
