// What clients do to the HTTP side of the node.
#include <hawser/inspect/metric_family.hpp>

#include <array>
#include <cstdint>

namespace hawser {
namespace {

template <std::uint64_t HttpServerStats::*Field>
void write(MetricPage& page) {
  page.sample({}, page.admin()->*Field);
}

using Stats = HttpServerStats;
constexpr std::array<MetricFamily, 11> of_admin{{
    {"hawser_admin_connections_open", "gauge", "", "Connections of clients of the HTTP side.", &write<&Stats::open>},
    {"hawser_admin_connections_accepted_total", "counter", "", "Connections taken there.", &write<&Stats::accepted>},
    {"hawser_admin_connections_refused_total", "counter", "", "Connections beyond admin.connections_max.",
     &write<&Stats::turned_away>},
    {"hawser_admin_answers_total", "counter", "", "Answers that were taken.", &write<&Stats::answers>},
    {"hawser_admin_timeouts_total", "counter", "",
     "Requests that did not come, and answers that were not taken, within admin.request_time.",
     &write<&Stats::timeouts>},
    {"hawser_admin_failures_total", "counter", "", "Exceptions there, each of which cost a connection.",
     &write<&Stats::failures>},
    {"hawser_admin_streams_open", "gauge", "", "Live streams, one per open page.", &write<&Stats::streams>},
    {"hawser_admin_streams_dropped_total", "counter", "", "Live streams that did not read.",
     &write<&Stats::streams_dropped>},
    {"hawser_admin_streams_refused_total", "counter", "", "Live streams beyond admin.streams_max.",
     &write<&Stats::streams_refused>},
    {"hawser_admin_actions_total", "counter", "", "Actions that were carried out.", &write<&Stats::actions>},
    {"hawser_admin_actions_refused_total", "counter", "",
     "Actions asked for without the token, from another origin, or where none are taken.",
     &write<&Stats::actions_refused>},
}};

}  // namespace

std::span<const MetricFamily> admin_families() { return of_admin; }

}  // namespace hawser
