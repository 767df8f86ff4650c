// What a node program writes: log lines in one of three forms, the event file, and the dump on request.
//
// It belongs to the loop. Lines go through a LineWriter, so that a reader who dawdles never holds up the node.
#pragma once

#include <hawser/inspect/event_file.hpp>
#include <hawser/inspect/log.hpp>
#include <hawser/interconnect/node.hpp>
#include "line_writer.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hawser::tools {

class NodeLog {
 public:
  static constexpr std::size_t events_kept = 512;

  // `quiet`: no events, and what else is to be said goes to the error stream; the event file is written all the same.
  // REQUIRES: the loop does not run yet.
  NodeLog(Node& node, const LogConfig& config, bool quiet);
  ~NodeLog();
  NodeLog(const NodeLog&) = delete;
  NodeLog& operator=(const NodeLog&) = delete;

  // What follows a new configuration.
  void set(const LogConfig& config);
  void say(LogLevel level, std::string cause, std::string text) { log_.say(level, std::move(cause), std::move(text)); }
  // Plain words of the program itself, only in the form for people.
  void words(const std::string& text);
  // The node and the last events as lines of JSON, to the error stream; whoever dawdles there holds up nothing either.
  void dump();
  // Tells what was left out, as often as it is called.
  void flush() { log_.flush(); }
  bool heard() const { return !out_.broken(); }

 private:
  void line(const LogLine& line);
  void hear(const Event& event);
  void open_file();

  Node& node_;
  LogConfig config_;
  const bool quiet_;
  LineWriter out_;
  std::optional<LineWriter> errors_;  // where `out_` is something else, from the first dump on
  Log log_;
  std::deque<Event> events_;
  std::uint64_t heard_ = 0;  // number of the last event
  // Outlives the threads of the files, which may want to say something while it ends.
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
  std::unique_ptr<EventFile> file_;
  std::vector<std::unique_ptr<EventFile>> ending_files_;
};

}  // namespace hawser::tools
