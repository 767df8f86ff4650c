// What is turned away at a node's door.
#include <hawser/inspect/metric_family.hpp>

#include <array>

namespace hawser {
namespace {

using Page = MetricPage;

void write_intake_level(Page& page) {
  if (!page.node().intake) return;
  for (const std::string_view level : {"normal", "throttle", "limit", "fail_fast"}) {
    page.sample({}, "level", level, page.node().intake->level == level);
  }
}

void write_intake_refused(Page& page) {
  if (!page.node().intake) return;
  const IntakeSnapshot& intake = *page.node().intake;
  page.sample({}, "reason", "guard", intake.turned_away);
  for (std::size_t reason = 0; reason < shed_reasons; ++reason) {
    page.sample({}, "reason", to_string(static_cast<ShedReason>(reason)), intake.rejected[reason]);
  }
}

void write_intake_requests(Page& page) {
  if (!page.node().intake || !page.node().intake->sheds) return;
  page.sample({}, "where", "places", page.node().intake->places);
  page.sample({}, "where", "taken", page.node().intake->taken);
  page.sample({}, "where", "waiting", page.node().intake->waiting);
}

constexpr std::array<MetricFamily, 5> of_intake{{
    {"hawser_intake_level", "gauge", "level",
     "1 for what the guard of the intake gives up: normal, throttle, limit or fail_fast. Only with [intake].",
     &write_intake_level},
    {"hawser_intake_pressure", "gauge", "", "How close this node is to falling, 0 to 1000. Only with [intake].",
     [](Page& page) {
       if (page.node().intake) page.sample({}, page.node().intake->pressure);
     }},
    {"hawser_intake_priority_min", "gauge", "", "The lowest priority that is let in now. Only with [intake].",
     [](Page& page) {
       if (page.node().intake) page.sample({}, page.node().intake->priority_min);
     }},
    {"hawser_intake_turned_away_total", "counter", "reason",
     "Messages refused at the door: by the guard, or from the line of requests. Only with [intake].",
     &write_intake_refused},
    {"hawser_intake_requests", "gauge", "where",
     "Places for requests that take their time: places there are, taken ones, requests waiting. Only with intake.shed.",
     &write_intake_requests},
}};

}  // namespace

std::span<const MetricFamily> intake_families() { return of_intake; }

}  // namespace hawser
