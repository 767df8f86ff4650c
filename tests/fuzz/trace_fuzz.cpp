// Any text is a trace for `hawser replay`, of calls and of heartbeats, or it is said in which line it is not.
#include "heartbeat_trace.hpp"
#include "replay_trace.hpp"

#include <cstdlib>
#include <sstream>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hawser;
  using namespace hawser::tools;
  const std::string text{reinterpret_cast<const char*>(data), size};
  std::string problem;
  std::istringstream calls{text};
  const std::vector<ReplayEvent> events = read_trace(calls, problem);
  demand(problem.empty() || problem.starts_with("line "));
  for (std::size_t i = 1; i < events.size(); ++i) demand(events[i - 1].time <= events[i].time);

  problem.clear();
  std::istringstream heartbeats{text};
  const HeartbeatTrace trace = read_heartbeats(heartbeats, problem);
  demand(problem.empty() || problem.starts_with("line "));
  if (!problem.empty()) return 0;
  const std::vector<Instant> arrivals = trace.arrivals(std::chrono::seconds{1});
  for (std::size_t i = 1; i < arrivals.size(); ++i) demand(arrivals[i - 1] <= arrivals[i]);
  return 0;
}
