// What a live stream says, as server-sent events: snapshots, transitions, the matrix when it changes.
//
// Built once per look at the node, however many read it, and shared. A reader owns nothing but its place, so one that
// falls behind skips snapshots and loses no transition that the event log still has. No sockets; docs/operations.md has
// the events. Not thread safe.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hawser {

// Channels in a snapshot of a stream, the worst first; the rest is counted.
inline constexpr std::size_t stream_channels_max = 100;

inline constexpr std::string_view stream_content_type = "text/event-stream; charset=utf-8";

// Where a reader stands. By default at the beginning: it gets every transition that the log has.
struct StreamPlace {
  std::uint64_t incarnation = 0;  // of the node whose events were read
  std::uint64_t event = 0;        // the last one
  std::uint64_t matrix = 0;       // the version last said
  std::uint64_t look = 0;

  // `incarnation-number`, as in the ids of transitions. Nothing where it is neither.
  static std::optional<StreamPlace> parse(std::string_view id);
};

class StreamFeed {
 public:
  // The node as it is now.
  void look(std::shared_ptr<const NodeSnapshot> node);
  // It did not answer for so long; readers are told instead.
  void silent(Duration waited);

  // How many looks and silences there were.
  std::uint64_t looks() const noexcept { return looks_; }
  // What a reader at that place has not heard: at most one snapshot, and what else is new. Moves the place on.
  std::string news(StreamPlace& place) const;

 private:
  void say_transitions(std::string& out, StreamPlace& place) const;

  std::shared_ptr<const NodeSnapshot> node_;
  std::string snapshot_;
  std::string matrix_;
  std::string matrix_seen_;  // without its times
  std::uint64_t matrix_version_ = 0;
  std::uint64_t looks_ = 0;
  std::optional<Duration> silence_;
};

}  // namespace hawser
