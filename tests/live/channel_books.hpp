// The books of one channel, out of the last snapshot that a process has printed.
#pragma once

#include "node_process.hpp"

#include <cstdint>
#include <string>

namespace hawser::live {

// Null when there is no such channel yet.
inline const Json& channel(const NodeProcess& process, const std::string& peer, const std::string& name) {
  static const Json none;
  if (process.peer(peer).is_null()) return none;
  for (const Json& each : process.peer(peer).at("channels")) {
    if (each.at("name") == name && !each.at("replies")) return each;
  }
  return none;
}

// `what`: submitted or held.
inline std::uint64_t count(const Json& channel, const char* what) {
  if (channel.is_null()) return 0;
  return channel.at("ledger").at(what).at("messages").get<std::uint64_t>();
}

inline std::uint64_t ended_as(const Json& channel, const char* outcome) {
  if (channel.is_null()) return 0;
  const Json& outcomes = channel.at("ledger").at("outcomes");
  return outcomes.contains(outcome) ? outcomes.at(outcome).at("messages").get<std::uint64_t>() : 0;
}

// Messages that ended otherwise than delivered.
inline std::uint64_t missing(const Json& channel) {
  return count(channel, "submitted") - ended_as(channel, "delivered") - count(channel, "held");
}

}  // namespace hawser::live
