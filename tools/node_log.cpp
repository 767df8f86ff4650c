#include "node_log.hpp"

#include <hawser/inspect/json.hpp>
#include "text.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace hawser::tools {
namespace {

// Who is quiet leaves nothing out that would be said.
LogOptions options_of(const LogConfig& config, bool quiet) {
  return {config.level, quiet ? 0 : config.burst, config.window};
}

std::int64_t wall_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

// `   12.345 s  peer_state n2       n2 is unreachable`
std::string in_words(const LogLine& line) {
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%9.3f s  ", static_cast<double>(to_us(line.uptime)) / 1e6);
  std::string text = time.data() + pad(line.kind, 10) + " " + pad(line.peer, 8) + " " + printable(line.text);
  if (line.suppressed > 0) text += " (" + std::to_string(line.suppressed) + " lines like this were left out)";
  return text;
}

}  // namespace

NodeLog::NodeLog(Node& node, const LogConfig& config, bool quiet)
    : node_(node),
      config_(config),
      quiet_(quiet),
      out_(quiet ? STDERR_FILENO : STDOUT_FILENO),
      log_(node, options_of(config, quiet), [this](const LogLine& said) { line(said); }) {
  node_.on_event([this](const Event& event) { hear(event); });
  open_file();
  for (const Event& event : node_.snapshot().events) hear(event);
}

NodeLog::~NodeLog() {
  *here_ = false;
  log_.flush();
}

void NodeLog::set(const LogConfig& config) {
  const bool same_file = config.events_file == config_.events_file && config.events_bytes == config_.events_bytes &&
                         config.events_files == config_.events_files;
  config_ = config;
  log_.set(options_of(config, quiet_));
  if (!same_file) open_file();
}

void NodeLog::open_file() {
  // A disk that hangs must not hold up the loop: the old file ends in its own time.
  std::erase_if(ending_files_, [](const auto& file) { return file->finished(); });
  if (file_ != nullptr) {
    file_->finish();
    ending_files_.push_back(std::move(file_));
  }
  if (config_.events_file.empty()) return;
  file_ = std::make_unique<EventFile>(EventFileOptions{config_.events_file, config_.events_bytes, config_.events_files},
                                      [this, here = std::weak_ptr<bool>{here_}](const std::string& sentence) {
                                        // It is said on the file's thread, and the log belongs to the loop.
                                        node_.post([this, here, sentence] {
                                          if (const auto still = here.lock(); still != nullptr && *still)
                                            say(LogLevel::error, "event_file", sentence);
                                        });
                                      });
}

void NodeLog::hear(const Event& event) {
  if (event.number <= heard_) return;
  heard_ = event.number;
  if (events_.size() == events_kept) events_.pop_front();
  events_.push_back(event);
  if (file_ != nullptr) file_->write(to_event_line(event, node_.id(), node_.incarnation(), wall_us()), event.at);
}

void NodeLog::line(const LogLine& said) {
  if (quiet_ && said.kind != "log") return;
  switch (config_.format) {
    case LogFormat::words:
      out_.write(in_words(said));
      return;
    case LogFormat::key_values:
      out_.write(to_key_values(said, wall_us()));
      return;
    case LogFormat::json:
      out_.write(to_json_line(said, wall_us()));
      return;
  }
}

void NodeLog::words(const std::string& text) {
  if (!quiet_ && config_.format == LogFormat::words) out_.write(text);
}

void NodeLog::dump() {
  // One piece for the writer, so that it is dropped as a whole if at all.
  std::string text = status_json(node_.snapshot());
  for (const Event& event : events_) text += "\n" + to_json(event);
  if (!quiet_ && !errors_) errors_.emplace(STDERR_FILENO);
  (quiet_ ? out_ : *errors_).write(std::move(text));
}

}  // namespace hawser::tools
