#include <hawser/inspect/log.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

bool LogLimit::allows(const std::string& key, Instant now, std::uint64_t& suppressed) {
  suppressed = 0;
  if (options_.burst == 0) return true;
  const auto found = windows_.find(key);
  if (found == windows_.end() && windows_.size() >= keys_max) make_place();
  Window& window = found == windows_.end() ? windows_.emplace(key, Window{now, 0, 0}).first->second : found->second;
  if (now >= later(window.began, options_.window)) {
    window.began = now;
    window.let_through = 0;
  }
  if (window.let_through >= options_.burst) {
    ++window.left_out;
    return false;
  }
  ++window.let_through;
  suppressed = std::exchange(window.left_out, 0);
  return true;
}

void LogLimit::make_place() {
  const auto oldest = std::min_element(windows_.begin(), windows_.end(),
                                       [](const auto& a, const auto& b) { return a.second.began < b.second.began; });
  forgotten_ += oldest->second.left_out;
  windows_.erase(oldest);
}

std::map<std::string, std::uint64_t> LogLimit::take_untold() {
  std::map<std::string, std::uint64_t> untold;
  for (auto& [key, window] : windows_) {
    if (window.left_out > 0) untold[key] = std::exchange(window.left_out, 0);
  }
  if (forgotten_ > 0) untold["others"] = std::exchange(forgotten_, 0);
  return untold;
}

Log::Log(Node& node, const LogOptions& options, Sink sink)
    : node_(node), options_(options), limit_(options), sink_(std::move(sink)), began_(node.now()) {
  node_.on_event([this](const Event& event) { hear(event); });
  // What happened while the node was made, before anybody could listen.
  for (const Event& event : node_.snapshot().events) hear(event);
}

void Log::set(const LogOptions& options) {
  options_ = options;
  limit_.set(options);
}

void Log::hear(const Event& event) {
  if (event.number <= heard_) return;
  heard_ = event.number;
  const LogLevel level = level_of(event);
  if (level < options_.level) return;
  LogLine line{level,
               node_.id().text(),
               std::string{event.kind},
               event.peer.text(),
               std::string{event.cause},
               event.text,
               event.number,
               event.at - began_,
               0};
  if (limit_.allows(line.kind + " " + line.peer + " " + line.cause, event.at, line.suppressed)) sink_(line);
}

void Log::say(LogLevel level, std::string cause, std::string text) {
  if (level < options_.level) return;
  sink_({level, node_.id().text(), "log", {}, std::move(cause), std::move(text), 0, node_.now() - began_, 0});
}

void Log::flush() {
  for (const auto& [key, count] : limit_.take_untold()) {
    say(LogLevel::warn, "suppressed", std::to_string(count) + " lines were left out: " + key);
  }
}

}  // namespace hawser
