#include <hawser/inspect/matrix.hpp>

#include <hawser/detector/peer_judge.hpp>
#include <hawser/inspect/json.hpp>

#include <set>
#include <utility>

namespace hawser {
namespace {

MatrixRow own_row(const NodeSnapshot& node) {
  MatrixRow row{node.id, node.taken_at, true, {}};
  for (const PeerSnapshot& peer : node.peers) {
    if (peer.health.id != node.id) row.hears[peer.health.id] = peer.health.state;
  }
  return row;
}

MatrixRow row_of(const PeerSnapshot& peer) {
  MatrixRow row{peer.health.id, peer.heard_at, false, {}};
  // One that does not hear us stops speaking to us, too.
  row.fresh = peer.health.state == PeerState::up;
  if (peer.hears == nullptr) return row;
  for (const Hears& heard : *peer.hears) {
    if (heard.node != peer.health.id) row.hears[heard.node] = heard.state;
  }
  return row;
}

void add_cut(Matrix& matrix, const NodeId& self, const PeerHealth& peer) {
  if (peer.state != PeerState::suspect && peer.state != PeerState::unreachable) return;
  if (peer.reason.cause == peer_cause::cut_outbound) matrix.cuts.push_back({self, peer.id, peer.reason.cause});
  if (peer.reason.cause == peer_cause::cut_inbound) matrix.cuts.push_back({peer.id, self, peer.reason.cause});
}

// By hand: of two hundred nodes there are forty thousand cells. Ids and states are plain words.
void write(std::string& out, const MatrixRow& row, const NodeId& self) {
  out += "{\"node\":\"" + row.node.text() + "\",\"own\":" + (row.node == self ? "true" : "false");
  out += ",\"said_at_us\":" + (row.said_at ? std::to_string(to_us(*row.said_at)) : "null");
  out += std::string{",\"fresh\":"} + (row.fresh ? "true" : "false") + ",\"hears\":{";
  bool first = true;
  for (const auto& [node, state] : row.hears) {
    if (!std::exchange(first, false)) out += ',';
    out += '"';
    out += node.text();
    out += "\":\"";
    out += to_string(state);
    out += '"';
  }
  out += "}}";
}

}  // namespace

Matrix matrix_of(const NodeSnapshot& node) {
  Matrix matrix;
  std::map<NodeId, MatrixRow> rows;
  rows.emplace(node.id, own_row(node));
  for (const PeerSnapshot& peer : node.peers) {
    if (peer.health.id == node.id) continue;
    rows.emplace(peer.health.id, row_of(peer));
    add_cut(matrix, node.id, peer.health);
  }
  std::set<NodeId> nodes;
  for (auto& [id, row] : rows) {
    nodes.insert(id);
    for (const auto& [other, state] : row.hears) nodes.insert(other);
    matrix.rows.push_back(std::move(row));
  }
  matrix.nodes.assign(nodes.begin(), nodes.end());
  return matrix;
}

std::string matrix_json(const NodeSnapshot& node, const Matrix& matrix) {
  std::string out = json_head(node) + ",\"nodes\":[";
  for (const NodeId& id : matrix.nodes) {
    if (&id != &matrix.nodes.front()) out += ',';
    out += '"' + id.text() + '"';
  }
  out += "],\"rows\":[";
  for (const MatrixRow& row : matrix.rows) {
    if (&row != &matrix.rows.front()) out += ',';
    write(out, row, node.id);
  }
  out += "],\"cuts\":[";
  for (const MatrixCut& cut : matrix.cuts) {
    if (&cut != &matrix.cuts.front()) out += ',';
    out += R"({"from":")" + cut.from.text() + R"(","to":")" + cut.to.text() + R"(","cause":")";
    out += cut.cause;
    out += "\"}";
  }
  return out + "]}";
}

}  // namespace hawser
