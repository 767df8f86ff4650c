// Where the answers of several nodes contradict each other: what a person at night most wants to see first.
//
// Pure: answers in, sentences out. A node that answers here is alive, whatever others say of it.
#pragma once

#include "inspect_ask.hpp"

#include <nlohmann/json_fwd.hpp>

#include <set>
#include <string>
#include <vector>

namespace hawser::tools {

// The row of a peer in an answer of /api/v1/peers; null when there is none.
const nlohmann::json& row_of(const nlohmann::json& said, const std::string& id);

// Of answers of /api/v1/peers: peers in different states for different nodes, and nodes that answer here while
// another one doubts them.
std::set<std::string> disputed_peers(const std::vector<Answer>& peers);
// The same as sentences, one per pair of words that cannot both be the whole truth.
std::vector<std::string> peer_disputes(const std::vector<Answer>& peers);
// Of answers of /api/v1/status: nodes that serve in different views, clusters that are not one.
std::vector<std::string> status_disputes(const std::vector<Answer>& status);

}  // namespace hawser::tools
