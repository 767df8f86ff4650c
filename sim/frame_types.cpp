#include <hawser/sim/frame_types.hpp>

#include <hawser/interconnect/frame.hpp>

#include <algorithm>
#include <string>

namespace hawser::sim {

bool holds_type(std::span<const std::byte> frame, const std::vector<TypeId>& types) {
  std::string problem;
  const auto info = inspect_frame(frame, problem);
  BatchReader reader;
  if (!info || info->kind != FrameKind::batch || !reader.open(frame, problem)) return false;
  Record record;
  Ack ack;
  for (;;) {
    const BatchReader::Next next = reader.next(record, ack, problem);
    if (next == BatchReader::Next::ack) continue;
    if (next != BatchReader::Next::record) return false;
    const bool content =
        record.kind == RecordKind::message || record.kind == RecordKind::request || record.kind == RecordKind::reply;
    if (content && std::find(types.begin(), types.end(), record.type) != types.end()) return true;
  }
}

bool answers_heartbeat(std::span<const std::byte> frame) {
  std::string problem;
  const auto info = inspect_frame(frame, problem);
  BatchReader reader;
  if (!info || info->kind != FrameKind::batch || !reader.open(frame, problem)) return false;
  const auto& heartbeat = reader.header().heartbeat;
  return heartbeat && heartbeat->reply_to != 0;
}

}  // namespace hawser::sim
