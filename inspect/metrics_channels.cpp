// One message type to or from one peer: where most of the series are, so zeros of outcomes and causes are left out.
#include <hawser/inspect/metric_family.hpp>

#include <array>

namespace hawser {
namespace {

using Page = MetricPage;

void write_outcomes(Page& page) {
  for (const auto& [channel, labels] : page.channels()) {
    for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
      const std::uint64_t count = channel->ledger.outcomes[kind].messages;
      const auto outcome = static_cast<OutcomeKind>(kind);
      if (count > 0 || outcome == OutcomeKind::delivered) page.sample(labels, "outcome", to_string(outcome), count);
    }
  }
}

void write_causes(Page& page) {
  for (const auto& [channel, labels] : page.channels()) {
    for (std::size_t cause = 0; cause < cause_count; ++cause) {
      const std::uint64_t count = channel->ledger.causes[cause];
      if (count > 0) page.sample(labels, "cause", to_string(static_cast<Cause>(cause)), count);
    }
  }
}

void write_breakers(Page& page) {
  for (const auto& [channel, labels] : page.channels()) page.sample(labels, "state", channel->breaker.state, 1);
}

void write_verdicts(Page& page) {
  for (const auto& [inbound, labels] : page.inbound()) {
    for (std::size_t kind = 0; kind < outcome_kind_count; ++kind) {
      const auto verdict = static_cast<OutcomeKind>(kind);
      const std::uint64_t count = inbound->verdicts[kind];
      if (count > 0 || verdict == OutcomeKind::delivered) page.sample(labels, "verdict", to_string(verdict), count);
    }
  }
}

constexpr std::array<MetricFamily, 10> of_channels{{
    {"hawser_channel_messages_submitted_total", "counter", "peer type role", "Messages submitted; role: send or reply.",
     [](Page& page) {
       page.each(page.channels(), [](const ChannelSnapshot& row) { return row.ledger.submitted.messages; });
     }},
    {"hawser_channel_submitted_bytes_total", "counter", "peer type role", "The same in bytes.",
     [](Page& page) {
       page.each(page.channels(), [](const ChannelSnapshot& row) { return row.ledger.submitted.bytes; });
     }},
    {"hawser_channel_messages_ended_total", "counter", "peer type role outcome",
     "Messages that ended, by how; outcomes that never occurred are absent, but for delivered.", &write_outcomes},
    {"hawser_channel_message_causes_total", "counter", "peer type role cause",
     "Messages that ended, by what was behind it; causes that never occurred are absent.", &write_causes},
    {"hawser_channel_messages_queued", "gauge", "peer type role", "Messages that have not been sent yet.",
     [](Page& page) { page.each(page.channels(), [](const ChannelSnapshot& row) { return row.queued_messages; }); }},
    {"hawser_channel_messages_in_flight", "gauge", "peer type role", "Messages sent whose verdict is not known yet.",
     [](Page& page) { page.each(page.channels(), [](const ChannelSnapshot& row) { return row.sent_messages; }); }},
    {"hawser_channel_held_bytes", "gauge", "peer type role", "Both, in bytes.",
     [](Page& page) { page.each(page.channels(), [](const ChannelSnapshot& row) { return row.ledger.held.bytes; }); }},
    {"hawser_channel_oldest_age_seconds", "gauge", "peer type role", "Age of the oldest message held; 0 without one.",
     [](Page& page) { page.each(page.channels(), [](const ChannelSnapshot& row) { return row.oldest_age; }); }},
    {"hawser_channel_breaker_state", "gauge", "peer type role state",
     "1 for the state of its breaker; the other states are absent.", &write_breakers},
    {"hawser_channel_breaker_opened_total", "counter", "peer type role", "How often that breaker opened.",
     [](Page& page) { page.each(page.channels(), [](const ChannelSnapshot& row) { return row.breaker.opened; }); }},
}};

constexpr std::array<MetricFamily, 5> of_inbound{{
    {"hawser_inbound_verdicts_total", "counter", "peer type verdict",
     "Messages of the peer by the verdict given; verdicts that never occurred are absent, but for delivered.",
     &write_verdicts},
    {"hawser_inbound_duplicates_total", "counter", "peer type", "Messages dropped because they had been taken before.",
     [](Page& page) { page.each(page.inbound(), [](const InboundSnapshot& row) { return row.duplicates; }); }},
    {"hawser_inbound_messages_queued", "gauge", "peer type", "Messages that wait for their handler.",
     [](Page& page) { page.each(page.inbound(), [](const InboundSnapshot& row) { return row.queued_messages; }); }},
    {"hawser_inbound_held_bytes", "gauge", "peer type", "Messages that wait for their handler or are with it.",
     [](Page& page) { page.each(page.inbound(), [](const InboundSnapshot& row) { return row.held_bytes; }); }},
    {"hawser_inbound_promised_bytes", "gauge", "peer type", "Credit that the peer has and did not use yet.",
     [](Page& page) { page.each(page.inbound(), [](const InboundSnapshot& row) { return row.promised_bytes; }); }},
}};

constexpr std::array<MetricFamily, 2> of_types{{
    {"hawser_type_queue_wait_seconds", "histogram", "type",
     "From admission to the first transmission, of messages that this node sent.",
     [](Page& page) {
       for (const auto& [labels, times] : page.types()) page.histogram(labels, times.queue_waits);
     }},
    {"hawser_type_handler_seconds", "histogram", "type",
     "How long handlers take here. Of those that end before they return to the loop one in 16 is timed, of all others "
     "each.",
     [](Page& page) {
       for (const auto& [labels, times] : page.types()) page.histogram(labels, times.handler_times);
     }},
}};

}  // namespace

std::span<const MetricFamily> time_families() { return of_types; }
std::span<const MetricFamily> channel_families() { return of_channels; }
std::span<const MetricFamily> inbound_families() { return of_inbound; }

}  // namespace hawser
