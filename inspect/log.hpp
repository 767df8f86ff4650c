// A node's log: its events as lines, by level, at a bounded rate, handed to a callback that the embedding program
// gives.
//
//   hawser::Log log{node, {}, [](const hawser::LogLine& line) { my_logger(hawser::to_key_values(line, wall_us())); }};
//
// Lines of one kind, peer and cause beyond `burst` within `window` are left out and counted; the next one that is let
// through carries the count, and flush() tells what is left. Events themselves are never lost by this: the ring and the
// event file have them all. Not thread safe: it belongs to the loop, as does the callback.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/inspect/log_line.hpp>
#include <hawser/interconnect/node.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace hawser {

struct LogOptions {
  LogLevel level = LogLevel::info;  // lines below it are not made
  std::uint32_t burst = 10;         // of one kind, peer and cause per window; 0: no limit
  Duration window{10'000'000};
};

// The rate limit alone, without a node.
class LogLimit {
 public:
  static constexpr std::size_t keys_max = 1024;  // beyond it the oldest windows are forgotten

  explicit LogLimit(const LogOptions& options) : options_(options) {}
  void set(const LogOptions& options) { options_ = options; }

  // False: leave it out. `suppressed`: what was left out before and is not told yet.
  bool allows(const std::string& key, Instant now, std::uint64_t& suppressed);
  // All that was left out and not told yet, by key (`others`: of windows that are forgotten); told with this.
  std::map<std::string, std::uint64_t> take_untold();

 private:
  struct Window {
    Instant began{};
    std::uint32_t let_through = 0;
    std::uint64_t left_out = 0;
  };
  void make_place();

  LogOptions options_;
  std::map<std::string, Window> windows_;
  std::uint64_t forgotten_ = 0;  // left out, in windows that had to make place
};

class Log {
 public:
  using Sink = std::function<void(const LogLine&)>;

  // REQUIRES: the loop does not run yet, or this is the loop. Goes after the node has stopped, or before it is used.
  Log(Node& node, const LogOptions& options, Sink sink);
  // A line that is no event, from the program itself.
  void say(LogLevel level, std::string cause, std::string text);
  void set(const LogOptions& options);
  LogLevel level() const noexcept { return options_.level; }
  // Tells how many lines were left out and not spoken of yet.
  void flush();

 private:
  void hear(const Event& event);

  Node& node_;
  LogOptions options_;
  LogLimit limit_;
  Sink sink_;
  Instant began_;
  std::uint64_t heard_ = 0;  // number of the last event
};

}  // namespace hawser
