// What a node has to say to a log: an event with its weight, and how a line of it is written.
//
// Nothing is in it but ids, addresses, counts and our own sentences: no payloads, no keys of messages, no tokens.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/event_log.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace hawser {

// How much an event weighs. error: something must be mended. warn: something is not as it should be. info: what a
// person wants to read afterwards. debug: connections coming and going.
LogLevel level_of(const Event& event) noexcept;

struct LogLine {
  LogLevel level = LogLevel::info;
  std::string node;
  std::string kind;  // of the event; or: log
  std::string peer;  // empty: the node itself
  std::string cause;
  std::string text;
  std::uint64_t number = 0;      // of the event; 0: none
  Duration uptime{0};            // of the node, when it happened
  std::uint64_t suppressed = 0;  // lines of that kind, peer and cause that were left out before this one
};

// `time=2026-01-31T12:00:00.000Z level=warn node=n1 kind=peer_state peer=n2 cause=silent msg="n2 is unreachable"`.
// `wall_us`: microseconds since 1970, UTC; the caller's clock.
std::string to_key_values(const LogLine& line, std::int64_t wall_us);
// The same keys as one JSON object.
std::string to_json_line(const LogLine& line, std::int64_t wall_us);

// An event as a line of the event file: the API's fields of events, with `time`, `node` and `incarnation`.
std::string to_event_line(const Event& event, const NodeId& node, Incarnation incarnation, std::int64_t wall_us);

}  // namespace hawser
