// A NodeSnapshot as Prometheus text exposition (format 0.0.4): what /metrics serves.
//
// A pure function: the same snapshot gives the same bytes. Names follow Prometheus' conventions: base units, `_total`
// on counters alone. Cardinality is bounded: peers come from the configuration, types from the program, words from
// closed vocabularies, and beyond `metric_rows_max` channels the rest is left out and counted. Names from elsewhere are
// escaped, repaired where they are no UTF-8, and cut. docs/operations.md has the table, made from the one here.
#pragma once

#include <hawser/inspect/admin_stats.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace hawser {

// Channels that get rows of their own, and as many rows of what comes in: about ten series each.
inline constexpr std::size_t metric_rows_max = 10'000;
// Types that have histograms of their own; those of the others are left out.
inline constexpr std::size_t metric_types_max = 256;
inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

// `admin`: what the clients of the node's HTTP side did; null: they are not shown.
std::string to_metrics(const NodeSnapshot& snapshot, const HttpServerStats* admin = nullptr);

// The table of docs/operations.md.
std::string metrics_reference_markdown();

}  // namespace hawser
