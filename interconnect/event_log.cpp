#include <hawser/interconnect/event_log.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

const Event& EventLog::add(Instant at, std::string_view kind, const NodeId& peer, std::string_view cause,
                           std::string text) {
  if (events_.size() == capacity_) events_.pop_front();
  events_.push_back(Event{++count_, at, kind, peer, cause, std::move(text)});
  return events_.back();
}

std::vector<Event> EventLog::last(std::size_t count, std::uint64_t after) const {
  const std::uint64_t fresh = count_ - std::min(after, count_);
  const std::size_t taken = std::min({count, events_.size(), static_cast<std::size_t>(fresh)});
  std::vector<Event> result;
  result.reserve(taken);
  for (std::size_t i = events_.size() - taken; i < events_.size(); ++i) result.push_back(events_[i]);
  return result;
}

}  // namespace hawser
