// Who hears whom, as one node knows it: its own judgement in its own row, and of every other node what that one said
// last of its peers.
//
// A node says that another is up only while heartbeats go both ways between them, so one cut direction shows on both
// ends; which direction it is, is known of this node's own links alone: `cuts`. A row grows stale when its node falls
// silent; it is kept, and says so.
#pragma once

#include <hawser/base/ids.hpp>
#include <hawser/base/time.hpp>
#include <hawser/detector/peer_state.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

struct MatrixRow {
  NodeId node;
  std::optional<Instant> said_at;  // when it last said anything; nothing: never
  bool fresh = false;              // it is up, so its word is as young as heartbeats are
  std::map<NodeId, PeerState> hears;
};

// What `from` sends does not reach `to`.
struct MatrixCut {
  NodeId from;
  NodeId to;
  std::string_view cause;  // cut_outbound: it goes unanswered; cut_inbound: others hear it
};

struct Matrix {
  std::vector<NodeId> nodes;    // by id: this one, its peers, and whom those speak of beside
  std::vector<MatrixRow> rows;  // by id: this one and its peers
  std::vector<MatrixCut> cuts;
};

Matrix matrix_of(const NodeSnapshot& node);
// What /api/v1/matrix says: docs/operations.md.
std::string matrix_json(const NodeSnapshot& node, const Matrix& matrix);

}  // namespace hawser
