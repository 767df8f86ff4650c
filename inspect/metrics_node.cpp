// The node itself, its books and its transport.
#include <hawser/inspect/metric_family.hpp>

#include <array>

namespace hawser {
namespace {

using Page = MetricPage;

bool has_strategy(const NodeSnapshot& node) { return !node.strategy.empty() && node.strategy != "none"; }

void write_info(Page& page) {
  const NodeSnapshot& node = page.node();
  page.sample(metric_label("cluster", node.cluster) + "," + metric_label("node", node.id.text()) + "," +
                  metric_label("version", node.version) + "," + metric_label("strategy", node.strategy),
              1);
}

void write_stance(Page& page) {
  for (const Stance stance : {Stance::joining, Stance::serving, Stance::isolated}) {
    page.sample({}, "stance", to_string(stance), page.node().stance == stance);
  }
}

void write_local_health(Page& page) {
  for (const std::string_view health : {"healthy", "late", "stalled", "peers_silent"}) {
    page.sample({}, "health", health, page.node().local_health.cause == health);
  }
}

constexpr std::array<MetricFamily, 18> of_node{{
    {"hawser_node_info", "gauge", "cluster node version strategy", "Always 1: who says all of this.", &write_info},
    {"hawser_node_uptime_seconds", "gauge", "", "How long the node has been running.",
     [](Page& page) { page.sample({}, page.node().taken_at - page.node().started_at); }},
    {"hawser_node_stance", "gauge", "stance", "1 for the stance of the node: joining, serving or isolated.",
     &write_stance},
    {"hawser_node_stance_age_seconds", "gauge", "", "For how long it has had that stance.",
     [](Page& page) { page.sample({}, page.node().taken_at - page.node().stance_reason.since); }},
    {"hawser_node_may_serve", "gauge", "", "1 while the node may act for the cluster.",
     [](Page& page) { page.sample({}, page.node().may_serve()); }},
    {"hawser_node_lease_remaining_seconds", "gauge", "",
     "For how long it may serve without another word of its quorum; only with a strategy.",
     [](Page& page) {
       const NodeSnapshot& node = page.node();
       if (has_strategy(node)) page.sample({}, node.lease_remaining());
     }},
    {"hawser_view_epoch", "gauge", "",
     "Number of the view it serves in, or served in last; 0 before the first. Only with a strategy.",
     [](Page& page) {
       if (has_strategy(page.node())) page.sample({}, page.node().epoch.counter);
     }},
    {"hawser_view_members", "gauge", "", "Members of that view. Only with a strategy.",
     [](Page& page) {
       if (has_strategy(page.node())) page.sample({}, page.node().view.size());
     }},
    {"hawser_view_settled", "gauge", "",
     "1 once every other member of the view has left all older ones. Only with a strategy.",
     [](Page& page) {
       if (has_strategy(page.node())) page.sample({}, page.node().view_settled);
     }},
    {"hawser_node_loop_lag_seconds", "gauge", "", "How late the loop's last timer ran.",
     [](Page& page) { page.sample({}, page.node().loop_lag); }},
    {"hawser_node_timer_lag_seconds", "histogram", "", "How late the loop ran each timer that was due.",
     [](Page& page) { page.histogram({}, page.node().loop_lags); }},
    {"hawser_node_local_health", "gauge", "health",
     "1 for how the node itself is: healthy, late, stalled, or in doubt of itself as many peers fell silent at once.",
     &write_local_health},
    {"hawser_node_stalls_total", "counter", "", "How often it noticed that it had stood still.",
     [](Page& page) { page.sample({}, page.node().stalls); }},
    {"hawser_node_events_total", "counter", "", "Entries that the event log has had.",
     [](Page& page) { page.sample({}, page.node().events.empty() ? 0 : page.node().events.back().number); }},
    {"hawser_node_held_bytes", "gauge", "", "Messages held for all peers.",
     [](Page& page) { page.sample({}, page.node().held_bytes); }},
    {"hawser_node_room_bytes", "gauge", "direction",
     "Taken of bounds.node_bytes: what is held, and what is kept for it.",
     [](Page& page) {
       page.sample({}, "direction", "outbound", page.node().outbound_room);
       page.sample({}, "direction", "inbound", page.node().inbound_room);
     }},
    {"hawser_node_sessions_refused_total", "counter", "", "Sessions that this node turned away.",
     [](Page& page) { page.sample({}, page.node().sessions_refused); }},
    {"hawser_metrics_rows_omitted", "gauge", "", "Channels left out of this page because there are too many.",
     [](Page& page) { page.sample({}, page.rows_omitted()); }},
}};

constexpr std::array<MetricFamily, 6> of_ledger{{
    {"hawser_node_messages_submitted_total", "counter", "", "Messages that programs submitted here.",
     [](Page& page) { page.sample({}, page.node().ledger.submitted.messages); }},
    {"hawser_node_submitted_bytes_total", "counter", "", "The same in bytes.",
     [](Page& page) { page.sample({}, page.node().ledger.submitted.bytes); }},
    {"hawser_node_messages_held", "gauge", "", "Messages that have not ended yet.",
     [](Page& page) { page.sample({}, page.node().ledger.held.messages); }},
    {"hawser_node_messages_ended_total", "counter", "outcome", "Messages that ended, by how.",
     [](Page& page) {
       for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
         page.sample({}, "outcome", to_string(static_cast<OutcomeKind>(kind)),
                     page.node().ledger.outcomes[kind].messages);
       }
     }},
    {"hawser_node_message_causes_total", "counter", "cause", "Messages that ended, by what was behind it.",
     [](Page& page) {
       for (std::size_t cause = 0; cause < cause_count; ++cause) {
         page.sample({}, "cause", to_string(static_cast<Cause>(cause)), page.node().ledger.causes[cause]);
       }
     }},
    {"hawser_node_ledger_imbalance_messages", "gauge", "",
     "Messages submitted and neither held nor ended: anything but 0 is a fault of the library.",
     [](Page& page) { page.sample({}, page.node().ledger.imbalance()); }},
}};

constexpr std::array<MetricFamily, 11> of_transport{{
    {"hawser_transport_dials_total", "counter", "", "Attempts to connect to a peer.",
     [](Page& page) { page.sample({}, page.node().transport.dials); }},
    {"hawser_transport_connections_open", "gauge", "", "Inbound connections that are open.",
     [](Page& page) { page.sample({}, page.node().transport.connections_open); }},
    {"hawser_transport_connections_accepted_total", "counter", "", "Inbound connections taken.",
     [](Page& page) { page.sample({}, page.node().transport.connections_accepted); }},
    {"hawser_transport_connections_refused_total", "counter", "", "Inbound connections beyond bounds.connections_max.",
     [](Page& page) { page.sample({}, page.node().transport.connections_refused); }},
    {"hawser_transport_handshakes_failed_total", "counter", "",
     "Inbound connections that ended before they spoke the transport: strangers, noise.",
     [](Page& page) { page.sample({}, page.node().transport.handshakes_failed); }},
    {"hawser_transport_frames_received_total", "counter", "", "Frames that came in.",
     [](Page& page) { page.sample({}, page.node().transport.frames_in); }},
    {"hawser_transport_frames_sent_total", "counter", "", "Frames that went out.",
     [](Page& page) { page.sample({}, page.node().transport.frames_out); }},
    {"hawser_transport_received_bytes_total", "counter", "", "Bytes of frames that came in.",
     [](Page& page) { page.sample({}, page.node().transport.bytes_in); }},
    {"hawser_transport_sent_bytes_total", "counter", "", "Bytes of frames that went out.",
     [](Page& page) { page.sample({}, page.node().transport.bytes_out); }},
    {"hawser_transport_frames_malformed_total", "counter", "",
     "Frames of several parts, empty or too large: their connection was dropped.",
     [](Page& page) { page.sample({}, page.node().transport.frames_malformed); }},
    {"hawser_transport_frames_rejected_total", "counter", "",
     "Frames that were well made and not taken: unreadable, stale, or not addressed to this node.",
     [](Page& page) { page.sample({}, page.node().frames_rejected); }},
}};

}  // namespace

std::span<const MetricFamily> node_families() { return of_node; }
std::span<const MetricFamily> ledger_families() { return of_ledger; }
std::span<const MetricFamily> transport_families() { return of_transport; }

}  // namespace hawser
